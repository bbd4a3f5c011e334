// SPDX-License-Identifier: Apache-2.0
// What comes next in a simulation, drawn from a seed.
//
// Uniform: each candidate is as likely as any other. By priorities, as in PCT (Burckhardt and
// others, "A randomized scheduler with probabilistic guarantees of finding bugs"): each actor draws
// a rank when it is first seen, the highest goes first, and at a few places drawn beforehand the
// one that would be next falls behind all others. A bug that needs d events in one order is found
// with a probability that has only d in the exponent.
#pragma once

#include <kin/sim.hpp>

#include <cstddef>
#include <cstdint>
#include <random>
#include <unordered_map>
#include <vector>

namespace kin::detail {

/// Who can come next: a process whose turn it may be, or two between whom a signal is under way.
struct actor {
  std::uint64_t to = 0;
  std::uint64_t from = 0;  // 0, and to itself: a turn
  bool is_turn = true;

  friend bool operator==(const actor&, const actor&) = default;
};
struct actor_hash {
  std::size_t operator()(const actor& a) const noexcept;
};

class chooser {
 public:
  explicit chooser(const sim::options& options);

  /// Which one of them comes next; there is one at least.
  std::size_t choose(const std::vector<actor>& candidates);
  /// It gave way by itself: others come first.
  void gave_way(const actor& one);
  /// Of all that was chosen so far: the same for the same run, nearly never for another.
  [[nodiscard]] std::uint64_t signature() const { return signature_; }
  /// True with that chance.
  bool happens(double chance) {
    return static_cast<double>(chance_() >> 11U) < chance * static_cast<double>(1ULL << 53U);
  }
  /// A number below `limit`.
  std::uint64_t draw(std::uint64_t limit) { return chance_() % limit; }

 private:
  std::size_t highest(const std::vector<actor>& candidates);
  std::uint64_t& rank_of(const actor& one);

  std::mt19937_64 chance_;
  bool by_rank_;
  std::uint64_t steps_ = 0;
  std::vector<std::uint64_t> falls_;  // at these steps, in order of descent
  std::uint64_t lowest_;              // rank that was given so far
  std::unordered_map<actor, std::uint64_t, actor_hash> ranks_;
  std::uint64_t signature_ = 0;
};

}  // namespace kin::detail
