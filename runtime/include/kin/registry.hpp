// SPDX-License-Identifier: Apache-2.0
// Registered names: text that stands for one process of a machine.
#pragma once

#include <kin/exit_reason.hpp>
#include <kin/export.hpp>
#include <kin/pid.hpp>

#include <cstdint>
#include <iosfwd>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace KIN_PUBLIC kin {

namespace detail {
constexpr std::uint64_t hash_text(std::string_view text) {  // FNV-1a
  std::uint64_t hash = 14695981039346656037U;
  for (char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211U;
  return hash;
}

/// A name without its type.
struct name_text {
  std::string_view text;
  std::uint64_t hash = 0;
};
std::optional<pid> find_name(const name_text& name);
/// Gives who holds it, if it is taken.
[[nodiscard]] std::optional<pid> enter_name(const name_text& name, pid p);
void register_text(const name_text& name, pid p);
}  // namespace detail

/// A registered name that knows what server stands behind it, so that `call(visits, increment{1})`
/// knows its answer. A view: its text is a literal, or `kin::intern`ed. One look-up costs one hash
/// probe, no lock.
template <class Server = void>
class name {
 public:
  /// void: nothing is known of who has the name.
  using server_type = Server;
  /// From a literal, at compile time or not.
  constexpr explicit name(std::string_view text) : name_{text, detail::hash_text(text)} {}
  /// The same.
  constexpr explicit name(const char* text) : name(std::string_view(text)) {}
  explicit name(std::string text) = delete;  // would dangle: kin::intern it

  /// What is registered; two names are equal when their texts are.
  [[nodiscard]] constexpr std::string_view text() const { return name_.text; }
  [[nodiscard]] constexpr const detail::name_text& untyped() const { return name_; }
  friend constexpr bool operator==(const name& a, const name& b) { return a.text() == b.text(); }
  friend std::ostream& operator<<(std::ostream& out, const name& n) { return out << n.text(); }

 private:
  detail::name_text name_;
};
name(const char*)->name<void>;
name(std::string_view)->name<void>;

template <class Registry>
class via;  // a key of a registry, as an address: keyed_registry.hpp

/// A pid that knows what server stands behind it.
template <class Server>
struct server {
  /// The class of the server.
  using server_type = Server;
  kin::pid pid = {};  ///< the process
  /// A typed handle can be used wherever a pid can.
  operator kin::pid() const { return pid; }  // NOLINT(google-explicit-constructor): it is one
  friend bool operator==(const server&, const server&) = default;
  friend std::ostream& operator<<(std::ostream& out, const server& s) { return out << s.pid; }
};

/// A copy of `text` that lives as long as the OS process, the same for equal texts: for names made
/// at run time. As with Erlang's atoms, there is no way back: do not intern what strangers send.
///
/// Thread  any.
[[nodiscard]] std::string_view intern(const std::string& text);

/// Who holds the name; nobody once its process has begun to end.
///
/// Context  a process, or a thread inside machine::enter.
template <class Server>
[[nodiscard]] std::optional<pid> whereis(const name<Server>& n) {
  return detail::find_name(n.untyped());
}
/// The pid itself, alive or not, so that all that takes an address takes a pid.
[[nodiscard]] inline std::optional<pid> whereis(pid p) { return p; }
/// The pid behind the handle, alive or not.
template <class Server>
[[nodiscard]] std::optional<pid> whereis(const server<Server>& s) {
  return s.pid;
}

/// Where a message can go: a pid, a typed handle, a name.
template <class To>
concept address = requires(const To& to) {
  { whereis(to) } -> std::same_as<std::optional<pid>>;
};

namespace detail {
/// For all that sends: what it is given is an address.
template <class To>
constexpr bool check_address() {
  static_assert(address<To>,
                "kin: this leads to no process: send to a pid, a handle of a server, a name, a key "
                "of a registry, or an alias");
  return address<To>;
}
}  // namespace detail

/// Gives the name to `p`.
///
/// Throws   kin::error with badarg if it is taken, or if `p` is dead, of another machine, or has a
///          name already.
/// Context  a process, or a thread inside machine::enter.   See  erlang:register/2.
template <class Server>
void register_name(const name<Server>& n, pid p) {
  detail::register_text(n.untyped(), p);
}
/// Takes the name from whoever holds it.
///
/// Throws   kin::error with badarg if nobody holds it.
/// Context  a process, or a thread inside machine::enter.   See  erlang:unregister/1.
void unregister_name(const name<void>& n);
/// The same, for a name with a type.
template <class Server>
void unregister_name(const name<Server>& n) {
  unregister_name(name<void>(n.text()));
}
/// All names that are held now, in no order.
[[nodiscard]] std::vector<std::string> registered();

}  // namespace kin
