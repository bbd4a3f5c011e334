// SPDX-License-Identifier: Apache-2.0
// Why a process ended: a value, immutable and shared.
#pragma once

#include <kin/export.hpp>
#include <kin/message.hpp>
#include <kin/pid.hpp>
#include <kin/print.hpp>

#include <atomic>
#include <cstdint>
#include <exception>
#include <iosfwd>
#include <string>
#include <type_traits>
#include <typeinfo>
#include <utility>

namespace KIN_PUBLIC kin {

class exit_reason;

namespace detail {

/// What an exit_reason points to. Atoms are static and immortal, all others are counted.
class reason_rep {
 public:
  enum class kind : std::uint8_t { atom, value, shutdown_with, error, failed_call };

  constexpr reason_rep(kind k, bool immortal) : kind_(k), immortal_(immortal) {}
  reason_rep(const reason_rep&) = delete;
  reason_rep& operator=(const reason_rep&) = delete;

  [[nodiscard]] kind what() const { return kind_; }
  virtual bool equals(const reason_rep& other) const = 0;  // other has the same kind
  virtual void print(std::ostream& out) const = 0;
  /// The value of that type inside, or null.
  virtual const void* find(const std::type_info& type) const = 0;
  virtual const std::exception_ptr* thrown() const { return nullptr; }

  void retain(std::uint32_t count = 1) const {
    if (!immortal_)
      uses_.fetch_add(count, std::memory_order_relaxed);  // whoever copies holds one already
  }
  void release() const {
    // acq_rel: the last one must see all that the others did with it before it destroys.
    if (!immortal_ && uses_.fetch_sub(1, std::memory_order_acq_rel) == 1) destroy();
  }

 protected:
  ~reason_rep() = default;
  virtual void destroy() const = 0;

 private:
  mutable std::atomic<std::uint32_t> uses_{1};
  kind kind_;
  bool immortal_;
};

class atom_rep final : public reason_rep {
 public:
  constexpr explicit atom_rep(const char* text) : reason_rep(kind::atom, true), text_(text) {}
  bool equals(const reason_rep& other) const override { return this == &other; }
  void print(std::ostream& out) const override;
  const void* find(const std::type_info& /*type*/) const override { return nullptr; }

 private:
  void destroy() const override {}
  const char* text_;
};
extern const atom_rep normal_rep;
extern const atom_rep shutdown_rep;
extern const atom_rep kill_rep;
extern const atom_rep killed_rep;
extern const atom_rep noproc_rep;
extern const atom_rep noconnection_rep;
extern const atom_rep timed_out_rep;
extern const atom_rep calling_self_rep;
extern const atom_rep ignored_rep;
extern const atom_rep dropped_rep;
extern const atom_rep badarg_rep;
extern const atom_rep badopt_rep;
extern const atom_rep system_limit_rep;
extern const atom_rep mailbox_full_rep;
extern const atom_rep timeout_value_rep;
extern const atom_rep no_request_rep;
extern const atom_rep no_reply_rep;

template <class T>
bool same_value(const T& a, const T& b);
template <class T>
class value_rep;
class reason_access;
}  // namespace detail

/// A word of the language of exit reasons. kin's own are below; a program's own reasons are values
/// of its own types.
class atom {
 public:
  constexpr explicit atom(const detail::atom_rep& rep) : rep_(&rep) {}
  friend constexpr bool operator==(atom a, atom b) { return a.rep_ == b.rep_; }
  friend std::ostream& operator<<(std::ostream& out, atom a) {
    a.rep_->print(out);
    return out;
  }

