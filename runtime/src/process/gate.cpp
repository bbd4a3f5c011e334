// SPDX-License-Identifier: Apache-2.0
#include "process/gate.hpp"

#include <kin/report.hpp>
#include <kin/request.hpp>

#include "process/mailbox.hpp"
#include "process/scheduling.hpp"

#include <mutex>
#include <string>
#include <utility>

namespace kin::detail {
namespace {

struct free_gates {
  std::mutex lock;
  gate* first = nullptr;
};
free_gates& spare() {
  static auto* const immortal = new free_gates;
  return *immortal;
}

gate* take_gate() {
  free_gates& pool = spare();
  const std::lock_guard hold(pool.lock);
  if (pool.first == nullptr) return new gate;
  return std::exchange(pool.first, pool.first->next_free);
}

gate* gate_of(pid to) { return control_block::gate_at(pid_access::hint(to)); }
constexpr std::uint64_t no_limit = state::tag_mask >> 1U;  // it is counted for its alarm alone
std::uint64_t messages(std::uint64_t count) { return count & ~state::tag_mask; }

void tell_alarm(pid p, const gate& g, bool on) noexcept {
  try {
    emit({on ? severity::warning : severity::notice, "MAILBOX ALARM",
          "  process " + to_string(p) +
              (on ? " has " + std::to_string(g.alarm_at.load(std::memory_order_relaxed)) +
                        " messages waiting or more."
                  : " has less than half of " +
                        std::to_string(g.alarm_at.load(std::memory_order_relaxed)) +
                        " messages again.")});
  } catch (...) {
    // a report that cannot be made must not hurt who sends
  }
}

void tell_killed(pid p, const gate& g) noexcept {
  try {
    emit({severity::error, "MAILBOX LIMIT",
          "  process " + to_string(p) + " is killed: it has " +
              std::to_string(g.limit.load(std::memory_order_relaxed)) +
              " messages waiting, and may have no more."});
  } catch (...) {
    // as above
  }
}

posted pass(gate& g, pid to) noexcept {
  const std::uint64_t tag = state::tag(pid_access::hint(to));
  const std::uint64_t limit = g.limit.load(std::memory_order_relaxed);
  // Of a mailbox that drops its oldest the owner does the dropping; until it comes to that, it may
  // hold twice as many.
  const bool owner_drops = g.policy.load(std::memory_order_relaxed) == when_full::drop_oldest;
  const std::uint64_t most = owner_drops ? 2 * limit : limit;
  // acquire: pairs with bound_mailbox, for the block behind.
  std::uint64_t seen = g.count.load(std::memory_order_relaxed);
  do {
    if (state::tag(seen) != tag) return posted::gone;
    if (messages(seen) >= most) return posted::full;
  } while (!g.count.compare_exchange_weak(seen, seen + 1, std::memory_order_acq_rel,
                                          std::memory_order_relaxed));
  const std::uint64_t now_in = messages(seen) + 1;
  if (now_in == g.alarm_at.load(std::memory_order_relaxed) &&
      !g.alarmed.exchange(true, std::memory_order_relaxed))
    tell_alarm(to, g, true);
  return posted::yes;
}

// Full by the will of a driver, as its policy wants it; or, of a mailbox that drops its oldest, about
// to be.
bool is_found_full(gate& g, pid to) noexcept {
  const std::uint64_t seen = g.count.load(std::memory_order_relaxed);
  const bool drops_oldest = g.policy.load(std::memory_order_relaxed) == when_full::drop_oldest;
  const bool has_bound = g.limit.load(std::memory_order_relaxed) != no_limit;
  if (state::tag(seen) != state::tag(pid_access::hint(to)) || !has_bound) return false;
  if ((drops_oldest && messages(seen) == 0) || !finds_full(block_behind(g))) return false;
  if (drops_oldest) g.drop_more.fetch_add(1, std::memory_order_relaxed);
  return !drops_oldest;
}

void tell_room(control_block& p) {
  for (const request_head& waiter : std::exchange(p.extra->rare->room_wanted, {}))
    answer(waiter, true);
}

bool has_room(const gate& g) {
  return messages(g.count.load(std::memory_order_relaxed)) <
         g.limit.load(std::memory_order_relaxed);
}

signal* oldest_counted(control_block& p, signal*& before) {
  before = nullptr;
  signal* s = p.queue_first;
  while (s != nullptr && (s->flags & counted) == 0) before = std::exchange(s, s->next);
  return s;
}

}  // namespace

control_block& block_behind(const gate& g) noexcept {
  return *g.block.load(std::memory_order_relaxed);
}

void bound_mailbox(control_block& p, const mailbox_options& options) {
  gate& g = *take_gate();
  g.block.store(&p, std::memory_order_relaxed);
  g.limit.store(options.limit == 0 ? no_limit : options.limit, std::memory_order_relaxed);
  g.alarm_at.store(options.alarm_at, std::memory_order_relaxed);
  g.policy.store(options.when_full, std::memory_order_relaxed);
  g.dropped.store(0, std::memory_order_relaxed);
  g.alarmed.store(false, std::memory_order_relaxed);
  g.struck.store(false, std::memory_order_relaxed);
  g.drop_more.store(0, std::memory_order_relaxed);
  p.make_rare().way_in = &g;
  p.set(flag_bounded);
  // release: whoever passes sees the rest.
  g.count.store(state::tag(p.word.load(std::memory_order_relaxed)), std::memory_order_release);
}

void close_gate(control_block& p) noexcept {
  gate* g = std::exchange(p.extra->rare->way_in, nullptr);
  p.clear(flag_bounded);
  g->count.store(0, std::memory_order_release);
  free_gates& pool = spare();
  const std::lock_guard hold(pool.lock);
  g->next_free = std::exchange(pool.first, g);
}

posted post_mail(pid to, signal* s) noexcept {
  if (gate* g = gate_of(to)) [[unlikely]] {
    if (control_block::is_carried(pid_access::hint(to)) && is_found_full(*g, to))
      return posted::full;
    if (const posted done = pass(*g, to); done != posted::yes) return done;
    s->flags |= counted;
  }
  return post(to, s) ? posted::yes : posted::gone;
}

when_full policy_of(pid to) noexcept {
  const gate* g = gate_of(to);
  return g == nullptr ? when_full::block : g->policy.load(std::memory_order_relaxed);
}

void count_dropped(pid to) noexcept {
  if (gate* g = gate_of(to)) g->dropped.fetch_add(1, std::memory_order_relaxed);
}

void kill_behind_gate(pid to) noexcept {
  gate* g = gate_of(to);
  if (g == nullptr || g->struck.exchange(true, std::memory_order_relaxed)) return;
  tell_killed(to, *g);
  auto* s = make_signal<exit_signal_node>(signal_kind::exit);
  s->why = kill;
  if (!post(to, s)) refuse(s, noproc);
}

void leave_counted(control_block& p, signal& s) {
  strike_off(p, s, mail_fate::received);
  if ((s.flags & counted) == 0) return;
  s.flags &= static_cast<std::uint16_t>(~counted);
  gate* g = p.rare() == nullptr ? nullptr : p.rare()->way_in;
  if (g == nullptr) return;  // it dies
  const std::uint64_t left = messages(g->count.fetch_sub(1, std::memory_order_acq_rel)) - 1;
  if (!p.rare()->room_wanted.empty() && has_room(*g)) tell_room(p);
  if (g->alarmed.load(std::memory_order_relaxed) &&
      2 * left < g->alarm_at.load(std::memory_order_relaxed)) {
    g->alarmed.store(false, std::memory_order_relaxed);
    tell_alarm(p.name(), *g, false);
  }
}

void stay_behind_gate(control_block& p, signal& s) {
  if (p.is(flag_carried)) enter_again(p, s);
  if (p.rare() == nullptr || p.rare()->way_in == nullptr) return;
  s.flags |= counted;
  p.rare()->way_in->count.fetch_add(1, std::memory_order_relaxed);
}

void drop_oldest(control_block& p) {
  gate& g = *p.rare()->way_in;
  if (g.policy.load(std::memory_order_relaxed) != when_full::drop_oldest) return;
  std::uint32_t more = g.drop_more.load(std::memory_order_relaxed);
  if (more != 0) [[unlikely]]
    more = g.drop_more.exchange(0, std::memory_order_relaxed);
  for (;;) {
    const std::uint64_t count = messages(g.count.load(std::memory_order_relaxed));
    const bool is_one_more = count <= g.limit.load(std::memory_order_relaxed);
    if (is_one_more && (more == 0 || count < 2)) return;  // the newest always stays
    if (is_one_more) --more;
    signal* before = nullptr;
    signal* s = oldest_counted(p, before);
    if (s == nullptr) return;
    if (p.waiting != nullptr && p.waiting->seen == s) p.waiting->seen = before;
    unqueue(p, s, before);
    strike_off(p, *s, mail_fate::dropped);
    leave_gate(p, *s);
    g.dropped.fetch_add(1, std::memory_order_relaxed);
    refuse(s, dropped);
  }
}

void take_room_wanted(control_block& p, question_signal& s) {
  const request_head waiter{s.caller, s.number};
  free_signal(&s);
  if (!p.is(flag_bounded) || has_room(*p.rare()->way_in)) {
    answer(waiter, true);
  } else {
    p.rare()->room_wanted.push_back(waiter);
  }
}

}  // namespace kin::detail
