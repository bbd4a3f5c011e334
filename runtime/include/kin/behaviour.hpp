// SPDX-License-Identifier: Apache-2.0
// The door for those who write behaviours: what a process is made of. Programs use spawn,
// gen_server and the like.
//
// A behaviour runs as a plain call on the stack its worker stands on. While it waits for its next
// message it holds no stack; when a callback waits in the middle (receive, call, sleep), that stack
// stays with it until it comes back.
#pragma once

#include <kin/export.hpp>
#include <kin/message.hpp>
#include <kin/next.hpp>

#include <cstddef>
#include <iosfwd>
#include <memory>
#include <optional>
#include <typeinfo>
#include <utility>

namespace KIN_PUBLIC kin {

struct crash_report;

/// The message a behaviour is handed. It stays the mailbox's until taken; what is neither taken nor
/// left is destroyed when the callback returns.
class incoming {
 public:
  explicit incoming(detail::signal& s) : signal_(&s) {}
  incoming(const incoming&) = delete;
  incoming& operator=(const incoming&) = delete;
  ~incoming() = default;

  [[nodiscard]] const detail::message_type& type() const { return *signal_->type; }
  /// The value if it is a T: move it out, or look at it.
  template <class T>
  [[nodiscard]] T* get_if() const {
    if (!detail::same_type(*signal_->type->info, typeid(T))) return nullptr;
    return static_cast<T*>(detail::value_of(*signal_));
  }
  /// Owns it from now on.
  [[nodiscard]] message take();
  /// Not wanted now: stays in the mailbox, in its place, and is offered again after the next
  /// message was handled.
  void leave() { left_ = true; }

  [[nodiscard]] detail::signal& node() const { return *signal_; }
  /// Whether `leave` was called.
  [[nodiscard]] bool was_left() const { return left_; }
  /// Whether `take` was called.
  [[nodiscard]] bool was_taken() const { return taken_; }

 private:
  detail::signal* signal_;
  bool left_ = false;
  bool taken_ = false;
};

/// What a process does. All calls are made in the process itself; an exception that escapes ends
/// it.
class behaviour {
 public:
  behaviour() = default;
  behaviour(const behaviour&) = delete;
  behaviour& operator=(const behaviour&) = delete;
  /// In the process, before its name is free and its links hear of its end. May send; cannot wait.
  virtual ~behaviour() = default;

  /// Once, first. May wait anywhere.
  virtual next start() = 0;
  /// For each message, oldest first.
  virtual next handle(incoming& in);
  /// When what `next` asked for as idle_limit has passed without a message.
  virtual next timed_out();
  /// What the process is, in reports: the server's class, the function.
  [[nodiscard]] virtual const std::type_info& subject() const = 0;
  /// The state, in reports.
  virtual void print_state(std::ostream& out) const;
  /// What the report of a crash shows, to be changed.
  virtual void format(crash_report& shown) const;

  /// From the pools that messages come from.
  // NOLINTNEXTLINE(misc-new-delete-overloads): its match is the sized one
  static void* operator new(std::size_t bytes);
  /// Back to them.
  static void operator delete(void* memory, std::size_t bytes) noexcept;
};

/// In a catch (...) of a behaviour: the reason that this process would end with, and the end is
/// called off, so that the behaviour can clean up and then return kin::stop(reason). Nothing if an
/// exit signal ends it: then it must rethrow.
[[nodiscard]] std::optional<exit_reason> caught_exit();

namespace detail {
/// To be called last in `start`: when it returns, `then` takes the place of the behaviour that
/// runs, and starts: at once, or if kin::hibernate is returned when there is a message.
void become(std::unique_ptr<behaviour> then);
}  // namespace detail

}  // namespace kin
