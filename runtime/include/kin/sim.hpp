// SPDX-License-Identifier: Apache-2.0
// Simulation: the same processes, behaviours and supervisors on one thread, where a seed decides
// who runs next, which signal arrives next and what fails, and time is virtual. The same seed gives
// the same run, to the last event, so a bug that shows up once shows up again; and a run that failed
// can be shrunk to the few choices that matter.
#pragma once

#include <kin/exit_reason.hpp>
#include <kin/export.hpp>
#include <kin/info.hpp>
#include <kin/machine.hpp>
#include <kin/process.hpp>
#include <kin/time.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace KIN_PUBLIC kin {
namespace sim {

/// How it is chosen what comes next.
enum class order : std::uint8_t {
  by_seed,       ///< odd seeds uniform, even ones by priorities
  uniform,       ///< all that can come next is equally likely
  by_priorities  ///< each process draws a rank, and some fall behind: finds what is rare (PCT)
};

/// What fails by chance, from 0 to 1, as long as main has not ended; every field may be left out.
/// Whatever the chances, signals from one process to another keep their order, and no timer is early.
struct faults {
  double kill = 0;   ///< at each step, that one of them is killed
  double delay = 0;  ///< of each signal to one, that it is late, with all behind it of its sender
  double late_timer = 0;    ///< of each timer and time limit of one, that it fires late
  double failed_spawn = 0;  ///< of each spawn by one: kin::error with system_limit
  double full_mailbox = 0;  ///< of each send to one that has a bound: no room, whatever it holds
  double failed_allocation = 0;                        ///< of each may_fail in one: std::bad_alloc
  duration delay_max = std::chrono::milliseconds(10);  ///< drawn from 1 µs to this, virtual
  duration late_max = std::chrono::milliseconds(10);   ///< the same, of timers; up to an hour
  /// Whom it meets. Empty: all; but main, which is never killed, spawns and allocates without fault.
  /// Asked of a few, now and then; must not throw.
  std::function<bool(const process_info&)> among = {};
};

/// One run; every field may be left out.
struct options {
  std::uint64_t seed = 1;                 ///< which run
  sim::order by = order::by_seed;         ///< how what comes next is drawn from it
  std::uint64_t most_steps = 10'000'000;  ///< turns of processes and arrivals of signals
  std::vector<sim::faults> faults = {};   ///< of groups of processes, each with its own chances
  /// Exactly that run, as sim::shrunk tells it; what seed, by and faults say means nothing then.
  std::string schedule = {};
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

/// How often something failed.
struct fault_counts {
  std::uint64_t kills = 0;               ///< processes
  std::uint64_t delays = 0;              ///< signals, without those behind them
  std::uint64_t late_timers = 0;         ///< and time limits
  std::uint64_t failed_spawns = 0;       ///< that would have been done
  std::uint64_t full_mailboxes = 0;      ///< sends
  std::uint64_t failed_allocations = 0;  ///< calls of may_fail
};

/// What became of one run.
struct outcome {
  sim::ending ending = ending::over;  ///< of main
  exit_reason reason = normal;        ///< why main ended, if it did
  std::size_t left = 0;               ///< processes that did not end when they were told to stop
  std::uint64_t steps = 0;            ///< until main ended
  duration time = {};                 ///< virtual, until then
  std::uint64_t signature = 0;        ///< of all that was chosen: equal for equal runs
  fault_counts faults = {};           ///< what failed
  mail_counts mail = {};              ///< what became of all messages, until the last process ended
  std::string broken = {};            ///< what was always to hold and did not; else empty
  std::string story = {};             ///< what broke, reports, last events, who waits; lines

