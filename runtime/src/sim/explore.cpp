// SPDX-License-Identifier: Apache-2.0
// Many simulated runs, seed after seed.
#include <kin/report.hpp>
#include <kin/sim.hpp>

#include "base/clock.hpp"
#include "process/scheduling.hpp"
#include "sim/event_log.hpp"
#include "sim/play.hpp"
#include "sim/shrink.hpp"

#include <algorithm>
#include <mutex>
#include <optional>
#include <sstream>
#include <thread>
#include <utility>
#include <vector>

namespace kin {
namespace detail {
namespace {

std::string verdict(const sim::outcome& end) {
  std::ostringstream out;
  if (end.ending == sim::ending::all_wait) {
    out << "nothing can happen any more, and main waits";
  } else if (end.ending == sim::ending::too_long) {
    out << "main has not ended";
  } else if (end.ending == sim::ending::broken) {
    out << "something that was always to hold did not";
  } else if (!end.reason.is_orderly()) {
    out << "main ended with " << end.reason;
  } else if (end.left != 0) {
    out << end.left << " processes did not stop";
  } else if (!end.mail_adds_up()) {
    out << "messages were lost or doubled: " << end.mail;
  } else {
    out << "the run went well, but its test says that it failed";
  }
  return std::move(out).str();
}

std::string story_of(std::uint64_t seed, const sim::outcome& end, const sim::shrunk* small) {
  std::ostringstream out;
  out << "seed " << seed << ": " << verdict(end) << ", after " << end.steps << " steps and "
      << seconds(end.time.count()) << " of virtual time\n"
      << "replay it by kin::sim::run({.seed = " << seed << "}, main)\n";
  if (small == nullptr) {
    out << end.story;
  } else {
    out << "shrunk from " << small->choices_before << " choices to " << small->choices << ", by "
        << small->runs << " runs; what follows is the shrunk one\n"
        << "replay that by kin::sim::run({.schedule = \"" << small->schedule << "\"}, main)\n"
        << small->outcome.story;
  }
  return std::move(out).str();
}

class exploration {
 public:
  exploration(const sim::explore_options& options, const main_maker& main)
      : options_(options), main_(main), end_(add(system_now(), options.limit)) {}

  sim::explored run() {
    std::vector<std::thread> others;
    for (unsigned i = 1; i < options_.threads; ++i) others.emplace_back([this] { work(); });
    work();
    for (std::thread& t : others) t.join();
    if (!worst_) return seen_;
    std::optional<sim::shrunk> small = shrunk();
    throw sim::failure(worst_->first, std::move(worst_->second), std::move(small));
  }

 private:
  [[nodiscard]] sim::options of(std::uint64_t seed) const {
    sim::options one = options_.each;
    one.seed = seed;
    return one;
  }
  void work() {
    while (const auto seed = next_seed()) {
      sim::outcome end = simulate(of(*seed), main_());
      const bool went_well = end.ok() && !(options_.failed && options_.failed());
      note(*seed, went_well, std::move(end));
    }
  }
  // A lower seed than the worst so far may be under way: all those are played to the end.
  std::optional<std::uint64_t> next_seed() {
    const std::lock_guard hold(lock_);
    if (worst_ || begun_ == options_.seeds || system_now() > end_) return std::nullopt;
    return options_.first_seed + begun_++;
  }
  void note(std::uint64_t seed, bool went_well, sim::outcome end) {
    const std::lock_guard hold(lock_);
    if (went_well) {
      went_well_ = seed;
      ++seen_.seeds;
      seen_.steps += end.steps;
    } else if (!worst_ || seed < worst_->first) {
      worst_.emplace(seed, std::move(end));
    }
  }

  // A test's verdict that still says no of a run which went well is about no run in particular.
  [[nodiscard]] bool verdict_stays() const {
    if (!went_well_) return true;
    static_cast<void>(simulate(of(*went_well_), main_()));
    return options_.failed();
  }
  [[nodiscard]] std::optional<sim::shrunk> shrunk() const {
    if (options_.shrink.runs == 0) return std::nullopt;
    const bool is_verdict = worst_->second.ok();
    if (is_verdict && verdict_stays()) return std::nullopt;
    sim::options failing = of(worst_->first);
    failing.machine.reports = [](const report& /*told before*/) {};
    return shrink(failing, main_, play(failing, main_()), options_.shrink,
                  is_verdict ? options_.failed : std::function<bool()>());
  }

  const sim::explore_options& options_;
  const main_maker& main_;
  const nanotime end_;
  std::mutex lock_;
  std::uint64_t begun_ = 0;
  sim::explored seen_;
  std::optional<std::uint64_t> went_well_;  // one of those
  std::optional<std::pair<std::uint64_t, sim::outcome>> worst_;
};

}  // namespace

sim::explored explore(const sim::explore_options& options, const main_maker& main) {
  if (current_process() != nullptr)
    throw error(badarg, "kin::sim::explore was called in a process: it would block its worker");
  return exploration(options, main).run();
}

}  // namespace detail

namespace sim {

failure::failure(std::uint64_t seed, sim::outcome outcome, std::optional<sim::shrunk> shrunk)
    : std::runtime_error(kin::detail::story_of(seed, outcome, shrunk ? &*shrunk : nullptr)),
      seed_(seed),
      outcome_(std::make_shared<const sim::outcome>(std::move(outcome))),
      shrunk_(shrunk ? std::make_shared<const sim::shrunk>(*std::move(shrunk)) : nullptr) {}

}  // namespace sim
}  // namespace kin
