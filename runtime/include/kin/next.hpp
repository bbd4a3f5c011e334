// SPDX-License-Identifier: Apache-2.0
// What a process that holds no stack does after a callback: OTP's words, as values to return.
#pragma once

#include <kin/exit_reason.hpp>
#include <kin/export.hpp>
#include <kin/time.hpp>

#include <concepts>
#include <memory>
#include <type_traits>
#include <utility>

namespace KIN_PUBLIC kin {

class hibernation;

/// The type of kin::hibernate.
struct hibernate_t {
  /// `return kin::hibernate(next)`, from a process body: see kin::hibernation.
  template <class F>
  [[nodiscard]] hibernation operator()(F next) const;  // process.hpp
};
/// Returned by a callback: wait for the next message, and give back what is kept for a process that
/// is busy. It holds no stack while it waits in any case; beside that goes what the process once
/// needed and does not use now (monitors, links by the dozen, timers, children), half a KiB or more.
/// The state is the server's own: it shrinks what it likes before it returns this.
///
/// kin::info shows such a process as waiting, in kin::hibernate.
/// Cost  the memory is allocated anew when it is needed: for those that are idle for seconds.
/// See   gen_server, {noreply, State, hibernate}.
inline constexpr hibernate_t hibernate{};

/// The type of kin::noreply.
struct noreply_t {};
/// Returned: wait for the next message.
inline constexpr noreply_t noreply{};

/// Returned: if nothing at all arrives within `after`, call me with this. As a message: nothing
/// did. Any message, of any kind, cancels it; ask again in that callback's return if it should go
/// on.
struct timeout {
  duration after = {};  ///< zero: as soon as the mailbox is empty
};

/// The type of kin::as_before.
struct as_before_t {};
/// Returned: what the last callback asked for holds on. Its timeout begins anew, its hibernation
/// goes on. For what a behaviour answers on its server's behalf, as OTP's system messages.
inline constexpr as_before_t as_before{};

class next;

namespace detail {
class continuation {
 public:
  continuation() = default;
  continuation(const continuation&) = delete;
  continuation& operator=(const continuation&) = delete;
  virtual ~continuation() = default;
  virtual next run() = 0;
};
/// What a `next` says when it says more than "wait".
struct wish;
}  // namespace detail

/// What comes next. Default: wait for the next message. One pointer, null by default: the usual
/// answer costs nothing.
class next {
 public:
  next() = default;
  /// Wait for the next message.
  next(noreply_t /*word*/) {}  // NOLINT(google-explicit-constructor)
  /// Wait for the next message.
  next(hibernate_t /*word*/);  // NOLINT(google-explicit-constructor)
  /// Wait for the next message, but not longer than that.
  next(timeout t);  // NOLINT(google-explicit-constructor)
  /// What was asked for last.
  next(as_before_t /*word*/);  // NOLINT(google-explicit-constructor)
  next(next&& other) noexcept : wish_(std::exchange(other.wish_, nullptr)) {}
  next& operator=(next&& other) noexcept {
    std::swap(wish_, other.wish_);
    return *this;
  }
  next(const next&) = delete;
  next& operator=(const next&) = delete;
  ~next() {
    if (wish_ != nullptr) [[unlikely]]
      discard();
  }

  /// False: just wait.
  [[nodiscard]] bool wishes() const { return wish_ != nullptr; }
  /// Of a timeout; else infinity.
  [[nodiscard]] duration idle_limit() const;
  /// It is kin::hibernate.
  [[nodiscard]] bool hibernates() const;
  /// It is kin::as_before.
  [[nodiscard]] bool is_as_before() const;
  /// It is a stop, see reason().
  [[nodiscard]] bool stops() const;
  /// Of a stop.
  [[nodiscard]] const exit_reason& reason() const;
  /// The continuation to run before any message, if there is one; taken out.
  [[nodiscard]] std::unique_ptr<detail::continuation> take_continuation();
  /// There is a continuation, see take_continuation().
  [[nodiscard]] bool continues() const;

  /// End with this reason. Programs write kin::stop(why).
  static next stop(exit_reason why);
  static next continue_with(std::unique_ptr<detail::continuation> c);

 private:
  void discard() noexcept;
  detail::wish* wish_ = nullptr;
};

namespace detail {
/// What a callback may return that has no value to give.
template <class R>
concept says_what_is_next = std::is_void_v<R> || std::is_convertible_v<R, next>;

/// A process, or what names one: `stop(server)` ends it, see gen_server.hpp.
template <class T>
concept names_process = std::is_same_v<T, pid> || requires {
  typename T::server_type;
};
}  // namespace detail

/// Returned: end with this reason. `terminate` runs first.
template <class Why>
requires(!detail::names_process<Why>) [[nodiscard]] next stop(Why why) {
  if constexpr (std::is_same_v<Why, exit_reason>) {
    return next::stop(std::move(why));
  } else {
    return next::stop(exit_reason(std::move(why)));
  }
}

/// Returned: run `f` at once, before any message, even one that was there first. OTP's {continue,
/// _}. `f` may return what comes next, or nothing.   See  gen_server:handle_continue/2.
template <std::invocable F>
[[nodiscard]] next continue_with(F f) {
  struct held final : detail::continuation {
    explicit held(F f) : function(std::move(f)) {}
    next run() override {
      if constexpr (std::is_void_v<std::invoke_result_t<F&>>) {
        function();
        return {};
      } else {
        return next(function());
      }
    }
    F function;
  };
  return next::continue_with(std::make_unique<held>(std::move(f)));
}

/// Returned by `init`: nothing to do after all. The start gives `ignored`, no error; the process
/// ends `normal`.
[[nodiscard]] inline next ignore() { return next::stop(ignored); }

}  // namespace kin
