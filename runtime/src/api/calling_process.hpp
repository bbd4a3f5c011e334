// SPDX-License-Identifier: Apache-2.0
// Who calls: the process that runs this, a thread in its place, or an error in the user's words.
// And what every wait has in common.
#pragma once

#include <kin/exit_reason.hpp>
#include <kin/request.hpp>
#include <kin/time.hpp>
#include <kin/wait.hpp>

#include "process/control_block.hpp"
#include "process/mailbox.hpp"
#include "process/scheduling.hpp"
#include "process/signal.hpp"
#include "scheduler/calling_thread.hpp"
#include "scheduler/machine_core.hpp"
#include "scheduler/worker.hpp"

#include <cstdint>
#include <optional>
#include <utility>

namespace kin::detail {

/// Throws kin::error "`what` was called outside a process" if so.
control_block& calling_process(const char* what);

/// The process that runs this, or the thread that does: whoever is to be answered. Lives from before
/// the question is sent until the answer is taken.
class caller {
 public:
  /// Throws kin::error on a worker's thread outside a process, which must not block.
  explicit caller(const char* what);
  [[nodiscard]] control_block& block() const {
    return process_ == nullptr ? thread_->block() : *process_;
  }
  [[nodiscard]] bool is_thread() const { return process_ == nullptr; }

 private:
  control_block* process_;
  std::optional<attention> thread_;
};

/// Of what was not posted to `p`: throws kin::error if it is a process of a simulation that runs on
/// another thread, where it has no order among what happens.
void expect_in_reach(pid p);

/// Its machine, or the one that this thread has entered; else kin::error.
machine_core& ambient_machine(const char* what);
/// The same; null where that would throw.
machine_core* machine_here() noexcept;
/// From now on that one, on a thread that is no worker's; gives the one before.
machine_core* enter_machine(machine_core* machine) noexcept;

/// Where flag_draining or flag_no_wait is set: waits fail at once (false), or throw.
bool refuse_wait(control_block& p);
/// For what must not leave traces if it cannot wait then: throws within a kin::no_wait.
inline void expect_to_wait(control_block& p) {
  if (p.is(flag_no_wait)) [[unlikely]]
    static_cast<void>(refuse_wait(p));
}

/// Before a wait. True: go on. False: this process ends and is unwinding already, so the wait fails
/// at once. Throws the unwinding if the process has to end and does not unwind yet, or again if
/// that was swallowed.
bool may_wait(control_block& p);

/// While it lives, the process waits for `w`.
class waiting_for {
 public:
  waiting_for(control_block& process, wait& w) : process_(process) { process_.waiting = &w; }
  waiting_for(const waiting_for&) = delete;
  waiting_for& operator=(const waiting_for&) = delete;
  ~waiting_for() { process_.waiting = nullptr; }

 private:
  control_block& process_;
};

enum class wait_state : std::uint8_t { over, process_ends, goes_on };

/// The parts of wait_for: a look at what has come, and the limit; waits that are refused, and those
/// of threads.
wait_state look_for_end(control_block& p, wait& w, duration limit);
bool wait_otherwise(control_block& p, wait& w, duration limit);

inline constexpr std::uint32_t no_waits_now = flag_draining | flag_no_wait;

/// Waits until `w` is answered or late, or the limit has passed. As may_wait, at the start and
/// whenever it wakes. A thread's block blocks the thread. In line, see worker::wait_here.
[[gnu::always_inline]] inline bool wait_for(control_block& p, wait& w, duration limit) {
  if ((p.flags & (no_waits_now | flag_thread)) != 0) [[unlikely]]
    return wait_otherwise(p, w, limit);
  const waiting_for scope(p, w);
  for (;;) {
    const wait_state state = look_for_end(p, w, limit);
    if (state == wait_state::over) return true;
    if (state == wait_state::process_ends) return may_wait(p);
    this_worker().wait_here(p, landing_action::go_idle);
  }
}

/// Asks another process something that it answers when it serves its signals. Nothing if it is
/// dead, the time is up, or this process ends. Waits; on a thread, inside a `caller`.
template <class R>
std::optional<R> ask(control_block& p, pid other, question_signal& question, duration limit) {
  if (p.is(flag_no_wait)) [[unlikely]] {
    free_signal(&question);
    static_cast<void>(refuse_wait(p));
    return std::nullopt;
  }
  question.caller = p.name();
  question.number = p.fresh_call();
  wait w;
  w.kind = wait_kind::reply;
  w.reply_number = question.number;
  if (!post(other, &question)) {
    free_signal(&question);
    expect_in_reach(other);
    return std::nullopt;
  }
  if (!wait_for(p, w, limit) || w.answer == nullptr) return std::nullopt;
  R answer = std::move(static_cast<reply_value<R>*>(value_of(*w.answer))->value);
  destroy_signal(w.answer);
  return answer;
}

}  // namespace kin::detail
