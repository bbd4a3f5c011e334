// SPDX-License-Identifier: Apache-2.0
// When nothing more happens. Simulated, the world knows; on threads one looks, and looks again.
#include <kin/info.hpp>
#include <kin/process.hpp>
#include <kin/sim.hpp>
#include <kin/test/play.hpp>
#include <kin/timer.hpp>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

namespace kin::test {
namespace {

using namespace std::chrono_literals;

/// All others, and how much each has done; nothing if one of them does something, or ends and has
/// not told all who hear of it.
std::optional<std::vector<std::pair<pid, std::uint64_t>>> seen_at_rest() {
  std::vector<std::pair<pid, std::uint64_t>> all;
  for (const pid p : processes()) {
    if (p == self()) continue;
    const auto about = info(p, {.limit = 100ms});
    if (!about) continue;  // it ends, or has ended
    if (about->status != process_status::waiting && about->status != process_status::suspended)
      return std::nullopt;
    all.emplace_back(p, about->reductions);
  }
  if (all.size() + 1 != process_count()) return std::nullopt;
  std::sort(all.begin(), all.end());
  return all;
}

}  // namespace

void settle() {
  if (sim::settle()) return;
  const auto end = clock::now() + patience;
  auto before = seen_at_rest();
  for (duration pause = 100us; clock::now() < end; pause = std::min<duration>(2 * pause, 5ms)) {
    if (before && before->empty()) return;
    kin::sleep(pause);
    auto now = seen_at_rest();
    if (now && now == before) return;
    before = std::move(now);
  }
}

void pass(duration time) {
  kin::sleep(time);
  settle();
}

}  // namespace kin::test
