// SPDX-License-Identifier: Apache-2.0
#include "scheduler/worker.hpp"

#include "base/assert.hpp"
#include "process/mailbox.hpp"
#include "scheduler/calling_thread.hpp"
#include "scheduler/machine_core.hpp"
#include "scheduler/overflow.hpp"

#include <algorithm>
#include <chrono>
#include <cxxabi.h>
#include <new>
#include <pthread.h>
#include <string>
#include <sys/prctl.h>
#include <utility>

namespace kin::detail {
namespace {

constexpr std::uint64_t numbers_at_once = 1024;
constexpr std::uint64_t ids_at_once = 64;
constexpr std::uint64_t fair_every = 64;  // turns
constexpr nanotime look_interval = 20'000;
constexpr nanotime long_turn = 50'000;
constexpr nanotime long_time_min = 1'000'000;
constexpr std::uint32_t most_turns_unseen = 64;

// __cxa_get_globals is declared const: a compiler may call it once and use the old thread's after a
// switch.
KIN_NOIPA exception_state* exceptions_of_this_thread() noexcept {
  asm volatile("" ::: "memory");
  return reinterpret_cast<exception_state*>(abi::__cxa_get_globals());
}

}  // namespace

worker* here() noexcept { return static_cast<worker*>(thread_pool()); }

worker::worker(machine_core& m, unsigned i)
    : machine(m), index(i), stacks(m.stacks, &enter_loop), blocks(m.blocks), wheel_(time()) {}

worker::~worker() {
  end_timers();
  settle_origins();
}

void worker::start() {
  if (first_ == nullptr) first_ = &stacks.take();  // here it can fail
  thread_ = std::thread([this] { thread_main(); });
}
void worker::join() {
  if (thread_.joinable()) thread_.join();
}

void worker::thread_main() {
  pthread_setname_np(pthread_self(), ("kin/" + std::to_string(index)).c_str());
  prctl(PR_SET_TIMERSLACK, 1UL);
  work();
}

void worker::work() {
  const overflow_guard guard;  // an alternate stack for the report of an overflow
  set_thread_pool(this);
  exceptions = exceptions_of_this_thread();
  adopt_thread_stack(thread_stack_);
  stack& first = first_ == nullptr ? stacks.take() : *std::exchange(first_, nullptr);
  on = &first;
  landing = landing_action::keep_loop;
  leaving = nullptr;
  stack& last = switch_stack(thread_stack_, first);
  stacks.give(last);
  set_thread_pool(nullptr);
}

nanotime worker::time() const {
  return machine.driven_by == nullptr ? system_now() : machine.driven_by->now();
}

control_block* worker::next_process() {
  current = nullptr;
  running.store(nullptr, std::memory_order_relaxed);
  if (machine.driven_by != nullptr) [[unlikely]]
    return next_driven();
  if (handed_over_ != nullptr) return std::exchange(handed_over_, nullptr);
  control_block* p = next_at_hand();
  if (p == nullptr && !machine.stopping.load(std::memory_order_relaxed)) {
    settle_origins();
    p = machine.idle.find_work(*this);
  }
  return p;
}

control_block* worker::next_driven() {
  driver& driven_by = *machine.driven_by;
  do {
    if (machine.stopping.load(std::memory_order_relaxed)) return nullptr;
    if (handed_over_ != nullptr) return std::exchange(handed_over_, nullptr);
    const nanotime time = driven_by.now();
    if (time >= timers_due.load(std::memory_order_relaxed)) fire_due(time, false);
    if (control_block* p = driven_by.next()) return p;
  } while (driven_by.wait(timers_due.load(std::memory_order_relaxed)));
  return nullptr;
}

// One that is about to leave its stack, of which a report may be made.
void worker::note_since() {
  if (current != nullptr && current->stopped_on == nullptr && current->waiting != nullptr)
    current->waiting->since = time();
}

control_block* worker::next_at_hand() {
  if (machine.driven_by != nullptr) [[unlikely]] {
    note_since();
    return machine.driven_by->next();
  }
  const std::uint64_t turn = turns.load(std::memory_order_relaxed) + 1;
  turns.store(turn, std::memory_order_relaxed);
  if (--turns_to_look_ == 0) [[unlikely]]
    look_at_clock();
  if (machine.stopping.load(std::memory_order_relaxed)) [[unlikely]]
    return nullptr;
  machine.idle.offer(*this);
  const bool fair = turn % fair_every == 0;
  if (fair || machine.injected.urgent() || queue.mixed()) [[unlikely]]
    return next_in_order(fair);
  control_block* p = queue.pop_normal();
  return p == nullptr ? machine.injected.pop() : p;
}

// Where not all is normal, or in a fair turn.
control_block* worker::next_in_order(bool fair) {
  if (control_block* p = fair ? machine.injected.pop() : machine.injected.pop_urgent()) return p;
  const auto [p, signals_only] = queue.pop(fair);
  if (p == nullptr) return machine.injected.pop();
  if (signals_only) p->set(flag_signals_only);
  return p;
}

// Without one it cannot wait, and goes on as if it had not tried.
[[gnu::always_inline]] inline stack& worker::fresh_stack(control_block& waits) {
  try {
    return stacks.take();
  } catch (const std::bad_alloc&) {
    if (handed_over_ != nullptr) schedule_last(*std::exchange(handed_over_, nullptr));
    current = &waits;  // others may have been looked at since
    running.store(&waits, std::memory_order_release);
    throw error(system_limit, "a wait found no memory for one more stack");
  }
}

// A process that waits in the middle of a function, and can go on, is entered straight from the
// stack that is left. What else comes next needs a loop to run in, and is handed over to it.
stack& worker::next_stack(control_block& waits) {
  while (control_block* p = next_at_hand()) {
    if (p->stopped_on == nullptr) {
      handed_over_ = p;
      break;
    }
    if (serves_signals_only(*this, *p)) continue;
    begin_turn(*p);
    if (can_be_entered(*p)) {
      recorder.note(deed::goes_on, p->low_id());
      return *std::exchange(p->stopped_on, nullptr);
    }
  }
  return fresh_stack(waits);
}

void worker::begin_turn(control_block& p) {
  current = &p;
  budget = turn_length;
  running.store(&p, std::memory_order_release);  // sysmon reads its number
}

void worker::note_time(nanotime time) {
  recorder.note(deed::clock, static_cast<std::uint32_t>(time / 1000));
}

void worker::work_begins(nanotime time) {
  note_time(time);
  last_look_ = time;
  turns_to_look_ = look_every_ = 1;
  // It has moved: else the watch would take its sleep for a long callback of what runs now.
  turns.store(turns.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
}

void worker::look_at_clock() {
  const nanotime time = system_now();
  note_time(time);
  const nanotime passed = time - last_look_;
  const nanotime per_turn = std::max<nanotime>(passed / look_every_, 1);
  last_look_ = time;
  long_time_ = std::clamp<nanotime>(long_time_ + (per_turn >= long_turn ? passed : -4 * passed), 0,
                                    20 * long_time_min);
  takes_long.store(long_time_ >= long_time_min, std::memory_order_relaxed);
  look_every_ = static_cast<std::uint32_t>(
      std::clamp<nanotime>(look_interval / per_turn, 1, most_turns_unseen));
  turns_to_look_ = look_every_;
  if (time >= timers_due.load(std::memory_order_relaxed)) fire_due(time, false);
}

void worker::schedule(control_block& p) {
  if (machine.driven_by != nullptr) [[unlikely]]
    return machine.driven_by->ready(p, false);
  if (p.at() != level::normal) [[unlikely]] {
    queue.push_back(p, p.at());
  } else if (!queue.push_slot(p)) {
    if (takes_long.load(std::memory_order_relaxed)) [[unlikely]]
      machine.idle.wake_helper();
    return;  // it runs next: that needs no note of who woke it
  }
  recorder.note(deed::wakes, p.low_id());
  machine.idle.offer(*this);
  machine.idle.wake_helper();
}
void worker::schedule_last(control_block& p) {
  if (machine.driven_by != nullptr) [[unlikely]]
    return machine.driven_by->ready(p, true);
  queue.push_back(p, p.at());
  if (queue.size() > 1) machine.idle.wake_helper();
}

// Among levels it takes part in the choice itself, and so has to be in the queue first.
stack& worker::leave(control_block& p, landing_action then) {
  const bool takes_part =
      then == landing_action::requeue && (p.at() != level::normal || queue.mixed());
  stack& to = takes_part ? fresh_stack(p) : next_stack(p);
  p.stopped_on = on;
  landing = then;
  leaving = &p;
  on = &to;
  return to;
}

void worker::landed(stack& left) {
  switch (landing) {
    case landing_action::keep_loop:
      // The thread's own is not for processes. (The first stack of an extra worker may be a used
      // one, and then this is where it goes on.)
      if (&left != &thread_stack_) stacks.give(left);
      break;
    case landing_action::go_idle:
      if (!state::go_idle(leaving->word)) schedule(*leaving);
      break;
    case landing_action::requeue:
      schedule_last(*leaving);
      break;
    case landing_action::start_job:
      recorder.note(deed::blocks, leaving->low_id());
      machine.driven_by == nullptr ? machine.jobs.submit(*leaving)
                                   : machine.driven_by->run_job(*leaving);
      break;
  }
}

std::uint64_t worker::fresh_reference() {
  if (next_reference_ == last_reference_) {
    next_reference_ = machine.references.fetch_add(numbers_at_once, std::memory_order_relaxed);
    last_reference_ = next_reference_ + numbers_at_once;
  }
  return next_reference_++;
}

std::uint64_t worker::fresh_process_id() {
  if (next_id_ == last_id_) {
    next_id_ = machine.process_ids.fetch_add(ids_at_once, std::memory_order_relaxed);
    last_id_ = next_id_ + ids_at_once;
  }
  return next_id_++;
}

void worker::release_origin(lineage& origin) noexcept {
  if (&origin != settled_) {
    settle_origins();
    settled_ = &origin;
  }
  if (++settled_uses_ == lineage::uses_at_once) settle_origins();
}

void worker::settle_origins() noexcept {
  lineage::release(std::exchange(settled_, nullptr), std::exchange(settled_uses_, 0));
}

// The upward calls of the process floor.

void release_origin(lineage& origin) noexcept { this_worker().release_origin(origin); }

void schedule(control_block& p) {
  machine_core* machine = machine_of(p);
  worker* w = here();
  if (w != nullptr && &w->machine == machine) [[likely]] {
    w->schedule(p);
  } else if (machine != nullptr) {
    machine->inject(p);
  } else {
    wake_thread(p);  // a process keeps its machine from ending: a block of none is a thread's
  }
}

namespace {
thread_local machine_core* driven_here = nullptr;

bool is_driven_here(const control_block& p) noexcept {
  const machine_core* machine = machine_of(p);
  return machine != nullptr && machine == driven_here;
}
bool is_driven(const control_block& p) noexcept {
  const ledger* books = books_of(p);
  return books != nullptr && books->is_driven;
}
}  // namespace

driving_thread::driving_thread(machine_core& machine)
    : before_(std::exchange(driven_here, &machine)) {}
driving_thread::~driving_thread() { driven_here = before_; }

// Another thread asks for the address of the machine, and touches nothing of it: it may be gone.
bool carry(control_block& p, pid to, signal* s) noexcept {
  if (is_driven_here(p)) return machine_of(p)->driven_by->carry(p, to, s);
  return !is_driven(p) && hand_in_counted(p, to, s);
}
void count_mail(control_block& p, mail_fate f, std::int64_t by) noexcept {
  const auto i = static_cast<std::size_t>(f);
  worker* w = here();
  if (w != nullptr && &w->machine == machine_of(p)) {
    auto& mine = w->mail[i];
    mine.store(mine.load(std::memory_order_relaxed) + static_cast<std::uint64_t>(by),
               std::memory_order_relaxed);
  } else if (ledger* books = books_of(p)) {
    books->of_outsiders[i].fetch_add(static_cast<std::uint64_t>(by), std::memory_order_relaxed);
  }
}
bool finds_full(control_block& p) noexcept {
  return is_driven_here(p) && machine_of(p)->driven_by->finds_full(p);
}
bool is_out_of_reach(pid p) noexcept {
  if (!control_block::is_carried(pid_access::hint(p))) return false;
  const control_block& block = block_of(p);
  return machine_of(block) != nullptr && is_driven(block) && !is_driven_here(block);
}

void driver::run_job(control_block& p) { blocking_pool::run_here(p); }

control_block* current_process() noexcept {
  worker* w = here();
  return w == nullptr ? nullptr : w->current;
}

nanotime now() { return this_worker().time(); }
nanotime time_here() {
  const worker* w = here();
  return w == nullptr ? system_now() : w->time();
}

nanotime deadline_in(duration limit) {
  if (limit == infinity) return never;
  constexpr duration is_long = std::chrono::seconds(1);
  const worker& w = this_worker();
  return limit >= is_long && w.machine.driven_by == nullptr
             ? add(coarse_system_now() + coarse_lag, limit)
             : add(w.time(), limit);
}

std::uint64_t fresh_reference() { return this_worker().fresh_reference(); }

}  // namespace kin::detail
