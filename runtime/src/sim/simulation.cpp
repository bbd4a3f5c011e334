// SPDX-License-Identifier: Apache-2.0
#include "sim/simulation.hpp"

#include "process/introspection.hpp"
#include "process/mailbox.hpp"
#include "process/scheduling.hpp"

#include <algorithm>
#include <utility>

namespace kin::detail {
namespace {

constexpr nanotime step_takes = 1'000;
constexpr std::uint64_t no_process = std::uint64_t{1} << 63U;

bool is_own_business(const signal& s) {
  return s.kind == signal_kind::tick || s.kind == signal_kind::job_done ||
         s.kind == signal_kind::named;
}

}  // namespace

simulation::simulation(const sim::options& options) : options_(options), chooser_(options) {}

simulation::~simulation() {
  for (auto& [way, parcels] : under_way_) {
    for (const parcel& p : parcels) refuse(p.what, noproc);
  }
}

void simulation::go_on(std::uint64_t most_steps, nanotime until, std::function<bool()> enough) {
  steps_left_ = most_steps;
  until_ = until;
  enough_ = std::move(enough);
  core_->drive();
}

bool simulation::may_go_on() {
  check();
  return steps_left_ != 0 && time_ < until_ && !enough_();
}

void simulation::always(std::string what, std::function<bool()> holds) {
  invariants_.push_back({std::move(what), std::move(holds)});
}

void simulation::check() {
  for (const invariant& i : invariants_) {
    if (i.holds()) continue;
    broken_ = i.what;
    invariants_.clear();  // what comes now is only the end
    steps_left_ = 0;
    return;
  }
}

void simulation::ready(control_block& p, bool last) {
  const actor turn{.to = p.id()};
  if (last) chooser_.gave_way(turn);
  candidates_.push_back(turn);
  turns_.push_back(&p);
}

bool simulation::carry(control_block& p, pid to, signal* s) noexcept {
  const control_block* sender = current_process();
  if (sender == &p || is_own_business(*s)) return hand_in(to, s);
  const actor way{.to = p.id(),
                  .from = sender == nullptr ? no_process | ++from_outside_ : sender->id(),
                  .is_turn = false};
  auto& parcels = under_way_[way];
  if (parcels.empty()) {
    candidates_.push_back(way);
    turns_.push_back(nullptr);
  }
  parcels.push_back({to, s});
  return true;
}

control_block* simulation::next() {
  while (!candidates_.empty() && may_go_on()) {
    // A timer is due: only the loop fires it.
    if (time_ >= core_->worker_at(0)->timers_due.load(std::memory_order_relaxed)) return nullptr;
    const std::size_t chosen = chooser_.choose(candidates_);
    ++steps_;
    --steps_left_;
    time_ += step_takes;
    if (options_.kill_chance > 0 && chooser_.happens(options_.kill_chance)) kill_one();
    const actor what = candidates_[chosen];
    control_block* p = turns_[chosen];
    if (p == nullptr) {
      arrive(what);
      continue;
    }
    forget(chosen);
    events_.add({.step = steps_,
                 .time = time_,
                 .to = what.to,
                 .type = p->body == nullptr ? nullptr : &p->body->subject()});
    return p;
  }
  return nullptr;
}

// The exit signal is there at once: it may stand before or after any other.
void simulation::kill_one() {
  const std::vector<pid> all = core_->living();
  const pid one = all[chooser_.draw(all.size())];
  control_block& p = block_of(one);
  if (p.is(flag_root)) return;
  if (options_.may_kill) {
    const auto about = describe(p, info_signal{});
    if (!about || !options_.may_kill(*about)) return;
  }
  auto* s = make_signal<exit_signal_node>(signal_kind::exit);
  s->why = kill;
  events_.add({.step = steps_, .time = time_, .to = p.id(), .is_turn = false, .is_fault = true});
  if (!hand_in(one, s)) refuse(s, noproc);
}

void simulation::forget(std::size_t candidate) {
  candidates_[candidate] = candidates_.back();
  candidates_.pop_back();
  turns_[candidate] = turns_.back();
  turns_.pop_back();
}

void simulation::arrive(const actor& way) {
  const auto found = under_way_.find(way);
  const parcel first = found->second.front();
  found->second.pop_front();
  if (found->second.empty()) {
    under_way_.erase(found);
    forget(static_cast<std::size_t>(std::find(candidates_.begin(), candidates_.end(), way) -
                                    candidates_.begin()));
  }
  signal& s = *first.what;
  events_.add({.step = steps_,
               .time = time_,
               .to = way.to,
               .from = way.from,
               .is_turn = false,
               .kind = s.kind,
               .type = is_mail(s.kind) ? s.type->info : nullptr});
  if (!hand_in(first.to, &s)) refuse(&s, noproc);
}

bool simulation::wait(nanotime until) {
  if (!may_go_on()) return false;
  if (!candidates_.empty()) {  // only a timer was to be fired first
    time_ += step_takes;
    return true;
  }
  if (until > time_ && tell_settled()) return true;
  const nanotime then = std::min(until, until_);
  if (then == never) return false;
  time_ = std::max(time_, then);
  return time_ < until_;
}

}  // namespace kin::detail
