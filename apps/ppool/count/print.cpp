// SPDX-License-Identifier: Apache-2.0
#include "print.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <iterator>

namespace ppool {
namespace {

using document = nlohmann::ordered_json;

document as_json(const totals& sum) {
  return {{"files", sum.files},
          {"matched_files", sum.matched_files},
          {"binary_files", sum.binary_files},
          {"lines", sum.lines},
          {"matches", sum.matches},
          {"bytes", sum.bytes}};
}

document as_json(const pool_report& pool) {
  document value{{"name", pool.name}, {"limit", pool.limit}};
  value.update(as_json(pool.sum));
  return value;
}

double seconds(const report& report) {
  return std::chrono::duration<double>{report.took()}.count();
}

}  // namespace

std::string listing(const report& report, bool all) {
  std::string text;
  for (const auto& [count, pool] : report.files()) {
    if (!all && count.matches == 0) continue;
    fmt::format_to(std::back_inserter(text), "{}:{}\n", count.path.native(), count.matches);
  }
  return text;
}

std::string summary(const report& report) {
  std::string text;
  const auto say = [&text]<class... Values>(fmt::format_string<Values...> form,
                                            Values&&... values) {
    text += "ppool: ";
    fmt::format_to(std::back_inserter(text), form, std::forward<Values>(values)...);
    text += '\n';
  };
  for (const auto& failed : report.failures()) say("{}: {}", failed.path.native(), failed.why);
  for (const auto& [count, pool] : report.files()) {
    if (count.binary && count.matches > 0) say("{}: binary file matches", count.path.native());
  }
  if (report.pools().size() > 1) {
    for (const auto& pool : report.pools()) {
      say("pool {}, {}: {}, {}", pool.name,
          counted(static_cast<std::uint64_t>(pool.limit), "worker", "workers"),
          counted(pool.sum.files, "file", "files"), human_bytes(pool.sum.bytes));
    }
  }
  const totals& sum = report.sum();
  std::string extra;
  if (sum.binary_files > 0) extra += fmt::format(", {} binary", sum.binary_files);
  if (const auto failed = report.failures().size(); failed > 0) {
    extra += ", " + counted(failed, "error", "errors");
  }
  if (report.stopped()) extra += ", stopped before the end";
  say("{} in {} of {}; {} in {:.2f} s{}", counted(sum.matches, "matching line", "matching lines"),
      sum.matched_files, counted(sum.files, "file", "files"), human_bytes(sum.bytes),
      seconds(report), extra);
  return text;
}

std::string json(const report& report) {
  document files = document::array();
  for (const auto& [count, pool] : report.files()) {
    files.push_back({{"path", count.path.native()},
                     {"matches", count.matches},
                     {"lines", count.lines},
                     {"bytes", count.bytes},
                     {"binary", count.binary},
                     {"pool", report.pools().at(pool).name}});
  }
  document pools = document::array();
  for (const auto& pool : report.pools()) pools.push_back(as_json(pool));
  document errors = document::array();
  for (const auto& failed : report.failures()) {
    errors.push_back({{"path", failed.path.native()}, {"error", failed.why}});
  }
  const document whole{{"regex", report.regex()},    {"stopped", report.stopped()},
                       {"seconds", seconds(report)}, {"totals", as_json(report.sum())},
                       {"files", std::move(files)},  {"pools", std::move(pools)},
                       {"errors", std::move(errors)}};
  return whole.dump(2, ' ', false, document::error_handler_t::replace) + '\n';
}

std::string human_bytes(std::uint64_t bytes) {
  if (bytes < 1000) return fmt::format("{} B", bytes);
  auto value = static_cast<double>(bytes) / 1000;
  const char* unit = "kMGTPE";
  while (value >= 999.95) {  // or it would print as 1000.0
    value /= 1000;
    ++unit;
  }
  return fmt::format("{:.1f} {}B", value, *unit);
}

std::string counted(std::uint64_t count, const std::string& one, const std::string& many) {
  return fmt::format("{} {}", count, count == 1 ? one : many);
}

}  // namespace ppool
