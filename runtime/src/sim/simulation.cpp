// SPDX-License-Identifier: Apache-2.0
#include "sim/simulation.hpp"

#include "process/introspection.hpp"
#include "process/ledger.hpp"
#include "process/mailbox.hpp"
#include "process/name_table.hpp"
#include "process/scheduling.hpp"

#include <algorithm>
#include <exception>
#include <utility>

namespace kin::detail {
namespace {

constexpr nanotime step_takes = 1'000;
constexpr std::uint64_t cut_every = 16;                         // turns, about
constexpr std::uint64_t cut_after = 3;                          // messages, at most
constexpr std::size_t most_asked = 64;                          // processes, for one kill
constexpr std::uint64_t longest_delay = 1'000'000'000'000'000;  // µs
constexpr std::uint64_t latest_timer = 3'600'000'000;

bool is_own_business(const signal& s) {
  return s.kind == signal_kind::tick || s.kind == signal_kind::job_done ||
         s.kind == signal_kind::named;
}

std::uint64_t microseconds(duration d) {
  return static_cast<std::uint64_t>(std::max<nanotime>(d.count(), 0)) / 1000;
}

std::uint64_t within_limits(choice_kind kind, std::uint64_t amount) {
  return std::clamp<std::uint64_t>(amount, 1,
                                   kind == choice_kind::late_timer ? latest_timer : longest_delay);
}

void refuse_carried(control_block& p, signal& s) {
  strike_off_mail_in(p, s, mail_fate::refused);
  refuse(&s, noproc);
}

const std::type_info* mail_type(const signal& s) {
  return is_mail(s.kind) ? s.type->info : nullptr;
}

double chance_of(const sim::faults& f, choice_kind kind) {
  switch (kind) {
    case choice_kind::kill:
      return f.kill;
    case choice_kind::delay:
      return f.delay;
    case choice_kind::late_timer:
      return f.late_timer;
    case choice_kind::failed_spawn:
      return f.failed_spawn;
    case choice_kind::full_mailbox:
      return f.full_mailbox;
    case choice_kind::failed_allocation:
      return f.failed_allocation;
    case choice_kind::next:
    case choice_kind::cut:
      break;
  }
  return 0;
}

// What the process itself would not outlive, unless it is ready for it.
bool may_end_it(choice_kind kind) {
  return kind == choice_kind::failed_spawn || kind == choice_kind::failed_allocation;
}

bool was_cut_short(const worker& w) { return w.budget < 0 && w.turn_length < worker::full_turn; }

bool is_among(const sim::faults& f, control_block& p, bool spares_main) {
  if (!f.among) return !spares_main || !p.is(flag_root);
  const auto about = describe(p, info_signal{});
  return about && f.among(*about);
}

}  // namespace

simulation::simulation(const sim::options& options, bool records)
    : options_(options), chooser_(options, records) {}

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
    std::string why;
    try {
      if (i.holds()) continue;
    } catch (const std::exception& thrown) {
      why = std::string(": ") + thrown.what();
    }
    broken_ = i.what + why;
    invariants_.clear();  // what comes now is only the end
    steps_left_ = 0;
    return;
  }
}

// ---- what comes next ------------------------------------------------------------------------------

void simulation::ready(control_block& p, bool last) {
  const actor turn{.to = p.id()};
  const worker& w = *core_->worker_at(0);
  const bool is_cut = cut_ == &p || (w.current == &p && was_cut_short(w));
  const bool gives_way = last && !is_cut;
  if (cut_ == &p) cut_ = nullptr;
  if (gives_way) chooser_.gave_way(turn);
  candidates_.push_back({turn, gives_way ? 0 : chooser_.steps(), ++ready_so_far_});
  turns_.push_back(&p);
}

bool simulation::carry(control_block& p, pid to, signal* s) noexcept {
  const control_block* sender = current_process();
  if (sender == &p || is_own_business(*s)) return hand_in_counted(p, to, s);
  enter_in_books(p, *s);
  const std::uint64_t stranger = job_ != 0 ? job_ : from_outside | ++outside_;
  const actor way{
      .to = p.id(), .from = sender == nullptr ? stranger : sender->id(), .is_turn = false};
  nanotime not_before = 0;
  const event more{.from = way.from, .kind = s->kind, .type = mail_type(*s)};
  if (const std::uint64_t by = strikes(choice_kind::delay, p, more)) {
    ++faults_.delays;
    not_before = time_ + static_cast<nanotime>(by) * 1000;
  }
  auto& parcels = under_way_[way];
  parcels.push_back({to, s, {way, chooser_.steps(), ++ready_so_far_}, not_before});
  if (parcels.size() == 1) wait_for_its_turn(way, parcels.front());
  return true;
}

