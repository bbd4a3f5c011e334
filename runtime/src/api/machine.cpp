// SPDX-License-Identifier: Apache-2.0
#include <kin/machine.hpp>

#include "api/calling_process.hpp"
#include "api/stopping.hpp"
#include "scheduler/machine_core.hpp"

#include <algorithm>
#include <mutex>
#include <ostream>
#include <utility>
#include <vector>

namespace kin {
namespace detail {
namespace {

thread_local machine_core* entered = nullptr;

// Again and again, with growing pauses: those that are told may start others, or leave children.
template <class Tell>
bool tell_until_gone(machine_core& core, nanotime end, Tell tell) {
  for (duration pause = std::chrono::milliseconds(1);; pause *= 2) {
    tell(core);
    const nanotime until = std::min(add(system_now(), pause), end);
    if (core.wait_for_all(until)) return true;
    if (until == end) return false;
  }
}

bool end_all(machine_core& core, nanotime start, duration limit) {
  const nanotime half_time = add(start, limit / 2);
  stop_roots(core);
  return (core.wait_for_roots(half_time) && tell_until_gone(core, half_time, stop_orphans)) ||
         tell_until_gone(core, add(start, limit), kill_all);
}

std::vector<straggler> who_is_left(machine_core& core) {
  std::vector<straggler> left;
  const std::vector<pid> in_jobs = core.jobs.waiters();
  for (const pid p : core.living()) {
    straggler s{.pid = p};
    for (const std::string& name : core.names.held()) {
      const name_entry* entry = core.names.find({name, hash_text(name)});
      if (entry != nullptr && entry->holder() == p) s.name = name;
    }
    s.doing = "waits, or runs its destructors";
    for (unsigned i = 0; i < core.worker_count(); ++i) {
      if (core.worker_at(i)->running.load(std::memory_order_relaxed) == &block_of(p))
        s.doing = "runs without a wait";
    }
    if (std::find(in_jobs.begin(), in_jobs.end(), p) != in_jobs.end())
      s.doing = "waits for kin::blocking, whose call has not returned";
    left.push_back(std::move(s));
  }
  return left;
}

}  // namespace

machine_core* machine_here() noexcept {
  worker* w = here();
  return w == nullptr ? entered : &w->machine;
}
machine_core& ambient_machine(const char* what) {
  if (machine_core* machine = machine_here()) return *machine;
  throw error(badarg,
              std::string(what) +
                  " was called on a thread that belongs to no machine; see kin::machine::enter");
}
machine_core* enter_machine(machine_core* machine) noexcept {
  return std::exchange(entered, machine);
}

}  // namespace detail

machine::machine(machine_options options)
    : core_(std::make_unique<detail::machine_core>(std::move(options))) {}

machine::~machine() {
  const bool gave_up =
      core_->state() == detail::machine_core::phase::stopping && core_->process_count() != 0;
  if (!gave_up && stop().empty()) return;
  static_cast<void>(core_.release());  // NOLINT(bugprone-unused-return-value): threads that do not
                                       // stop still use it
}

void machine::start() {
  if (core_->state() != detail::machine_core::phase::fresh) return;
  const std::lock_guard hold(core_->life_lock);
  core_->start();
}

pid machine::spawn_behaviour(std::unique_ptr<behaviour> body) {
  return core_->spawn_from_outside(std::move(body), false);
}

exit_reason machine::run_behaviour(std::unique_ptr<behaviour> body) {
  if (in_process())
    throw error(badarg, "machine::run was called in a process: it would block its worker");
  start();
  const pid root = core_->spawn_from_outside(std::move(body), true);
  exit_reason why;
  core_->wait_for_root(root, why);
  return why;
}

std::vector<straggler> machine::stop() {
  if (in_process())
    throw error(badarg, "machine::stop was called in a process: it would wait for itself");
  const std::lock_guard hold(core_->life_lock);
  if (core_->stop_unused()) return {};
  if (core_->state() == detail::machine_core::phase::fresh) {
    detail::kill_all(*core_);  // what never ran is destroyed where it would have run
    core_->start();
  }
  core_->begin_stop();
  if (!detail::end_all(*core_, detail::system_now(), core_->options.stop_limit))
    return detail::who_is_left(*core_);
  core_->stop_workers();
  return {};
}

unsigned machine::workers() const { return core_->worker_count(); }
std::size_t machine::process_count() const { return core_->process_count(); }
mail_counts machine::mail() const { return core_->mail(); }

std::ostream& operator<<(std::ostream& out, const mail_counts& m) {
  out << m.sent << " sent, " << m.received << " received, " << m.refused << " refused, "
      << m.dropped << " dropped, " << m.unread << " unread";
  if (m.under_way != 0) out << ", " << m.under_way << " under way";
  return out;
}

machine::enter::enter(machine& m) : before_(detail::enter_machine(&m.core())) {}
machine::enter::~enter() { detail::enter_machine(before_); }

}  // namespace kin
