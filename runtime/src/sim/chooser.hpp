// SPDX-License-Identifier: Apache-2.0
// What comes next in a simulation, and what fails in it: drawn from a seed, or as a schedule says.
//
// Uniform: each candidate is as likely as any other. By priorities, as in PCT (Burckhardt and
// others, "A randomized scheduler with probabilistic guarantees of finding bugs"): each actor draws
// a rank when it is first seen, the highest goes first, and at a few places drawn beforehand the
// one that would be next falls behind all others. A bug that needs d events in one order is found
// with a probability that has only d in the exponent.
// By a schedule: the plain way (schedule.hpp), but for the choices it names. One that cannot be made,
// since a run without the others has gone another way, is passed over.
#pragma once

#include <kin/sim.hpp>

#include "sim/schedule.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <random>
#include <tuple>
#include <unordered_map>
#include <vector>

namespace kin::detail {

struct actor_hash {
  std::size_t operator()(const actor& a) const noexcept;
};

/// One that can come next, and since when.
struct candidate {
  actor who = {};
  std::uint64_t step = 0;   // that brought it about; 0: it gave way
  std::uint64_t place = 0;  // counts all that there were
};

class chooser {
 public:
  /// With `records`, it knows afterwards what was not plain.
  explicit chooser(const sim::options& options, bool records = false);

  /// Begins a step: which one of them comes next; there is one at least.
  std::size_t choose(const std::vector<candidate>& all);
  /// It gave way by itself: others come first.
  void gave_way(const actor& one);

  /// The same for the same run, nearly never for another.
  [[nodiscard]] std::uint64_t signature() const { return signature_; }
  /// So far.
  [[nodiscard]] std::uint64_t steps() const { return steps_; }

  /// It goes by a schedule, not by chance.
  [[nodiscard]] bool is_told() const { return is_told_; }
  /// One more question of that kind in this step. Filled in as the schedule wants it to be answered,
  /// nothing if that is the plain way, or if it goes by chance.
  std::optional<choice> told(choice_kind kind);
  /// The answer to the question that was asked last, if it is not the plain one.
  void note(choice_kind kind, const actor& who, std::uint64_t amount);
  /// What was not plain, with `records`.
  [[nodiscard]] const choice_list& choices() const { return choices_; }
  /// Of what came last: it was not plain, and the schedule said so.
  [[nodiscard]] bool was_told() const { return was_told_; }

  /// True with that chance.
  bool happens(double chance) {
    return static_cast<double>(chance_() >> 11U) < chance * static_cast<double>(1ULL << 53U);
  }
  /// A number below `limit`.
  std::uint64_t draw(std::uint64_t limit) { return chance_() % limit; }

 private:
  using question = std::tuple<std::uint64_t, choice_kind, std::uint64_t>;  // step, kind, nth

  void plan(const choice_list& choices);
  [[nodiscard]] std::size_t plain(const std::vector<candidate>& all) const;
  std::size_t as_told(const std::vector<candidate>& all);
  std::size_t highest(const std::vector<candidate>& all);
  std::uint64_t& rank_of(const actor& one);
  void sign(std::uint64_t what);

  std::mt19937_64 chance_;
  bool by_rank_;
  bool records_;
  bool is_told_;
  bool was_told_ = false;
  std::uint64_t steps_ = 0;
  std::vector<std::uint64_t> falls_;  // at these steps, in order of descent
  std::uint64_t lowest_;              // rank that was given so far
  std::unordered_map<actor, std::uint64_t, actor_hash> ranks_;
  std::uint64_t signature_ = 0;

  std::map<question, choice> plan_;
  std::array<std::uint64_t, choice_kinds> asked_{};  // in this step
  choice_list choices_;
};

}  // namespace kin::detail