std::uint64_t simulation::mail_under_way() const {
  std::uint64_t count = 0;
  for (const auto& [way, parcels] : under_way_) {
    for (const parcel& one : parcels) {
      const signal* mail = mail_in(*one.what);
      if (mail != nullptr && (mail->flags & on_the_books) != 0) ++count;
    }
  }
  return count;
}

void simulation::wait_for_its_turn(const actor& way, const parcel& first) {
  if (first.not_before > time_) {
    delayed_.emplace(first.not_before, way);
    return;
  }
  candidates_.push_back(first.as);
  turns_.push_back(nullptr);
}

void simulation::let_go_on_their_way() {
  while (!delayed_.empty() && delayed_.begin()->first <= time_) {
    const actor way = delayed_.begin()->second;
    delayed_.erase(delayed_.begin());
    candidate& as = under_way_[way].front().as;
    as.step = chooser_.steps();
    candidates_.push_back(as);
    turns_.push_back(nullptr);
  }
}

// Of a process that leaves its stack: it is ready again only after this one has asked who is next.
void simulation::note_cut() {
  worker& w = *core_->worker_at(0);
  if (w.current != nullptr && was_cut_short(w)) cut_ = w.current;
  w.current = nullptr;  // what is asked now is asked by no process
}

control_block* simulation::next() {
  note_cut();
  for (;;) {
    let_go_on_their_way();
    if (candidates_.empty() || !may_go_on()) return nullptr;
    // A timer is due: only the loop fires it.
    if (time_ >= core_->worker_at(0)->timers_due.load(std::memory_order_relaxed)) return nullptr;
    const std::size_t chosen = chooser_.choose(candidates_);
    --steps_left_;
    time_ += step_takes;
    const bool is_told = chooser_.was_told();
    kill_some();
    if (control_block* p = begin(chosen, is_told)) return p;
  }
}

// A turn, or null: a signal has arrived.
control_block* simulation::begin(std::size_t chosen, bool is_told) {
  const actor what = candidates_[chosen].who;
  control_block* p = turns_[chosen];
  if (p == nullptr) {
    arrive(chosen, is_told);
    return nullptr;
  }
  forget(chosen);
  const std::uint64_t length = length_of_turn();
  core_->worker_at(0)->turn_length = length == 0 ? worker::full_turn : static_cast<int>(length);
  events_.add({.is_told = is_told || (length != 0 && chooser_.is_told()),
               .step = chooser_.steps(),
               .time = time_,
               .to = what.to,
               .amount = length,
               .type = p->body == nullptr ? nullptr : &p->body->subject()});
  return p;
}

// In messages; 0: all that wait.
std::uint64_t simulation::length_of_turn() {
  const auto told = chooser_.told(choice_kind::cut);
  std::uint64_t length = 0;
  if (told) {
    length = std::clamp<std::uint64_t>(told->amount, 1, cut_after);
  } else if (!chooser_.is_told() && chooser_.draw(cut_every) == 0) {
    length = 1 + chooser_.draw(cut_after);
  }
  if (length != 0) chooser_.note(choice_kind::cut, {}, length);
  return length;
}

void simulation::forget(std::size_t candidate) {
  candidates_[candidate] = candidates_.back();
  candidates_.pop_back();
  turns_[candidate] = turns_.back();
  turns_.pop_back();
}

void simulation::arrive(std::size_t chosen, bool is_told) {
  const actor way = candidates_[chosen].who;
  forget(chosen);
  const auto found = under_way_.find(way);
  const parcel first = found->second.front();
  found->second.pop_front();
  if (found->second.empty()) {
    under_way_.erase(found);
  } else {
    wait_for_its_turn(way, found->second.front());
  }
  signal& s = *first.what;
  events_.add({.is_told = is_told,
               .is_turn = false,
               .step = chooser_.steps(),
               .time = time_,
               .to = way.to,
               .from = way.from,
               .kind = s.kind,
               .type = mail_type(s)});
  if (!hand_in(first.to, &s)) refuse_carried(block_of(first.to), s);
}

bool simulation::wait(nanotime until) {
  if (!may_go_on()) return false;
  if (!candidates_.empty()) {  // only a timer was to be fired first
    time_ += step_takes;
    return true;
  }
  nanotime then = std::min(until, until_);
  if (!delayed_.empty()) then = std::min(then, delayed_.begin()->first);
  if (then > time_ && tell_settled()) return true;
  if (then == never) return false;
  time_ = std::max(time_, then);
  return time_ < until_;
}

