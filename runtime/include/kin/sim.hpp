// SPDX-License-Identifier: Apache-2.0
// Simulation: the same processes, behaviours and supervisors on one thread, where a seed decides
// who runs next and which signal arrives next, and time is virtual. The same seed gives the same
// run, to the last event, so a bug that shows up once shows up again.
#pragma once

#include <kin/exit_reason.hpp>
#include <kin/export.hpp>
#include <kin/info.hpp>
#include <kin/machine.hpp>
#include <kin/process.hpp>
#include <kin/time.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>

namespace KIN_PUBLIC kin {
namespace sim {

/// How it is chosen what comes next.
enum class order : std::uint8_t {
  by_seed,       ///< odd seeds uniform, even ones by priorities
  uniform,       ///< all that can come next is equally likely
  by_priorities  ///< each process draws a rank, and some fall behind: finds what is rare (PCT)
};

/// One run; every field may be left out.
struct options {
  std::uint64_t seed = 1;                 ///< which run
  sim::order by = order::by_seed;         ///< how what comes next is drawn from it
  std::uint64_t most_steps = 10'000'000;  ///< turns of processes and arrivals of signals
  double kill_chance = 0;                 ///< at each step, that a process is killed: 0 to 1
  /// Which processes may be killed; empty: all but main. Asked of a few, now and then.
  std::function<bool(const process_info&)> may_kill = {};
  machine_options machine = {};  ///< `workers` means nothing; `reports` gets all reports too
};

/// How a run ended.
enum class ending : std::uint8_t {
  over,      ///< main has ended
  all_wait,  ///< nothing can happen any more, and main waits
  too_long,  ///< main had not ended after most_steps
  broken     ///< something that was always to hold did not
};
std::ostream& operator<<(std::ostream& out, ending e);

/// What became of one run.
struct outcome {
  sim::ending ending = ending::over;  ///< of main
  exit_reason reason = normal;        ///< why main ended, if it did
  std::size_t left = 0;               ///< processes that did not end when they were told to stop
  std::uint64_t steps = 0;            ///< until main ended
  duration time = {};                 ///< virtual, until then
  std::uint64_t signature = 0;        ///< of all that was chosen: equal for equal runs
  std::string story = {};             ///< what broke, reports, last events, who waits; lines

  /// Main ended, for an orderly reason, and nobody was left.
  [[nodiscard]] bool ok() const;
};

/// Many runs; every field may be left out.
struct explore_options {
  std::uint64_t seeds = 100;     ///< how many, at most
  std::uint64_t first_seed = 1;  ///< and the following
  duration limit = infinity;     ///< begins no further run after that much real time
  unsigned threads = 1;          ///< that run seeds at once: main is then called on all of them
  options each = {};             ///< of every run; its seed means nothing
  std::function<bool()> failed = {};  ///< asked after a run that went well: a test's own verdict
};

/// What explore has seen.
struct explored {
  std::uint64_t seeds = 0;  ///< runs, all of which went well
  std::uint64_t steps = 0;  ///< of all of them
};

/// A run did not go well. `what()` tells the seed, how it ended and what came before, in lines.
class failure : public std::runtime_error {
 public:
  /// Of that run.
  failure(std::uint64_t seed, sim::outcome outcome);
  /// Replays it: `kin::sim::run({.seed = seed}, main)`.
  [[nodiscard]] std::uint64_t seed() const { return seed_; }
  /// What became of it.
  [[nodiscard]] const sim::outcome& outcome() const { return *outcome_; }

 private:
  std::uint64_t seed_;
  std::shared_ptr<const sim::outcome> outcome_;
};

}  // namespace sim

namespace sim {
/// From now on `holds` is asked after every step of this run; once it says no, the run is over, and
/// broken. On a machine that is not simulated it is never asked: the same program runs on both.
///
/// Context  a process.   Cost  a call a step.
void always(std::string what, std::function<bool()> holds);

/// Lets all others go on until nothing more can happen but by the time that passes: the caller
/// goes on before any timer does. False, at once, where nothing is simulated.
///
/// Waits.   Context  a process.
bool settle();
}  // namespace sim

namespace detail {
sim::outcome simulate(const sim::options& options, std::unique_ptr<behaviour> main);
sim::explored explore(const sim::explore_options& options,
                      const std::function<std::unique_ptr<behaviour>()>& main);
}  // namespace detail

namespace sim {

/// Runs `main` as a process of a simulated machine, on this thread, until it ends; then stops the
/// others as machine::stop does. kin::clock is virtual there: it jumps when all wait, a step takes a
/// microsecond. A process that never waits nor yields holds up the whole world, as any endless loop.
///
/// Throws   kin::error with badarg in a process.
/// Thread   any; several may simulate at once.
/// Cost     some 0.2 µs a step more than on threads.
template <class F>
[[nodiscard]] outcome run(const options& options, F main) {
  return kin::detail::simulate(options, kin::detail::body_of(std::move(main)));
}

/// Runs copies of `main` under seed after seed. The first that does not go well ends it; with
/// several threads, the lowest one of those seen.
///
/// Throws   sim::failure: main ended badly, all waited for ever, it took too many steps, what was
///          always to hold did not, somebody did not stop, or options.failed said so.
/// Thread   any that runs no process.
template <class F>
explored explore(const explore_options& options, const F& main) {
  return kin::detail::explore(options,
                              [&main] { return kin::detail::body_of(std::decay_t<F>(main)); });
}

}  // namespace sim
}  // namespace kin
