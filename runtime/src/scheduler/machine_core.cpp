// SPDX-License-Identifier: Apache-2.0
#include "scheduler/machine_core.hpp"

#include "base/membarrier.hpp"
#include "process/scheduling.hpp"
#include "scheduler/all_machines.hpp"

#include <algorithm>
#include <chrono>
#include <exception>
#include <new>
#include <sched.h>
#include <thread>

namespace kin::detail {
namespace {

unsigned usable_cores() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof(set), &set) == 0)
    return static_cast<unsigned>(std::max(1, CPU_COUNT(&set)));
  return std::max(1U, std::thread::hardware_concurrency());
}

machine_options completed(machine_options given, bool is_driven) {
  if (given.workers == 0) given.workers = usable_cores();
  if (is_driven) given.workers = 1;
  given.workers =
      std::min(given.workers, machine_core::workers_max - machine_core::extra_workers_max);
  if (given.stack_bytes == 0) given.stack_bytes = default_stack_bytes;
  if (given.blocking_threads == 0) given.blocking_threads = 1;
  if (!given.reports) given.reports = &print_report;
  return given;
}

// A process that ends, or serves its signals, has nobody to tell that there is no memory.
bool cannot_fail() noexcept {
  const control_block* p = current_process();
  return p != nullptr && (p->flags & (flag_doomed | flag_draining)) != 0;
}

}  // namespace

machine_core::machine_core(machine_options given, driver* driver)
    : options(completed(std::move(given), driver != nullptr)),
      driven_by(driver),
      books(driver != nullptr || options.counts_mail ? &open_ledger(driver != nullptr) : nullptr),
      place(driver != nullptr),
      stacks(options.stack_bytes),
      blocks(*this, books),
      idle(*this),
      jobs(options.blocking_threads),
      watch(*this),
      references(place.first_number()),
      process_ids(place.first_number()),
      fresh_flags_(flag_fresh | (driver == nullptr && books != nullptr ? flag_carried : 0U)),
      outside_blocks_(std::make_unique<block_pool>(blocks)) {
  set_reserve_rule(&cannot_fail);
  for (unsigned i = 0; i < options.workers; ++i) {
    owned_.push_back(std::make_unique<worker>(*this, i));
    workers_[i].store(owned_.back().get(), std::memory_order_release);
  }
  count_.store(options.workers, std::memory_order_release);
  enlist(*this);
}

machine_core::~machine_core() {
  strike_off(*this);
  while (visitors_.load(std::memory_order_acquire) != 0) std::this_thread::yield();
  outside_blocks_.reset();
  owned_.clear();
  if (books != nullptr) close_ledger(*books);
  delete taker.load(std::memory_order_relaxed);
}

void machine_core::start() {
  phase expected = phase::fresh;
  if (!phase_.compare_exchange_strong(expected, phase::running, std::memory_order_acq_rel)) return;
  if (driven_by != nullptr) return;
  for (const auto& w : owned_) w->start();
  watch.start();
}

void machine_core::drive() { worker_at(0)->work(); }

bool machine_core::stop_unused() {
  const std::lock_guard hold(ends_lock_);
  phase unused = phase::fresh;
  if (state() == phase::stopped) return true;
  return process_count() == 0 &&
         phase_.compare_exchange_strong(unused, phase::stopped, std::memory_order_acq_rel);
}

void machine_core::begin_stop() {
  const std::lock_guard hold(ends_lock_);  // a spawn from outside has happened, or will not
  phase_.store(phase::stopping, std::memory_order_release);
}

void machine_core::stop_workers() {
  watch.stop();
  jobs.stop();
  stopping.store(true, std::memory_order_seq_cst);
  for (unsigned i = 0; i < worker_count(); ++i) worker_at(i)->bed->wake();
  for (unsigned i = 0; i < worker_count(); ++i) worker_at(i)->join();
  phase_.store(phase::stopped, std::memory_order_release);
}

