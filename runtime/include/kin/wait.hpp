// SPDX-License-Identifier: Apache-2.0
// What a process waits for in the middle of a function. Lives on its stack; the worker reads it
// when something came.
#pragma once

#include <kin/export.hpp>
#include <kin/message.hpp>
#include <kin/pid.hpp>
#include <kin/time.hpp>

#include <cstdint>
#include <typeinfo>

namespace KIN_PUBLIC kin {
namespace detail {

struct control_block;

enum class wait_kind : std::uint8_t { message, reply, time, blocking, turn };

// At most 80 bytes: each wait clears one, and what is larger is cleared in a loop.
struct wait {
  wait_kind kind = wait_kind::message;
  bool any_type = false;    // a catch-all clause
  bool late = false;        // the deadline has passed
  bool serves : 1 = false;  // of a call: somebody may wait for who calls
  bool seeks : 1 = false;   // of a call: it is to be asked whether it is part of a circle
  std::uint32_t type_count = 0;
  const std::type_info* const* types = nullptr;  // a message of another type cannot end the wait
  std::int64_t deadline = INT64_MAX;             // monotonic, ns
  std::uint64_t reply_number = 0;                // of the call that waits, 0 for none
  signal* answer = nullptr;                      // its reply
  signal* seen = nullptr;  // last message looked at; null: none yet. Of a call: the last before it
  pid callee = {};         // of a call: who is to answer; see process/probe.hpp
  std::int64_t until = 0;  // of a call: its deadline, which it has told already
  std::int64_t since = 0;  // where time is simulated

  /// Whether a message of that type is worth entering the stack for. Guards are the stack's
  /// business.
  [[nodiscard]] bool may_take(const std::type_info& type) const {
    if (kind != wait_kind::message) return false;
    if (any_type) return true;
    for (std::uint32_t i = 0; i < type_count; ++i) {
      if (same_type(*types[i], type)) return true;
    }
    return false;
  }
};

static_assert(sizeof(wait) <= 80);

/// The compiled half of one receive: it hands out candidates, oldest first, and waits when there
/// are none.
class receiver {
 public:
  /// `pinned`: every clause wants this reference; what came before it was made is not looked at.
  receiver(const std::type_info* const* types, std::uint32_t type_count, bool any_type,
           duration limit, ref pinned);
  receiver(const receiver&) = delete;
  receiver& operator=(const receiver&) = delete;
  ~receiver() = default;
  /// The next message of a wanted type; null when the time is up.
  signal* next();
  /// Takes what `next` gave last out of the mailbox.
  message take();

 private:
  /// False: this process ends, the wait fails at once.
  bool wait_for_more(control_block& p);
  signal* give_up();

  wait wait_;
  duration limit_;
  signal* candidate_ = nullptr;
  signal* before_ = nullptr;
};

}  // namespace detail
}  // namespace kin
