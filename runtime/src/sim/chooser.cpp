// SPDX-License-Identifier: Apache-2.0
#include "sim/chooser.hpp"

#include <algorithm>
#include <functional>

namespace kin::detail {
namespace {

constexpr std::uint64_t first_rank = std::uint64_t{1} << 32U;  // drawn ones lie above, fallen below
constexpr unsigned most_falls = 4;
constexpr unsigned most_length_bits = 14;  // where the falls lie: within 2^6 to 2^14 steps
constexpr std::uint64_t fair_every = 256;  // plain steps; else two could keep all others waiting

std::uint64_t mixed(std::uint64_t a, std::uint64_t b) {  // as splitmix64 does
  std::uint64_t z = a + 0x9e3779b97f4a7c15U * (b + 1);
  z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9U;
  z = (z ^ (z >> 27U)) * 0x94d049bb133111ebU;
  return z ^ (z >> 31U);
}
std::uint64_t number_of(const actor& a) { return mixed(mixed(a.to, a.from), a.is_turn ? 1 : 0); }

}  // namespace

std::size_t actor_hash::operator()(const actor& a) const noexcept { return number_of(a); }

chooser::chooser(const sim::options& options, bool records)
    : chance_(options.seed),
      by_rank_(options.schedule.empty() &&
               (options.by == sim::order::by_priorities ||
                (options.by == sim::order::by_seed && options.seed % 2 == 0))),
      records_(records),
      is_told_(!options.schedule.empty()),
      lowest_(first_rank) {
  if (is_told_) plan(schedule_of(options.schedule));
  if (!by_rank_) return;
  const std::uint64_t length = std::uint64_t{1} << (6 + draw(most_length_bits - 6 + 1));
  for (std::uint64_t left = draw(most_falls + 1); left > 0; --left) falls_.push_back(draw(length));
  std::sort(falls_.begin(), falls_.end(), std::greater<>());
}

// Kills of one step come in the order in which they are told.
void chooser::plan(const choice_list& choices) {
  std::map<std::uint64_t, std::uint64_t> kills;
  for (const choice& c : choices) {
    const std::uint64_t nth = c.kind == choice_kind::kill ? kills[c.step]++ : c.nth;
    plan_.emplace(question{c.step, c.kind, nth}, c);
  }
}

std::size_t chooser::choose(const std::vector<candidate>& all) {
  const std::size_t chosen = is_told_ ? as_told(all) : by_rank_ ? highest(all) : draw(all.size());
  const bool is_plain = !records_ || chosen == plain(all);
  ++steps_;
  asked_.fill(0);
  const actor& who = all[chosen].who;
  if (!is_plain) choices_.push_back({.step = steps_, .who = who});
  sign(number_of(who));
  return chosen;
}

// What the last step has brought about, in order; but the oldest now and then.
std::size_t chooser::plain(const std::vector<candidate>& all) const {
  const bool is_fair = (steps_ + 1) % fair_every == 0;
  std::size_t best = 0;
  for (std::size_t i = 1; i < all.size(); ++i) {
    const bool is_newer = !is_fair && all[i].step > all[best].step;
    const bool is_same = is_fair || all[i].step == all[best].step;
    if (is_newer || (is_same && all[i].place < all[best].place)) best = i;
  }
  return best;
}

std::size_t chooser::as_told(const std::vector<candidate>& all) {
  const std::size_t otherwise = plain(all);
  const auto found = plan_.find({steps_ + 1, choice_kind::next, 0});
  was_told_ = false;
  if (found == plan_.end()) return otherwise;
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (all[i].who != found->second.who) continue;
    was_told_ = i != otherwise;
    return i;
  }
  return otherwise;
}

std::size_t chooser::highest(const std::vector<candidate>& all) {
  for (;;) {
    std::size_t best = 0;
    for (std::size_t i = 1; i < all.size(); ++i) {
      if (rank_of(all[i].who) > rank_of(all[best].who)) best = i;
    }
    if (falls_.empty() || falls_.back() > steps_) return best;
    falls_.pop_back();
    gave_way(all[best].who);
  }
}

std::uint64_t& chooser::rank_of(const actor& one) {
  const auto [place, is_new] = ranks_.try_emplace(one, 0);
  if (is_new) place->second = first_rank + 1 + draw(first_rank);
  return place->second;
}

void chooser::gave_way(const actor& one) {
  if (by_rank_) rank_of(one) = --lowest_;
}

std::optional<choice> chooser::told(choice_kind kind) {
  const std::uint64_t nth = asked_[static_cast<std::size_t>(kind)]++;
  if (!is_told_) return std::nullopt;
  const auto found = plan_.find({steps_, kind, nth});
  return found == plan_.end() ? std::nullopt : std::optional(found->second);
}

void chooser::note(choice_kind kind, const actor& who, std::uint64_t amount) {
  // Of a kill it is not told: others that were to be before it may have met nobody.
  const std::uint64_t nth =
      kind == choice_kind::kill ? 0 : asked_[static_cast<std::size_t>(kind)] - 1;
  sign(mixed(mixed(static_cast<std::uint64_t>(kind), nth), mixed(number_of(who), amount)));
  if (records_)
    choices_.push_back({.step = steps_, .kind = kind, .nth = nth, .who = who, .amount = amount});
}

void chooser::sign(std::uint64_t what) { signature_ = mixed(signature_, what); }

}  // namespace kin::detail
