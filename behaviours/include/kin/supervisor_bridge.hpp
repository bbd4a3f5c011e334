// SPDX-License-Identifier: Apache-2.0
// A part of a program that was not written as a tree, under a supervisor all the same: a process that
// starts it, watches it, and ends it as a supervisor would be ended.
//
//   class old_database {                         any class; all of it runs in the bridge's process
//    public:
//     explicit old_database(std::string path);
//     kin::result<kin::pid> start();             the process to watch, or why there is none
//     void terminate(const kin::exit_reason&);   ends it
//   };
//   kin::supervisor{{}, kin::bridge<old_database>("data.db"), kin::child<...>()}
//
// When that process ends, so does the bridge, with its reason, and `terminate` is not called. When
// the bridge is to end, `terminate` is.
#pragma once

#include <kin/export.hpp>
#include <kin/supervisor.hpp>

#include <concepts>
#include <memory>
#include <optional>
#include <tuple>
#include <type_traits>
#include <typeinfo>
#include <utility>

namespace KIN_PUBLIC kin {
namespace detail {

/// What is behind a bridge.
class bridged {
 public:
  bridged() = default;
  bridged(const bridged&) = delete;
  bridged& operator=(const bridged&) = delete;
  virtual ~bridged() = default;
  virtual result<pid> start() = 0;
  virtual void terminate(const exit_reason& why) = 0;
};
template <class B>
class bridged_by final : public bridged {
 public:
  template <class... A>
  explicit bridged_by(std::tuple<A...> arguments)
      : inner_(std::make_from_tuple<B>(std::move(arguments))) {}
  result<pid> start() override { return inner_.start(); }
  void terminate(const exit_reason& why) override { inner_.terminate(why); }

 private:
  B inner_;
};

/// Makes the supervision of a bridge, in its process.
class bridge_kind : public supervision_kind {
 public:
  [[nodiscard]] std::unique_ptr<supervision> make(const supervisor& tree,
                                                  bool is_root) const override;
  [[nodiscard]] std::optional<exit_reason> fault(const supervisor& tree) const override;
  [[nodiscard]] virtual std::unique_ptr<bridged> make_inner() const = 0;
  [[nodiscard]] virtual const std::type_info& type() const = 0;
};
template <class B, class... A>
class bridge_of final : public bridge_kind {
 public:
  explicit bridge_of(A... arguments) : arguments_(std::move(arguments)...) {}
  [[nodiscard]] std::unique_ptr<bridged> make_inner() const override {
    return std::make_unique<bridged_by<B>>(arguments_);
  }
  [[nodiscard]] const std::type_info& type() const override { return typeid(B); }

 private:
  std::tuple<A...> arguments_;
};

template <class B>
concept starts_something = requires(B& b) {
  { b.start() } -> std::convertible_to<result<pid>>;
};
template <class B>
concept ends_something = requires(B& b, const exit_reason& why) {
  b.terminate(why);
};

}  // namespace detail

/// What can be said of a bridge.
struct bridge_options {
  supervisor_name name = {};  ///< registered before what is behind it is made
};

/// A bridge as a value: it can stand wherever a supervisor can. To a running one, which_children
/// says none, and all that starts or ends children says badcall.
class supervisor_bridge : public supervisor {
 public:
  /// Programs write kin::bridge.
  supervisor_bridge(bridge_options options, std::shared_ptr<const detail::bridge_kind> kind)
      : supervisor(supervisor_options{.name = std::move(options.name)}) {
    detail::supervision_kind::put(*this, std::move(kind));
  }
};

/// A bridge to a B that is made of these arguments, in the bridge's process, at each of its starts.
/// The start fails with what its constructor throws, or with what its `start` gives; with `ignored`
/// there is nothing to watch, and the bridge ends normally.
///
/// See  supervisor_bridge:start_link/2,3.
template <class B, class... A>
[[nodiscard]] supervisor_bridge bridge(bridge_options options, A... arguments) {
  constexpr bool copyable = (std::copy_constructible<A> && ...);
  constexpr bool possible = std::constructible_from<B, A...>;
  static_assert(copyable,
                "kin: a bridge's arguments are used again at each start, so they must be copyable");
  static_assert(possible,
                "kin: what is behind the bridge has no constructor that takes these "
                "arguments");
  static_assert(detail::starts_something<B>,
                "kin: what is behind a bridge has a start() that returns a kin::pid, or a "
                "kin::result of one");
  static_assert(detail::ends_something<B>,
                "kin: what is behind a bridge has a terminate(const kin::exit_reason&)");
  if constexpr (copyable && possible && detail::starts_something<B> && detail::ends_something<B>) {
    return {std::move(options),
            std::make_shared<const detail::bridge_of<B, A...>>(std::move(arguments)...)};
  } else {
    return {std::move(options), nullptr};
  }
}
/// The same where nothing needs to be said.
template <class B, class... A>
requires(!(sizeof...(A) > 0 && (std::is_same_v<A, bridge_options> || ...)))  //
    [[nodiscard]] supervisor_bridge bridge(A... arguments) {
  return bridge<B>(bridge_options{}, std::move(arguments)...);
}

}  // namespace kin