bool machine_core::add_extra_worker() {
  const std::lock_guard hold(outside_lock_);
  const unsigned count = worker_count();
  for (unsigned i = options.workers; i < count; ++i) {
    if (worker_at(i)->retired.exchange(false, std::memory_order_acq_rel)) {
      worker_at(i)->bed->wake();
      return true;
    }
  }
  if (count >= options.workers + extra_workers_max || stopping.load(std::memory_order_relaxed))
    return false;
  try {
    // One that found no thread stands there still: others may have seen it.
    worker* fresh = workers_[count].load(std::memory_order_relaxed);
    if (fresh == nullptr) {
      owned_.push_back(std::make_unique<worker>(*this, count));
      fresh = owned_.back().get();
      workers_[count].store(fresh, std::memory_order_release);
    }
    count_.store(count + 1, std::memory_order_release);
    fresh->start();
    return true;
  } catch (const std::exception&) {  // no memory, or no more threads
    count_.store(count, std::memory_order_release);
    return false;
  }
}

void machine_core::tell(const report& r) {
  // acquire: pairs with taker_of_reports.
  report_taker* takes = taker.load(std::memory_order_acquire);
  takes == nullptr ? tell_sink(r) : takes->take(r);
}

void machine_core::tell_sink(const report& r) {
  const std::lock_guard hold(reports_lock_);
  options.reports(r);
}

// Counted, not summed up: no two get the last place.
void machine_core::take_place() {
  std::uint64_t taken = places_taken_.load(std::memory_order_relaxed);
  do {
    if (taken >= options.max_processes) throw std::bad_alloc();
  } while (!places_taken_.compare_exchange_weak(taken, taken + 1, std::memory_order_relaxed,
                                                std::memory_order_relaxed));
}

control_block& machine_core::make_process(worker* w, std::unique_ptr<behaviour> body) {
  if (options.max_processes != 0) [[unlikely]] {
    take_place();
    try {
      return make_process_in_place(w, std::move(body));
    } catch (...) {
      makes_place();
      throw;
    }
  }
  return make_process_in_place(w, std::move(body));
}

