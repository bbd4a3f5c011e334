// SPDX-License-Identifier: Apache-2.0
// A test's body as a process, in each world that is worth a try: machines of so many workers, and
// simulated ones, seed after seed. What it leaves behind fails it.
#pragma once

#include <kin/exit_reason.hpp>
#include <kin/export.hpp>
#include <kin/machine.hpp>
#include <kin/report.hpp>
#include <kin/sim.hpp>
#include <kin/test/expect.hpp>
#include <kin/test/framework.hpp>

#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace KIN_PUBLIC kin {
namespace test {

/// Where and how a test is played; every field may be left out.
struct plan {
  /// On threads: a run for each, on a machine of so many workers.
  std::vector<unsigned> workers = {2};
  /// Simulated: seeds 1 to this one. The environment's KIN_SEEDS stands above it, unless it is 0;
  /// with KIN_SEED, that seed alone is played, and nothing on threads.
  std::uint64_t seeds = sanitized ? 5 : 20;
  /// Processes that are not linked to the test, and live when all wait after its end, are no
  /// failure.
  bool leaves_processes = false;
  /// Messages in the mailboxes of the test and of its probes at its end are no failure.
  bool leaves_messages = false;
  machine_options machine = {};  ///< of each world; its workers mean nothing
  sim::options simulation = {};  ///< of each seed; its seed and machine mean nothing
};

/// Plays `body` in each of those worlds, as the first process of a fresh machine, until a failure:
/// it must come to its end; then those linked to it are told to shut down; and then nobody may be
/// left, and no message (but see plan). A copy of `body` is made for each run.
///
/// Context  the thread that runs the test; not a process.
void play(const std::function<void()>& body, const plan& how = {}, place where = place::here());
/// As play, in simulated worlds only.
void play_simulated(const std::function<void()>& body, plan how = {}, place where = place::here());
/// As play, on threads only.
void play_on_threads(const std::function<void()>& body, plan how = {}, place where = place::here());

/// Runs `body` as the first process of a fresh machine, on threads. Returns what it ended for; the
/// test has failed if somebody could not be stopped. What is left behind does not matter.
///
/// Context  the thread that runs the test; not a process.
exit_reason reason_of(machine_options options, const std::function<void()>& body,
                      place where = place::here());

/// Where the body that runs now is played.
struct world {
  unsigned workers = 0;    ///< 0: it is simulated, or none runs
  std::uint64_t seed = 0;  ///< 0: on threads, or none runs
};
/// Of the test that runs now.   Thread  any.
[[nodiscard]] world this_world();
/// Whether it is a simulated one: time costs nothing there, and steps much.   Thread  any.
[[nodiscard]] inline bool simulated() { return this_world().seed != 0; }

/// Something that a machine had to say.
struct told {
  kin::severity severity = kin::severity::info;  ///< how much it matters
  std::string title = {};                        ///< what it is
  std::string text = {};                         ///< what people read
};
/// All reports since the run of this body began, info included.   Thread  any.
[[nodiscard]] std::vector<told> reports();
/// Forgets them; so does each run of a body, at its start.   Thread  any.
void forget_reports();
/// A sink for machines that a test makes itself, so that `reports` has what they say.
[[nodiscard]] report_sink quiet();

/// Returns when all other processes of this machine wait, nothing is under way, and none of that
/// can change but by the time that passes, or from outside. On threads that is told by looking
/// again and again; who never waits is waited for no longer than `patience`.
///
/// Waits.   Context  a process.   Cost  a question to each process.
void settle();
/// Lets that time pass, virtual where the test is simulated, and then settles.   Waits.
/// Context  a process.
void pass(duration time);

}  // namespace test
}  // namespace kin
