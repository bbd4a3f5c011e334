// SPDX-License-Identifier: Apache-2.0
#include <kin/process.hpp>
#include <kin/test/play.hpp>

#include "test/end_checks.hpp"

#include <chrono>
#include <cstdlib>
#include <mutex>
#include <optional>
#include <sstream>
#include <thread>

namespace kin::test {
namespace {

// Written while no machine runs but such as the test has made itself.
world& the_world() {
  static world one;
  return one;
}

class book {
 public:
  static book& the() {
    static book one;
    return one;
  }
  void add(const report& r) {
    const std::lock_guard hold(lock_);
    all_.push_back({r.severity, std::string(r.title), r.text});
  }
  std::vector<told> copy() {
    const std::lock_guard hold(lock_);
    return all_;
  }
  void clear() {
    const std::lock_guard hold(lock_);
    all_.clear();
  }

 private:
  std::mutex lock_;
  std::vector<told> all_;
};

/// One run: what a world is as long as a body is played there, and what a bad end adds to it.
class run_of_a_test {
 public:
  run_of_a_test(world where_played, place where, const std::string& circumstances) : where_(where) {
    kin::detail::forget_probes();
    book::the().clear();
    the_world() = where_played;
    current_framework().enter(where, circumstances);
  }
  run_of_a_test(const run_of_a_test&) = delete;
  run_of_a_test& operator=(const run_of_a_test&) = delete;
  ~run_of_a_test() {
    current_framework().leave();
    the_world() = {};
    kin::detail::forget_probes();
  }
  void fail(const std::string& text) const { current_framework().fail(where_, text); }

 private:
  place where_;
};

report_sink into_book(report_sink theirs) {
  return [theirs = std::move(theirs)](const report& r) {
    book::the().add(r);
    if (theirs) theirs(r);
  };
}

std::function<void()> checked(const std::function<void()>& body, const plan& how, place where) {
  return [&body, &how, where] {
    const std::function<void()> copy = body;
    copy();
    if (!current_framework().has_failed()) kin::detail::check_end(how, where);
    // A run that ends badly tells its last events.
    if (simulated() && current_framework().has_failed()) kin::exit("the test has failed");
  };
}

// A thread of the test's own may be about to send something, which it has counted, and to find nobody.
bool adds_up(const machine& stopped) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(1);
  while (!stopped.mail().add_up()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::yield();
  }
  return true;
}

exit_reason run_on_threads(const machine_options& options, const std::function<void()>& body,
                           const run_of_a_test& run) {
  machine_options mine = options;
  mine.reports = into_book(options.reports);
  mine.counts_mail = true;
  machine one(std::move(mine));
  exit_reason why = one.run(body);
  const std::vector<straggler> left = one.stop();
  for (const straggler& s : left) {
    std::ostringstream text;
    text << s.pid << ' ' << s.name << " could not be stopped: it " << s.doing;
    run.fail(std::move(text).str());
  }
  if (left.empty() && one.process_count() != 0)
    run.fail("the machine has stopped, and counts " + std::to_string(one.process_count()) +
             " processes");
  if (left.empty() && !adds_up(one)) {
    std::ostringstream text;
    text << "messages were lost or doubled: " << one.mail();
    run.fail(std::move(text).str());
  }
  return why;
}

std::string reports_as_text() {
  std::string text;
  for (const told& t : reports()) {
    if (t.severity != severity::info) text += '\n' + t.title + '\n' + t.text;
  }
  return text;
}

void play_on(unsigned workers, const std::function<void()>& body, const plan& how, place where) {
  const std::string circumstances =
      "on " + std::to_string(workers) + (workers == 1 ? " worker" : " workers");
  const run_of_a_test run({.workers = workers}, where, circumstances);
  machine_options options = how.machine;
  options.workers = workers;
  const exit_reason why = run_on_threads(options, checked(body, how, where), run);
  if (why != normal) {
    std::ostringstream text;
    text << "the test's own process has ended with " << why;
    run.fail(std::move(text).str());
  }
  // What failed in a process had another thread's circumstances.
  if (current_framework().has_failed()) run.fail("this was " + circumstances + reports_as_text());
}

void play_under(std::uint64_t seed, const std::function<void()>& body, const plan& how,
                place where) {
  const std::string only = current_framework().only_this_test();
  std::string circumstances = "simulated under seed " + std::to_string(seed) +
                              "; to replay it: KIN_SEED=" + std::to_string(seed);
  if (!only.empty()) circumstances += " <program> " + only;
  const run_of_a_test run({.seed = seed}, where, circumstances);
  sim::options each = how.simulation;
  each.machine = how.machine;
  each.machine.reports = into_book(how.machine.reports);
  bool came_to_its_end = false;  // a process that is told to shut down ends well, a test does not
  try {
    sim::explore_options once{
        .seeds = 1, .first_seed = seed, .each = std::move(each), .failed = [&] {
          return !came_to_its_end || current_framework().has_failed();
        }};
    once.shrink.runs = 0;  // another run of the body would tell each failure again
    sim::explore(once, [&came_to_its_end, test = checked(body, how, where)] {
      test();
      came_to_its_end = true;
    });
  } catch (const sim::failure& found) {
    std::string text;
    if (found.outcome().ok() && !came_to_its_end)
      text = "the test's own process has ended with " + to_string(found.outcome().reason) + '\n';
    run.fail(text + found.what());
  }
}

std::optional<std::uint64_t> number_in_environment(const char* name) {
  const char* text = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): nobody sets it
  if (text == nullptr || *text == '\0') return std::nullopt;
  return std::strtoull(text, nullptr, 10);
}

}  // namespace

void play(const std::function<void()>& body, const plan& how, place where) {
  framework& hears = current_framework();
  std::optional<std::uint64_t> only;
  std::uint64_t seeds = how.seeds;
  if (seeds != 0) {
    only = number_in_environment("KIN_SEED");
    seeds = only ? 1 : number_in_environment("KIN_SEEDS").value_or(seeds);
  }
  if (!only) {
    for (const unsigned workers : how.workers) {
      if (hears.has_failed()) return;
      play_on(workers, body, how, where);
    }
  }
  for (std::uint64_t i = 0; i < seeds && !hears.has_failed(); ++i)
    play_under(only.value_or(1) + i, body, how, where);
}

void play_simulated(const std::function<void()>& body, plan how, place where) {
  how.workers.clear();
  play(body, how, where);
}

void play_on_threads(const std::function<void()>& body, plan how, place where) {
  how.seeds = 0;
  play(body, how, where);
}

exit_reason reason_of(machine_options options, const std::function<void()>& body, place where) {
  if (options.workers == 0) options.workers = 2;
  const run_of_a_test run({.workers = options.workers}, where,
                          "on " + std::to_string(options.workers) + " workers");
  return run_on_threads(options, body, run);
}

world this_world() { return the_world(); }

std::vector<told> reports() { return book::the().copy(); }

void forget_reports() { book::the().clear(); }

report_sink quiet() { return into_book({}); }

}  // namespace kin::test
