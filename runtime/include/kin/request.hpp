// SPDX-License-Identifier: Apache-2.0
// The door for those who write behaviours that answer calls: a request, the duty to answer it, and
// the wait for the answer. Programs use call, cast and from<R> (gen_server.hpp).
//
// A call is two messages. The request is its own monitor: whatever dies with it, in its mailbox, in
// its hands or put aside for later, answers it with its exit reason. The caller alone decides which
// answer counts, the first one with the number it waits for; others vanish and never reach a
// mailbox.
#pragma once

#include <kin/behaviour.hpp>
#include <kin/export.hpp>
#include <kin/process.hpp>
#include <kin/result.hpp>
#include <kin/time.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <optional>
#include <type_traits>
#include <typeinfo>
#include <utility>

namespace KIN_PUBLIC kin {
namespace detail {

class promise_record;
class server_host;  // the behaviour that a request is applied to; each behaviour of the gen family
                    // has one

/// Behind the header of a request's signal, before its value.
struct request_head {
  pid caller;
  std::uint64_t number = 0;           // 0: a cast, or answered already
  std::int64_t deadline = INT64_MAX;  // monotonic, ns: when the caller gives up; the last: never
};
/// Whether the caller has given up by now.   Context  a process.
[[nodiscard]] bool has_given_up(const request_head& head) noexcept;
/// When the caller gives up; nothing: never.
[[nodiscard]] std::optional<clock::time_point> deadline_of(const request_head& head);

/// A request knows the function that applies it; its type says for what class of server it was
/// made.
struct request_type : message_type {
  const std::type_info* server;
  next (*apply)(server_host& host, signal& request);
  bool is_system = false;  // none of the server's own business, and served while it is suspended
};

inline request_head& head_of(signal& request) {
  return *reinterpret_cast<request_head*>(reinterpret_cast<std::byte*>(&request) + signal_bytes);
}
template <class Q>
inline constexpr std::size_t request_offset = aligned(signal_bytes + sizeof(request_head),
                                                      alignof(Q));

signal* new_request(std::size_t bytes, std::size_t alignment, const request_type* type);

template <class Q>
signal* box_request(Q&& value, const request_type* type) {
  signal* s = new_request(request_offset<Q> + sizeof(Q), alignof(Q), type);
  if constexpr (std::is_nothrow_move_constructible_v<Q>) {
    new (value_of(*s)) Q(std::forward<Q>(value));
  } else {
    try {
      new (value_of(*s)) Q(std::forward<Q>(value));
    } catch (...) {
      free_signal(s);
      throw;
    }
  }
  return s;
}
/// Null if the message is no request or cast.
const request_type* as_request(const signal& message);
inline const request_type* as_request(const incoming& in) { return as_request(in.node()); }

/// What the reply to a call with no value holds.
struct nothing {};

template <class R>
struct reply_value {
  std::uint64_t number;
  R value;
};
template <class R>
void print_reply(std::ostream& out, const void* value) {
  kin::print(out, static_cast<const reply_value<R>*>(value)->value);
}
template <class R>
inline constexpr message_type reply_type{
    &typeid(R), &destroy_value<reply_value<R>>, &print_reply<R>,
    static_cast<std::uint32_t>(aligned(signal_bytes, alignof(reply_value<R>)))};

/// Sends a reply signal that was made by `answer`; destroys it if the caller has gone. Throws
/// kin::error if the caller is simulated, and this is another thread.
void post_reply(pid caller, signal* reply);
/// Answers with a reason instead of a value.
void answer_failure(const request_head& head, const exit_reason& why) noexcept;

template <class R>
signal* make_reply(const request_head& head, R value) {
  constexpr const message_type& type = reply_type<R>;
  signal* s = new_signal(type.offset + sizeof(reply_value<R>), alignof(reply_value<R>), &type);
  new (value_of(*s)) reply_value<R>{head.number, std::move(value)};
  return s;
}
template <class R>
void answer(const request_head& head, R value) {
  post_reply(head.caller, make_reply(head, std::move(value)));
}

/// The duty to answer one request later, perhaps elsewhere. Owned by one; lost, it answers
/// `dropped`. The process that made it answers with its exit reason when it dies, wherever the
/// promise is then.
class promise {
 public:
  promise() = default;
  /// In the process that got the request, whose head it points to until it is moved: what stays
  /// where it was made leaves the request as it is, to be answered by what the handler returns.
  explicit promise(request_head& head) : in_hand_(&head) {}
  promise(promise&& other) noexcept : record_(other.take_away()) {}
  promise& operator=(promise&& other) noexcept {
    if (this != &other) {
      promise_record* record = other.take_away();
      fail(dropped);
      record_ = record;
    }
    return *this;
  }
  promise(const promise&) = delete;
  promise& operator=(const promise&) = delete;
  ~promise() {
    if (record_ != nullptr) fail(dropped);
  }

