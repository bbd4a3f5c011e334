// SPDX-License-Identifier: Apache-2.0
#include "sim/chooser.hpp"

#include <algorithm>
#include <functional>

namespace kin::detail {
namespace {

constexpr std::uint64_t first_rank = std::uint64_t{1} << 32U;  // drawn ones lie above, fallen below
constexpr unsigned most_falls = 4;
constexpr unsigned most_length_bits = 14;  // where the falls lie: within 2^6 to 2^14 steps

std::uint64_t mixed(std::uint64_t a, std::uint64_t b) {  // as splitmix64 does
  std::uint64_t z = a + 0x9e3779b97f4a7c15U * (b + 1);
  z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9U;
  z = (z ^ (z >> 27U)) * 0x94d049bb133111ebU;
  return z ^ (z >> 31U);
}
std::uint64_t number_of(const actor& a) { return mixed(mixed(a.to, a.from), a.is_turn ? 1 : 0); }

}  // namespace

std::size_t actor_hash::operator()(const actor& a) const noexcept { return number_of(a); }

chooser::chooser(const sim::options& options)
    : chance_(options.seed),
      by_rank_(options.by == sim::order::by_priorities ||
               (options.by == sim::order::by_seed && options.seed % 2 == 0)),
      lowest_(first_rank) {
  if (!by_rank_) return;
  const std::uint64_t length = std::uint64_t{1} << (6 + draw(most_length_bits - 6 + 1));
  for (std::uint64_t left = draw(most_falls + 1); left > 0; --left) falls_.push_back(draw(length));
  std::sort(falls_.begin(), falls_.end(), std::greater<>());
}

std::size_t chooser::choose(const std::vector<actor>& candidates) {
  const std::size_t chosen = by_rank_ ? highest(candidates) : draw(candidates.size());
  ++steps_;
  signature_ = mixed(signature_, number_of(candidates[chosen]));
  return chosen;
}

std::size_t chooser::highest(const std::vector<actor>& candidates) {
  for (;;) {
    std::size_t best = 0;
    for (std::size_t i = 1; i < candidates.size(); ++i) {
      if (rank_of(candidates[i]) > rank_of(candidates[best])) best = i;
    }
    if (falls_.empty() || falls_.back() > steps_) return best;
    falls_.pop_back();
    gave_way(candidates[best]);
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

}  // namespace kin::detail
