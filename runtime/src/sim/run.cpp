// SPDX-License-Identifier: Apache-2.0
// One simulated run, from the first step of main to the last end.
#include <kin/report.hpp>
#include <kin/sim.hpp>

#include "api/calling_process.hpp"
#include "api/stopping.hpp"
#include "process/scheduling.hpp"
#include "scheduler/machine_core.hpp"
#include "sim/simulation.hpp"
#include "sim/who_waits.hpp"

#include <algorithm>
#include <chrono>
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
  simulated_run(const sim::options& options)
      : options_(options), world_(options), core_(with_own_sink(options.machine), &world_) {
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
    end_.signature = world_.signature();
    std::string last = world_.events().text();
    std::string waits = over ? std::string() : who_waits(core_);
    stop();
    if (!end_.ok()) tell(last, waits);
    return std::move(end_);
  }

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

  void tell(const std::string& last, const std::string& waits) {
    std::ostringstream story;
    const std::string reports = std::move(reports_).str();
    if (!world_.broken().empty()) story << "broken: " << world_.broken() << '\n';
    if (!reports.empty()) story << "reports:\n" << reports;
    story << "the last events:\n" << last;
    if (!waits.empty()) story << "who waits:\n" << waits;
    end_.story = std::move(story).str();
  }

  const sim::options& options_;
  sim::outcome end_;
  std::ostringstream reports_;
  simulation world_;
  machine_core core_;
};

}  // namespace

sim::outcome simulate(const sim::options& options, std::unique_ptr<behaviour> main) {
  if (current_process() != nullptr)
    throw error(badarg, "kin::sim::run was called in a process: it would block its worker");
  return simulated_run(options).play(std::move(main));
}

}  // namespace detail

namespace sim {

void always(std::string what, std::function<bool()> holds) {
  kin::detail::calling_process("kin::sim::always");
  auto* world =
      dynamic_cast<kin::detail::simulation*>(kin::detail::this_worker().machine.driven_by);
  if (world != nullptr) world->always(std::move(what), std::move(holds));
}

bool outcome::ok() const { return ending == ending::over && reason.is_orderly() && left == 0; }

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