 private:
  friend class exit_reason;
  const detail::atom_rep* rep_;
};

inline constexpr atom normal{detail::normal_rep};              ///< it came to its end
inline constexpr atom kill{detail::kill_rep};                  ///< as a signal: cannot be trapped
inline constexpr atom killed{detail::killed_rep};              ///< what links hear of a kill
inline constexpr atom noproc{detail::noproc_rep};              ///< there was no such process
inline constexpr atom noconnection{detail::noconnection_rep};  ///< its node is out of reach
inline constexpr atom timed_out{detail::timed_out_rep};        ///< prints `timeout`
inline constexpr atom calling_self{detail::calling_self_rep};  ///< a process called itself
inline constexpr atom ignored{detail::ignored_rep};  ///< init returned ignore(); prints `ignore`
inline constexpr atom dropped{detail::dropped_rep};  ///< a request was thrown away unanswered
inline constexpr atom badarg{detail::badarg_rep};    ///< an argument that cannot be
inline constexpr atom badopt{detail::badopt_rep};    ///< an option that cannot be
inline constexpr atom timeout_value{detail::timeout_value_rep};  ///< a time that cannot be waited
inline constexpr atom no_request{detail::no_request_rep};        ///< none is open to wait for
inline constexpr atom no_reply{detail::no_reply_rep};            ///< a response to something else
inline constexpr atom mailbox_full{detail::mailbox_full_rep};    ///< of a bounded mailbox
inline constexpr atom system_limit{detail::system_limit_rep};    ///< no more of them can be had

/// `shutdown` is the reason; `shutdown(why)` is OTP's {shutdown, Why}.
struct shutdown_t {
  /// The reason `shutdown` alone.
  constexpr operator atom() const {
    return atom{detail::shutdown_rep};
  }  // NOLINT(google-explicit-constructor)
  /// `shutdown(why)`: an end in order that says more.
  template <class Why>
  exit_reason operator()(Why why) const;
};
/// Asked to end; an end in order.
inline constexpr shutdown_t shutdown{};

/// Why a process ended: an atom, {shutdown, value}, a value of any comparable type, a C++ exception
/// with its type and text, or a failed call with the reason and where it called. Copying is cheap;
/// equality is exact, as in OTP: values by their == (aggregates without one field by field),
/// exceptions by type and text.
///
/// Thread  any; immutable.
class exit_reason {
 public:
  /// `normal`.
  constexpr exit_reason() noexcept : exit_reason(normal) {}
  /// A word.
  constexpr exit_reason(atom a) noexcept : rep_(a.rep_) {}  // NOLINT(google-explicit-constructor)
  /// `shutdown`.
  exit_reason(shutdown_t s) noexcept
      : exit_reason(static_cast<atom>(s)) {}  // NOLINT(google-explicit-constructor)
  /// Text: as a value of type std::string.
  exit_reason(std::string text);  // NOLINT(google-explicit-constructor)
  /// Text.
  exit_reason(const char* text)
      : exit_reason(std::string(text)) {}  // NOLINT(google-explicit-constructor)
  /// Any other value. Explicit on purpose: an implicit one would take part in every comparison in
  /// reach.
  template <class T>
  requires(!std::is_same_v<T, exit_reason> && !std::is_convertible_v<T, atom> &&
           !std::is_convertible_v<T, std::string>) explicit exit_reason(T value);

  exit_reason(const exit_reason& other) noexcept : rep_(other.rep_) { rep_->retain(); }
  exit_reason(exit_reason&& other) noexcept;
  exit_reason& operator=(exit_reason other) noexcept {
    std::swap(rep_, other.rep_);
    return *this;
  }
  ~exit_reason() { rep_->release(); }

  /// The reason of a process that let `thrown` escape.
  [[nodiscard]] static exit_reason error(std::exception_ptr thrown);

  /// normal, shutdown or {shutdown, _}: what is not reported, and what a transient child is not
  /// restarted for.
  [[nodiscard]] bool is_orderly() const;
  /// A C++ exception that escaped.
  [[nodiscard]] bool is_error() const { return rep_->what() == detail::reason_rep::kind::error; }

  /// The value inside if it is of type T, also the one in {shutdown, value}; for exceptions any
  /// base class will do. Null if there is none. Lives as long as this reason.
  template <class T>
  [[nodiscard]] const T* get_if() const;
  /// The value inside is a T and equal to `value`.
  template <class T>
  [[nodiscard]] bool is(const T& value) const {
    const T* mine = get_if<T>();
    return mine != nullptr && detail::same_value(*mine, value);
  }

  friend bool operator==(const exit_reason& a, const exit_reason& b) {
    return a.rep_ == b.rep_ || (a.rep_->what() == b.rep_->what() && a.rep_->equals(*b.rep_));
  }
  friend std::ostream& operator<<(std::ostream& out, const exit_reason& reason) {
    reason.rep_->print(out);
    return out;
  }

 private:
  friend class detail::reason_access;
  friend struct shutdown_t;
  explicit exit_reason(const detail::reason_rep* adopted) noexcept : rep_(adopted) {}
  static exit_reason shutdown_with(const exit_reason& why);

