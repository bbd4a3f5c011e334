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
  void clear() { put_back({}); }
  void put_back(std::vector<told> all) {
    const std::lock_guard hold(lock_);
    all_ = std::move(all);
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

std::string in_environment(const char* name) {
  const char* text = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): nobody sets it
  return text == nullptr ? "" : text;
}
std::optional<std::uint64_t> number_in_environment(const char* name) {
  const std::string text = in_environment(name);
  if (text.empty()) return std::nullopt;
  return std::strtoull(text.c_str(), nullptr, 10);
}

/// While it lives no failure of this thread is heard, if the framework can do that.
class trials {
 public:
  trials() : can_(current_framework().begin_trial()) {}
  trials(const trials&) = delete;
  trials& operator=(const trials&) = delete;
  ~trials() {
    if (can_) current_framework().end_trial();
  }
  [[nodiscard]] bool can() const { return can_; }

 private:
  bool can_;
};

// In characters: who would replay a longer one takes the seed.
constexpr std::size_t longest_schedule = 4000;

// The same failure by fewer choices. Nothing if none is found that is worth it, or it does not fail
// again.
std::optional<sim::shrunk> shrunk(const sim::options& failing, const std::function<void()>& run) {
  const auto seconds = number_in_environment("KIN_SHRINK").value_or(5);
  if (seconds == 0 || !failing.schedule.empty()) return std::nullopt;
  const trials scope;
  if (!scope.can()) return std::nullopt;
  const auto afresh = [&run] {
    kin::detail::forget_probes();
    book::the().clear();
    static_cast<void>(current_framework().begin_trial());
    run();
  };
  sim::options again = failing;
  again.machine.reports = into_book({});
  sim::shrunk small =
      sim::shrink(again, afresh, {.limit = std::chrono::seconds(seconds), .tells_reports = true});
  if (small.outcome.ok() || small.schedule.size() > longest_schedule) return std::nullopt;
  return small;
}

std::string replay_line(const std::string& schedule, const std::string& command) {
  return "shrunk; to replay that: KIN_SCHEDULE='" + schedule + "' " + command + '\n';
}

void play_under(std::uint64_t seed, const std::function<void()>& body, const plan& how,
                place where) {
  const std::string only = current_framework().only_this_test();
  std::string command = "KIN_SEED=" + std::to_string(seed);
  if (!only.empty()) command += " <program> " + only;
  const run_of_a_test run(
      {.seed = seed}, where,
      "simulated under seed " + std::to_string(seed) + "; to replay it: " + command);
  sim::options each = how.simulation;
  each.seed = seed;
  each.schedule = in_environment("KIN_SCHEDULE");
  each.machine = how.machine;
  each.machine.reports = into_book(how.machine.reports);
  const std::function<void()> test = checked(body, how, where);
  bool came_to_its_end = false;  // a process that is told to shut down ends well, a test does not
  try {
    sim::explore_options once{.seeds = 1, .first_seed = seed, .each = each, .failed = [&] {
                                return !came_to_its_end || current_framework().has_failed();
                              }};
    once.shrink.runs = 0;  // another run of the body would tell each failure again
    sim::explore(once, [&] {
      test();
      came_to_its_end = true;
    });
  } catch (const sim::failure& found) {
    const std::vector<told> told_then = reports();
    std::optional<sim::shrunk> small = shrunk(each, test);
    book::the().put_back(told_then);
    std::string first = small ? replay_line(small->schedule, command) : "";
    if (found.outcome().ok() && !came_to_its_end)
      first += "the test's own process has ended with " + to_string(found.outcome().reason) + '\n';
    run.fail(first + sim::failure(seed, found.outcome(), std::move(small)).what());
  }
}

}  // namespace

void play(const std::function<void()>& body, const plan& how, place where) {
  framework& hears = current_framework();
  std::optional<std::uint64_t> only;
  std::uint64_t seeds = how.seeds;
  if (seeds != 0) {
    only = number_in_environment("KIN_SEED");
    if (!only && !in_environment("KIN_SCHEDULE").empty()) only = 1;
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