control_block& machine_core::make_process_in_place(worker* w, std::unique_ptr<behaviour> body) {
  control_block* p = nullptr;
  std::uint64_t id = 0;
  std::uint32_t flags = fresh_flags_;
  if (driven_by != nullptr) [[unlikely]] {
    if (w != nullptr && driven_by->fails_spawn()) throw std::bad_alloc();
    if (driven_by->carries()) flags |= flag_carried;
  }
  if (w != nullptr) {
    p = &w->blocks.take();
    id = w->fresh_process_id();
    w->spawned.store(w->spawned.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
  } else {
    const std::lock_guard hold(outside_lock_);
    p = &outside_blocks_->take();
    id = process_ids.fetch_add(1, std::memory_order_relaxed);
    spawned_outside_.fetch_add(1, std::memory_order_relaxed);
  }
  p->number.store(static_cast<std::uint32_t>(id), std::memory_order_relaxed);
  p->serial.store(static_cast<std::uint32_t>(id >> 32U), std::memory_order_relaxed);
  p->flags = flags;
  p->noted_reductions = 0;
  p->body = body.release();
  state::revive(p->word);
  return *p;
}

void machine_core::inject(control_block& p) {
  if (driven_by != nullptr) return driven_by->ready(p, false);
  // Until it is pushed, `p` keeps the machine from ending. Then it may run, end, be the last one.
  visitors_.fetch_add(1, std::memory_order_relaxed);
  injected.push(p, p.at() > level::normal);
  idle.wake_for_injected();
  visitors_.fetch_sub(1, std::memory_order_release);
}

void machine_core::root_ended(pid root, const exit_reason& why) {
  const std::lock_guard hold(ends_lock_);
  roots_.erase(root);
  if (std::erase(awaited_, root) != 0) ended_roots_.emplace_back(root, why);
  ends_.notify_all();
}

void machine_core::process_ended(worker& w, control_block& p) {
  w.blocks.give(p);
  // Counts, then looks whether somebody waits for it; wait_for_all says so, then counts.
  w.ended.store(w.ended.load(std::memory_order_relaxed) + 1, std::memory_order_release);
  light_barrier();
  if (waited_for_.load(std::memory_order_relaxed)) [[unlikely]] {
    const std::lock_guard hold(ends_lock_);
    ends_.notify_all();
  }
}

std::uint64_t machine_core::process_count() const {
  // Ends before starts: what is counted as ended was counted as started.
  std::uint64_t ended = 0;
  std::uint64_t spawned = 0;
  for (unsigned i = 0; i < worker_count(); ++i)
    ended += worker_at(i)->ended.load(std::memory_order_acquire);
  for (unsigned i = 0; i < worker_count(); ++i)
    spawned += worker_at(i)->spawned.load(std::memory_order_relaxed);
  return spawned + spawned_outside_.load(std::memory_order_relaxed) - ended;
}

mail_counts machine_core::mail() const {
  if (books == nullptr) return {};
  const auto all = [this](mail_fate f) {
    const auto i = static_cast<std::size_t>(f);
    std::uint64_t sum = books->of_outsiders[i].load(std::memory_order_relaxed);
    for (unsigned w = 0; w < worker_count(); ++w)
      sum += worker_at(w)->mail[i].load(std::memory_order_relaxed);
    return sum;
  };
  return {.sent = all(mail_fate::sent),
          .received = all(mail_fate::received),
          .refused = all(mail_fate::refused),
          .dropped = all(mail_fate::dropped),
          .unread = all(mail_fate::unread)};
}

std::vector<pid> machine_core::living() {
  std::vector<pid> all;
  blocks.for_each([&](control_block& p) {
    if (state::content(p.word.load(std::memory_order_acquire)) != state::dead)
      all.push_back(driven_by != nullptr ? p.name() : p.name_seen_from_outside());
  });
  return all;
}

pid machine_core::spawn_from_outside(std::unique_ptr<behaviour> body, bool awaited,
                                     const std::function<void(control_block&)>& prepare) {
  const std::lock_guard hold(ends_lock_);
  if (state() >= phase::stopping) throw error(noproc, "spawn: this machine has been stopped");
  control_block& p = make_process(nullptr, std::move(body));
  p.set(flag_root);
  pid name;
  try {
    if (prepare) prepare(p);
    name = p.name();  // not before: a bound is part of it
    roots_.insert(name);
    if (awaited) awaited_.push_back(name);
  } catch (...) {  // it ends before it has begun
    p.set(flag_doomed);
    inject(p);
    throw;
  }
  inject(p);
  return name;
}

void machine_core::wait_for_root(pid root, exit_reason& why) {
  std::unique_lock hold(ends_lock_);
  ends_.wait(hold, [&] { return take_end(root, why); });
}

bool machine_core::has_ended(pid root, exit_reason& why) {
  const std::lock_guard hold(ends_lock_);
  return take_end(root, why);
}

bool machine_core::take_end(pid root, exit_reason& why) {
  auto found = std::find_if(ended_roots_.begin(), ended_roots_.end(),
                            [&](auto& e) { return e.first == root; });
  if (found == ended_roots_.end()) return false;
  why = found->second;
  ended_roots_.erase(found);
  return true;
}

std::vector<pid> machine_core::roots() {
  const std::lock_guard hold(ends_lock_);
  return {roots_.rbegin(), roots_.rend()};
}

namespace {
std::chrono::steady_clock::time_point as_time_point(nanotime time) {
  return std::chrono::steady_clock::time_point(std::chrono::nanoseconds(time));
}
}  // namespace

bool machine_core::wait_for_roots(nanotime until) {
  std::unique_lock hold(ends_lock_);
  return ends_.wait_until(hold, as_time_point(until), [this] { return roots_.empty(); });
}

bool machine_core::wait_for_all(nanotime until) {
  waited_for_.store(true, std::memory_order_seq_cst);
  membarrier_all();
  std::unique_lock hold(ends_lock_);
  const bool all =
      ends_.wait_until(hold, as_time_point(until), [this] { return process_count() == 0; });
  waited_for_.store(false, std::memory_order_seq_cst);
  return all;
}

}  // namespace kin::detail
