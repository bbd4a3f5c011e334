// SPDX-License-Identifier: Apache-2.0
#include "report.hpp"

#include "support.hpp"

#include <fmt/core.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace kin::bench {
namespace {

// What a workload is judged by. For near cores (README.md); nanoseconds of another machine mean
// little.
struct goal {
  std::string_view workload;
  std::string_view counter;
  double limit;
};
constexpr std::array goals{
    goal{"ping_pong", per_op_ns, 90},
    goal{"ping_pong_pairs", per_op_ns, 35},
    goal{"thread_ring", per_op_ns, 50},
    goal{"thread_ring_100k", per_op_ns, 60},
    goal{"call", per_op_ns, 150},
    goal{"call_many", per_op_ns, 50},
    goal{"fan_in", per_op_ns, 35},
    goal{"spawn_exit", per_op_ns, 100},
    goal{"spawn_exit_monitor", per_op_ns, 150},
    goal{"idle_server", bytes_per_process, 320},
    goal{"idle_cpu", cpu_ms, 0},
    goal{"fairness", p99_us, 10},
    goal{"fairness_timer", p99_us, 5000},
};

goal goal_of(std::string_view workload) {
  const auto* found = std::ranges::find(goals, workload, &goal::workload);
  return found != goals.end() ? *found : goal{workload, per_op_ns, 0};
}

// Rounded as it is printed: an idle CPU of 0.04 ms is 0.0, and ok.
bool reached(const goal& g, double value) { return value < g.limit + 0.05; }

std::string_view unit_of(const goal& g) {
  if (g.counter == bytes_per_process) return "bytes";
  if (g.counter == cpu_ms) return "ms/s";
  if (g.counter == p99_us) return "us p99";
  return "ns/op";
}

// A change in between makes a measurement none of these.
bool is_near(const measurement& m) { return m.before.near() && m.after.near(); }
bool is_far(const measurement& m) { return !m.before.near() && !m.after.near(); }
bool is_alone(const measurement& m) { return m.before.alone() && m.after.alone(); }

double median(std::vector<double> values) {
  std::ranges::sort(values);
  const std::size_t middle = values.size() / 2;
  return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

template <class Wanted>
std::vector<double> values_of(const std::vector<measurement>& all, Wanted wanted) {
  std::vector<double> values;
  for (const measurement& m : all) {
    if (wanted(m)) values.push_back(m.value);
  }
  return values;
}
std::vector<double> values_of(const result& r) {
  return values_of(r.all, [](const measurement&) { return true; });
}

std::string with_count(const std::vector<double>& values) {
  return values.empty() ? "-" : fmt::format("{:.1f} ({})", median(values), values.size());
}

// "ok" and "over" are said of the measurements that the goals are for; where there are none, of
// the next best, and it says so.
std::string verdict(const goal& g, const result& r) {
  if (g.limit == 0 && g.counter != cpu_ms) return "";
  const auto said_of = [&g](const std::vector<double>& values, std::string_view but) {
    return fmt::format("{}{}", reached(g, median(values)) ? "ok" : "over", but);
  };
  if (const auto alone = values_of(r.all, is_alone); !alone.empty()) return said_of(alone, "");
  if (const auto near = values_of(r.all, is_near); !near.empty()) return said_of(near, ", shared");
  return said_of(values_of(r), ", not near");
}

void print_head(std::string_view last) {
  fmt::print("{:<20}{:>11}{:>9}{:>9}{:>9} {:<6}{:>7}  {:<15}{:>12}{:>12}{:>12}{:>8}  {}\n",
             "workload", "n", "median", "min", "max", "", "goal", "", "alone", "near", "far",
             "others", last);
}

void print_row(const result& r, std::string_view last) {
  const goal g = goal_of(r.workload);
  const std::vector<double> values = values_of(r);
  std::vector<double> others;
  for (const measurement& m : r.all) others.push_back(m.others_percent);
  fmt::print(
      "{:<20}{:>11.0f}{:>9.1f}{:>9.1f}{:>9.1f} {:<6}{:>7}  {:<15}{:>12}{:>12}{:>12}{:>7.0f}%  {}\n",
      r.workload, r.n, median(values), *std::ranges::min_element(values),
      *std::ranges::max_element(values), unit_of(g), fmt::format("<= {:.0f}", g.limit),
      verdict(g, r), with_count(values_of(r.all, is_alone)), with_count(values_of(r.all, is_near)),
      with_count(values_of(r.all, is_far)), median(others), last);
  std::fflush(stdout);
}

std::string spread_text(const result& r) {
  if (goal_of(r.workload).counter != p99_us) return "";
  std::string text = "us p50/max: ";
  for (const measurement& m : r.all) text += fmt::format("{:.1f}/{:.0f} ", m.late.p50, m.late.max);
  return text;
}

std::string cores_of(const result& r) {
  std::string text;
  for (const measurement& m : r.all) {
    text += fmt::format("{:.0f}/{:.1f}>{:.0f}/{:.1f} ", m.before.distance_ns,
                        m.before.additions_a_cycle, m.after.distance_ns, m.after.additions_a_cycle);
  }
  return text;
}

}  // namespace

void report::begin_round(int round, int rounds) {
  round_ = round;
  rounds_ = rounds;
}

bool report::ReportContext(const Context& /*context*/) {
  fmt::print("{}round {} of {}\n", round_ == 1 ? "" : "\n", round_, rounds_);
  print_head("cores before>after each: distance, ns / additions a cycle");
  return true;
}

void report::ReportRuns(const std::vector<Run>& runs) {
  result r;
  for (const Run& run : runs) {
    if (run.run_type == Run::RT_Aggregate) continue;
    r.workload = run.run_name.function_name;
    if (run.error_occurred) {
      failed_ = true;
      fmt::print("{:<20}{}\n", r.workload, run.error_message);
      std::fflush(stdout);
      continue;
    }
    const auto counter = [&run](std::string_view name) {
      return run.counters.at(std::string(name)).value;
    };
    r.n = counter(operations);
    r.all.push_back({.value = counter(goal_of(r.workload).counter),
                     .per_op_ns = counter(per_op_ns),
                     .bytes_per_process = counter(bytes_per_process),
                     .late = {counter(p50_us), counter(p99_us), counter(max_us)},
                     .before = {counter(cores_before_ns), counter(additions_before)},
                     .after = {counter(cores_after_ns), counter(additions_after)},
                     .others_percent = counter(others_percent)});
  }
  if (r.all.empty()) return;
  print_row(r, spread_text(r) + cores_of(r));
  append_json(r);

  auto known = std::ranges::find(total_, r.workload, &result::workload);
  if (known == total_.end()) {
    total_.push_back(std::move(r));
  } else {
    std::ranges::move(r.all, std::back_inserter(known->all));
  }
}

void report::summarize() const {
  if (total_.empty()) return;
  fmt::print("\nall rounds; alone, near and far: median (measurements)\n");
  print_head("");
  for (const result& r : total_) print_row(r, spread_text(r));
}

void report::append_json(const result& r) const {
  if (json_path_.empty()) return;
  const goal g = goal_of(r.workload);
  const auto median_of = [&r](double measurement::*member) {
    std::vector<double> values;
    for (const measurement& m : r.all) values.push_back(m.*member);
    return median(values);
  };
  const std::vector<double> values = values_of(r);
  nlohmann::ordered_json line{{"workload", r.workload}, {"n", static_cast<std::int64_t>(r.n)}};
  // A thousand servers that sleep for a second have no time per operation; most workloads do not
  // weigh processes.
  line["per_op_ns"] = nullptr;
  line["bytes_per_process"] = nullptr;
  if (g.counter != cpu_ms && g.counter != p99_us)
    line["per_op_ns"] = median_of(&measurement::per_op_ns);
  if (g.counter == bytes_per_process) line["bytes_per_process"] = median(values);
  if (g.counter == cpu_ms) line["cpu_ms"] = median(values);
  if (g.counter == p99_us) {
    line["p50_us"] = nlohmann::ordered_json::array();
    line["max_us"] = nlohmann::ordered_json::array();
    for (const measurement& m : r.all) {
      line["p50_us"].push_back(m.late.p50);
      line["max_us"].push_back(m.late.max);
    }
  }
  line["min"] = *std::ranges::min_element(values);
  line["max"] = *std::ranges::max_element(values);
  line["round"] = round_;
  line["others_percent"] = median_of(&measurement::others_percent);
  line["cores_ns"] = nlohmann::ordered_json::array();
  line["additions_a_cycle"] = nlohmann::ordered_json::array();
  for (const measurement& m : r.all) {
    line["cores_ns"].push_back({m.before.distance_ns, m.after.distance_ns});
    line["additions_a_cycle"].push_back({m.before.additions_a_cycle, m.after.additions_a_cycle});
  }
  std::ofstream out(json_path_, std::ios::app);
  if (!(out << line << '\n' << std::flush)) throw std::runtime_error("cannot write " + json_path_);
}

}  // namespace kin::bench