  const detail::reason_rep* rep_;  // never null
};

/// An error of a kin call that is not a call to a server: registering a name that is taken, linking
/// to the dead. Uncaught, the exception itself becomes the exit reason, as in OTP an error does.
class error : public std::exception {
 public:
  /// `text` is what people read, in what().
  error(exit_reason why, const std::string& text);
  /// What went wrong where, in words.
  [[nodiscard]] const char* what() const noexcept override { return what_.c_str(); }
  /// What an Erlang program would have got.
  [[nodiscard]] const exit_reason& reason() const noexcept { return reason_; }

 private:
  exit_reason reason_;
  std::string what_;
};

/// A call that got no answer. `reason()` is noproc, timed_out, calling_self, dropped, or what the
/// server died of. Uncaught, the exit reason of the caller is this failure with its place, and is
/// equal to `reason()` in no other way.
class call_failed : public std::exception {
 public:
  /// `where` says whom was called with what.
  explicit call_failed(exit_reason why, std::string where = {});
  /// Reason and place, in words.
  [[nodiscard]] const char* what() const noexcept override { return what_.c_str(); }
  /// Why there is no answer.
  [[nodiscard]] const exit_reason& reason() const noexcept { return reason_; }
  /// Whom it called and with what, as far as that is known.
  [[nodiscard]] const std::string& where() const noexcept { return where_; }

 private:
  exit_reason reason_;
  std::string where_;
  std::string what_;
};

/// Why something did not start: its name is held by `pid`.
struct already_started {
  kin::pid pid = {};  ///< who has the name
  friend bool operator==(const already_started&, const already_started&) = default;
};
std::ostream& operator<<(std::ostream& out, const already_started& s);

// ---------------------------------------------------------------------------------------------------------------------

namespace detail {

template <class T>
bool same_value(const T& a, const T& b) {
  if constexpr (requires { static_cast<bool>(a == b); }) {
    return a == b;
  } else if constexpr (std::is_empty_v<T>) {
    return true;
  } else if constexpr (has_plain_fields<T>()) {
    bool same = true;
    boost::pfr::for_each_field(a, [&](const auto& field, auto index) {
      same = same && same_value(field, boost::pfr::get<index.value>(b));
    });
    return same;
  } else {
    return &a == &b;
  }
}

template <class T>
class value_rep final : public reason_rep {
  static_assert(sendable<T>,
                "kin: this type cannot be a reason: it is a pointer, a view or cannot be moved");

 public:
  explicit value_rep(T value) : reason_rep(kind::value, false), value_(std::move(value)) {}
  bool equals(const reason_rep& other) const override {
    const void* theirs = other.find(typeid(T));
    return theirs != nullptr && same_value(value_, *static_cast<const T*>(theirs));
  }
  void print(std::ostream& out) const override { kin::print(out, value_); }
  const void* find(const std::type_info& type) const override {
    return type == typeid(T) ? &value_ : nullptr;
  }

 private:
  void destroy() const override { delete this; }
  T value_;
};

class reason_access {
 public:
  static const reason_rep* rep(const exit_reason& reason) { return reason.rep_; }
  /// Gives the caller's count away, and takes it back.
  static const reason_rep* give(exit_reason&& reason) {
    return std::exchange(reason.rep_, rep(exit_reason(normal)));
  }
  static exit_reason adopt(const reason_rep* rep) { return exit_reason(rep); }
  static exit_reason failed_call(const exit_reason& why, std::string text);
};

}  // namespace detail

template <class T>
requires(!std::is_same_v<T, exit_reason> && !std::is_convertible_v<T, atom> &&
         !std::is_convertible_v<T, std::string>) exit_reason::exit_reason(T value)
    : rep_(new detail::value_rep<T>(std::move(value))) {}

inline exit_reason::exit_reason(exit_reason&& other) noexcept
    : rep_(detail::reason_access::give(std::move(other))) {}

template <class Why>
exit_reason shutdown_t::operator()(Why why) const {
  if constexpr (std::is_same_v<Why, exit_reason>) {
    return exit_reason::shutdown_with(why);
  } else {
    return exit_reason::shutdown_with(exit_reason(std::move(why)));
  }
}

template <class T>
const T* exit_reason::get_if() const {
  if constexpr (std::is_base_of_v<std::exception, T>) {
    const std::exception_ptr* thrown = rep_->thrown();
    if (thrown == nullptr) return static_cast<const T*>(rep_->find(typeid(T)));
    try {
      std::rethrow_exception(*thrown);
    } catch (const T& same) {
      return &same;  // the exception object itself, kept alive by *thrown
    } catch (...) {
      return nullptr;
    }
  } else {
    return static_cast<const T*>(rep_->find(typeid(T)));
  }
}

}  // namespace kin