  [[nodiscard]] bool owed() const {
    return record_ != nullptr || (in_hand_ != nullptr && in_hand_->number != 0);
  }
  [[nodiscard]] pid caller() const;
  [[nodiscard]] std::optional<clock::time_point> deadline() const;
  /// Thread  any.
  template <class R>
  void answer(R value) {
    if (in_hand_ != nullptr) {
      if (in_hand_->number != 0)
        detail::answer(std::exchange(*in_hand_, {in_hand_->caller, 0}), std::move(value));
    } else if (record_ != nullptr) {
      detail::answer(head(), std::move(value));
      settle();
    }
  }
  void fail(const exit_reason& why) noexcept;

 private:
  friend class start_access;
  [[nodiscard]] const request_head& head() const;
  /// A record of its own, which the process owes an answer for: null if there is nothing to answer.
  promise_record* take_away() noexcept;
  void settle() noexcept;
  request_head* in_hand_ = nullptr;
  promise_record* record_ = nullptr;
};

/// What came back: the reply's signal, or why there is none.
class reply {
 public:
  explicit reply(signal* s) : signal_(s) {}
  explicit reply(exit_reason why) : why_(std::move(why)) {}
  reply(reply&& other) noexcept
      : signal_(std::exchange(other.signal_, nullptr)), why_(std::move(other.why_)) {}
  reply& operator=(reply&&) = delete;
  reply(const reply&) = delete;
  reply& operator=(const reply&) = delete;
  ~reply() {
    if (signal_ != nullptr) destroy_signal(signal_);
  }
  explicit operator bool() const { return signal_ != nullptr; }
  [[nodiscard]] const exit_reason& error() const { return why_; }
  template <class R>
  R& value() {
    return static_cast<reply_value<R>*>(value_of(*signal_))->value;
  }
  void print(std::ostream& out) const;

 private:
  signal* signal_ = nullptr;
  exit_reason why_;
};

/// Sends `request` and waits for the answer, for `limit`. Waits; a thread that runs no process
/// blocks.
reply exchange(pid to, signal* request, duration limit);
/// Sends a request that asks for no answer.
void post_cast(pid to, signal* request);

/// Sends what a bounded mailbox takes in all the same, as it does a timer's message.
void post_past_bound(pid to, signal* mail) noexcept;

/// For a thread that runs no process, which has no mailbox for a kin::down: posts `first` to `p`,
/// blocks until that has ended, and gives its reason; nothing if it has not within `limit`.
std::optional<exit_reason> end_of(pid p, signal* first, duration limit);

/// Starts a process and waits until it has said that it is ready. Waits; a thread that runs no
/// process blocks, and starts it on the machine it has entered.
struct start_request {
  std::unique_ptr<behaviour> body;
  start_with with;
  promise* ready = nullptr;  // where the new process finds its duty to answer; lives in the body
  bool may_move = false;     // that duty, to another process
  duration limit = infinity;
};
result<pid> start_process(start_request request);

}  // namespace detail
}  // namespace kin