  /// Whether a message was lost, or came twice.
  [[nodiscard]] bool mail_adds_up() const { return left != 0 || mail.add_up(); }
  /// Main ended, for an orderly reason, nobody was left, and no message was lost.
  [[nodiscard]] bool ok() const;
};

/// A run with as few choices of its own as could be found that ends like the one it comes from: the
/// same ending, for the same reason. What is no choice goes the plain way: one thing after another,
/// and nothing fails.
struct shrunk {
  std::string schedule = {};       ///< replays it: `kin::sim::run({.schedule = schedule}, main)`
  std::size_t choices = 0;         ///< in it
  std::size_t choices_before = 0;  ///< in the run it comes from
  std::uint64_t runs = 0;          ///< it took
  sim::outcome outcome = {};       ///< of the shrunk run
};

/// How much to spend on shrinking one run; every field may be left out.
struct effort {
  std::uint64_t runs = 500;                  ///< at most; 0: it is not shrunk
  duration limit = std::chrono::seconds(5);  ///< begins no further run after that much real time
  /// The sink of the machine's options hears of all these runs. Else of none but the first.
  bool tells_reports = false;
};

/// Many runs; every field may be left out.
struct explore_options {
  std::uint64_t seeds = 100;     ///< how many, at most
  std::uint64_t first_seed = 1;  ///< and the following
  duration limit = infinity;     ///< begins no further run after that much real time
  unsigned threads = 1;          ///< that run seeds at once: main is then called on all of them
  options each = {};             ///< of every run; its seed means nothing
  std::function<bool()> failed = {};  ///< asked after a run that went well: a test's own verdict
  effort shrink = {};                 ///< of what failed
};

/// What explore has seen.
struct explored {
  std::uint64_t seeds = 0;  ///< runs, all of which went well
  std::uint64_t steps = 0;  ///< of all of them
};

/// A run did not go well. `what()` tells the seed, how it ended and what came before, in lines.
class failure : public std::runtime_error {
 public:
  /// Of that run, and what it was shrunk to, if it was.
  failure(std::uint64_t seed, sim::outcome outcome, std::optional<sim::shrunk> shrunk = {});
  /// Replays it: `kin::sim::run({.seed = seed}, main)`.
  [[nodiscard]] std::uint64_t seed() const { return seed_; }
  /// Of that run.
  [[nodiscard]] const sim::outcome& outcome() const { return *outcome_; }
  /// What it was shrunk to; null if it was not: no effort was allowed, or it is a test's own verdict
  /// that stays no, so that it says nothing of another run.
  [[nodiscard]] const sim::shrunk* shrunk() const { return shrunk_.get(); }

 private:
  std::uint64_t seed_;
  std::shared_ptr<const sim::outcome> outcome_;
  std::shared_ptr<const sim::shrunk> shrunk_;
};

}  // namespace sim

namespace sim {
/// From now on `holds` is asked after every step of this run; once it says no, or throws, the run is
/// over, and broken. On a machine that is not simulated it is never asked: the same program runs on
/// both. It is asked outside all processes, and only looks.
///
/// Context  a process.   Cost  a call a step.
void always(std::string what, std::function<bool()> holds);

/// Lets all others go on until nothing more can happen but by the time that passes: the caller
/// goes on before any timer does. False, at once, where nothing is simulated.
///
/// Waits.   Context  a process.
bool settle();

/// A place where the process that runs it may fail to get memory: throws std::bad_alloc by the chance
/// `failed_allocation` of a simulation. `what` names the place in the story of the run. Elsewhere, and
/// in a process that ends or unwinds already, it does nothing.
///
/// Thread  any.   Cost  a few ns where nothing is simulated.
void may_fail(std::string_view what);
}  // namespace sim

namespace detail {
using main_maker = std::function<std::unique_ptr<behaviour>()>;
sim::outcome simulate(const sim::options& options, std::unique_ptr<behaviour> main);
sim::shrunk shrink(const sim::options& options, const main_maker& main, const sim::effort& effort);
sim::explored explore(const sim::explore_options& options, const main_maker& main);
}  // namespace detail

namespace sim {

/// Runs `main` as a process of a simulated machine, on this thread, until it ends; then stops the
/// others as machine::stop does. kin::clock is virtual there: it jumps when all wait, a step takes a
/// microsecond. A process that never waits nor yields holds up the whole world, as any endless loop.
///
/// kin::blocking runs its function at once, on this thread. Threads of the program's own are not
/// simulated, and nothing they send gets in: their send, cast and call throw kin::error with badarg.
///
/// Throws   kin::error with badarg in a process, and for a schedule that is none.
/// Thread   any; several may simulate at once.
/// Cost     some 0.2 µs a step more than on threads.
template <class F>
[[nodiscard]] outcome run(const options& options, F main) {
  return kin::detail::simulate(options, kin::detail::body_of(std::move(main)));
}

/// Runs copies of `main` as `options` say, then with fewer and fewer choices, as long as the run ends
/// like the first one. A run that goes well is not shrunk, but its schedule is told.
///
/// Throws   kin::error with badarg in a process.
/// Thread   any that runs no process.
template <class F>
[[nodiscard]] shrunk shrink(const options& options, const F& main, const effort& effort = {}) {
  return kin::detail::shrink(
      options, [&main] { return kin::detail::body_of(std::decay_t<F>(main)); }, effort);
}

/// Runs copies of `main` under seed after seed. The first that does not go well ends it; with
/// several threads, the lowest one of those seen. It is shrunk on this thread, which runs main again
/// and again.
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
