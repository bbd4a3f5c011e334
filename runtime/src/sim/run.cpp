// SPDX-License-Identifier: Apache-2.0
// One simulated run, from the first step of main to the last end.
#include <kin/report.hpp>
#include <kin/sim.hpp>

#include "api/calling_process.hpp"
#include "api/stopping.hpp"
#include "process/scheduling.hpp"
#include "scheduler/machine_core.hpp"
#include "sim/play.hpp"
#include "sim/simulation.hpp"
#include "sim/who_waits.hpp"

#include <algorithm>
#include <chrono>
#include <new>
#include <ostream>
#include <sstream>
#include <utility>

namespace kin {
namespace detail {
namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t steps_to_stop = 1'000'000;

class simulated_run {
 public:
  simulated_run(const sim::options& options, bool records)
      : options_(options),
        world_(options, records),
        core_(with_own_sink(options.machine), &world_),
        driven_here_(core_) {
    world_.drives(core_);
    core_.start();
  }

  sim::outcome play(std::unique_ptr<behaviour> main) {
    const pid root = core_.spawn_from_outside(std::move(main), true);
    bool over = false;
    world_.go_on(options_.most_steps, never,
                 [&] { return over || (over = core_.has_ended(root, end_.reason)); });
    end_.ending = ending(over);
    end_.steps = world_.steps();
    end_.time = duration(world_.now());
    end_.faults = world_.faults();
    end_.broken = world_.broken();
    std::string told = world_.events().told_text();
    std::string last = world_.events().text();
    std::string waits = over ? std::string() : who_waits(core_);
    world_.spare();
    stop();
    end_.signature = world_.signature();
    end_.mail = core_.mail();
    end_.mail.under_way = world_.mail_under_way();
    if (!end_.ok()) tell(told, last, waits);
    return std::move(end_);
  }
  [[nodiscard]] const choice_list& choices() const { return world_.choices(); }

 private:
  [[nodiscard]] sim::ending ending(bool over) const {
    if (!world_.broken().empty()) return sim::ending::broken;
    if (over) return sim::ending::over;
    return world_.is_out_of_steps() ? sim::ending::too_long : sim::ending::all_wait;
  }
  machine_options with_own_sink(machine_options given) {
    given.reports = [this, theirs = given.reports](const report& r) {
      reports_ << r.title << '\n' << r.text << '\n';
      if (theirs) theirs(r);
    };
    return given;
  }

  // As machine::stop: those started from outside, then who is nobody's child, then by force.
  void stop() {
    const nanotime half_time = add(world_.now(), core_.options.stop_limit / 2);
    core_.begin_stop();
    stop_roots(core_);
    world_.go_on(steps_to_stop, half_time, [this] { return core_.roots().empty(); });
    for (duration pause = 1ms; core_.process_count() != 0 && world_.now() < half_time; pause *= 2) {
      stop_orphans(core_);
      settle(std::min(add(world_.now(), pause), half_time));
    }
    end_.left = core_.process_count();
    kill_all(core_);
    settle(never);
  }
  void settle(nanotime until) {
    world_.go_on(steps_to_stop, until, [this] { return core_.process_count() == 0; });
  }

  void tell(const std::string& told, const std::string& last, const std::string& waits) {
    std::ostringstream story;
    const std::string reports = std::move(reports_).str();
    if (!end_.broken.empty()) story << "broken: " << end_.broken << '\n';
    if (!reports.empty()) story << "reports:\n" << reports;
    if (!told.empty()) story << "its choices:\n" << told;
    story << "the last events:\n" << last;
    if (!waits.empty()) story << "who waits:\n" << waits;
    end_.story = std::move(story).str();
  }

  const sim::options& options_;
  sim::outcome end_;
  std::ostringstream reports_;
  simulation world_;
  machine_core core_;
  driving_thread driven_here_;
};

void refuse_on_worker(const char* what) {
  if (here() != nullptr)
    throw error(badarg, std::string(what) + " was called in a process: it would block its worker");
}

// Of the machine that this thread runs, if it is one.
simulation* this_simulation() {
  const worker* w = here();
  return w == nullptr ? nullptr : dynamic_cast<simulation*>(w->machine.driven_by);
}

}  // namespace

played play(const sim::options& options, std::unique_ptr<behaviour> main) {
  refuse_on_worker("kin::sim::shrink or explore");
  simulated_run run(options, true);
  played all;
  all.end = run.play(std::move(main));
  all.choices = run.choices();
  return all;
}

sim::outcome simulate(const sim::options& options, std::unique_ptr<behaviour> main) {
  refuse_on_worker("kin::sim::run");
  return simulated_run(options, false).play(std::move(main));
}

}  // namespace detail

namespace sim {

void always(std::string what, std::function<bool()> holds) {
  kin::detail::calling_process("kin::sim::always");
  auto* world = kin::detail::this_simulation();
  if (world != nullptr) world->always(std::move(what), std::move(holds));
}

void may_fail(std::string_view what) {
  const kin::detail::worker* w = kin::detail::here();
  if (w == nullptr || w->machine.driven_by == nullptr || w->current == nullptr) [[likely]]
    return;
  kin::detail::control_block& p = *w->current;
  const bool ends = p.is(kin::detail::flag_exiting) || p.is(kin::detail::flag_doomed);
  if (ends || p.is(kin::detail::flag_draining) || w->exceptions->uncaught != 0) return;
  auto* world = kin::detail::this_simulation();
  if (world != nullptr && world->fails_allocation(p, what)) throw std::bad_alloc();
}

bool outcome::ok() const {
  return ending == ending::over && reason.is_orderly() && left == 0 && mail_adds_up();
}

std::ostream& operator<<(std::ostream& out, ending e) {
  switch (e) {
    case ending::over:
      return out << "over";
    case ending::all_wait:
      return out << "all wait";
    case ending::too_long:
      return out << "too long";
    case ending::broken:
      return out << "broken";
  }
  return out;
}

}  // namespace sim
}  // namespace kin