// What it sends comes from one sender, in order; and it is no process.
void simulation::run_job(control_block& p) {
  worker& w = *core_->worker_at(0);
  control_block* next = std::exchange(w.current, nullptr);
  job_ = from_outside | ++outside_;
  driver::run_job(p);
  job_ = 0;
  w.current = next;
}

// ---- what fails -----------------------------------------------------------------------------------

// The exit signal is there at once: it may stand before or after any other.
void simulation::kill_some() {
  if (is_spared_) return;
  while (const auto told = chooser_.told(choice_kind::kill)) {
    for (const pid p : core_->living()) {
      if (pid_access::id(p) == told->who.to) kill(block_of(p));
    }
  }
  if (chooser_.is_told()) return;
  for (const sim::faults& f : options_.faults) {
    if (f.kill <= 0 || !chooser_.happens(f.kill)) continue;
    if (control_block* p = victim_among(f)) kill(*p);
  }
}

control_block* simulation::victim_among(const sim::faults& f) {
  const std::vector<pid> all = core_->living();
  const std::size_t first = chooser_.draw(all.size());
  for (std::size_t i = 0; i < std::min(all.size(), most_asked); ++i) {
    control_block& p = block_of(all[(first + i) % all.size()]);
    if (!p.is(flag_root) && !killed_.contains(p.id()) && is_among(f, p, true)) return &p;
  }
  return nullptr;
}

void simulation::kill(control_block& p) {
  if (p.is(flag_root)) return;
  chooser_.note(choice_kind::kill, {.to = p.id()}, 0);
  killed_.insert(p.id());
  ++faults_.kills;
  log(choice_kind::kill, p, {});
  auto* s = make_signal<exit_signal_node>(signal_kind::exit);
  s->why = kin::kill;
  if (!hand_in(p.name(), s)) refuse(s, noproc);
}

// How much, in µs; 0: it does not happen.
std::uint64_t simulation::strikes(choice_kind kind, control_block& whom, event more) {
  if (is_spared_) return 0;
  const auto told = chooser_.told(kind);
  std::uint64_t by = 0;
  if (told) {
    by = within_limits(kind, told->amount);
  } else if (!chooser_.is_told()) {
    by = drawn(kind, whom);
  }
  if (by == 0) return 0;
  chooser_.note(kind, {}, by);
  more.amount = by;
  log(kind, whom, more);
  return by;
}

std::uint64_t simulation::drawn(choice_kind kind, control_block& whom) {
  for (const sim::faults& f : options_.faults) {
    const double chance = chance_of(f, kind);
    if (chance <= 0 || !chooser_.happens(chance) || !is_among(f, whom, may_end_it(kind))) continue;
    if (kind == choice_kind::delay)
      return 1 + chooser_.draw(within_limits(kind, microseconds(f.delay_max)));
    if (kind == choice_kind::late_timer)
      return 1 + chooser_.draw(within_limits(kind, microseconds(f.late_max)));
    return 1;
  }
  return 0;
}

void simulation::log(choice_kind kind, const control_block& whom, event more) {
  more.what = kind;
  more.is_told = chooser_.is_told();
  more.step = chooser_.steps();
  more.time = time_;
  more.to = whom.id();
  events_.add(more);
}

nanotime simulation::lateness(pid to, std::string_view to_name) noexcept {
  if (!to_name.empty()) {
    const name_entry* name = core_->names.find({to_name, hash_text(to_name)});
    to = name == nullptr ? pid{} : name->holder();
  }
  if (is_gone(to)) return 0;
  const std::uint64_t by = strikes(choice_kind::late_timer, block_of(to));
  if (by != 0) ++faults_.late_timers;
  return static_cast<nanotime>(by) * 1000;
}

bool simulation::fails_spawn() noexcept {
  control_block* parent = current_process();
  if (parent == nullptr || strikes(choice_kind::failed_spawn, *parent) == 0) return false;
  ++faults_.failed_spawns;
  return true;
}

bool simulation::finds_full(control_block& p) noexcept {
  if (strikes(choice_kind::full_mailbox, p) == 0) return false;
  ++faults_.full_mailboxes;
  return true;
}

bool simulation::fails_allocation(control_block& p, std::string_view place) {
  auto known = places_.find(place);
  if (known == places_.end()) known = places_.emplace(place).first;
  if (strikes(choice_kind::failed_allocation, p, {.place = &*known}) == 0) return false;
  ++faults_.failed_allocations;
  return true;
}

}  // namespace kin::detail
