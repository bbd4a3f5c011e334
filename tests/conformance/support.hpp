// SPDX-License-Identifier: Apache-2.0
// What the cases of several suites need.
#pragma once

#include "support/expect.hpp"

#include <functional>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

namespace kin::test {

/// A case that is played simulated under many seeds, or on machines of so many workers.
class in_worlds : public testing::TestWithParam<unsigned> {
 protected:
  static void play(const std::function<void()>& body) {
    if (GetParam() == simulated_world) {
      play_simulated(body, {.leaves_processes = true, .leaves_messages = true});
    } else {
      play_on_threads(body);
    }
  }
  /// A case of threads that meet, of the program's own streams, or of very many steps.
  static void play_on_threads(const std::function<void()>& body) {
    if (GetParam() == simulated_world) GTEST_SKIP() << "on threads only";
    run(machine_options{.workers = GetParam()}, body);
  }
  static constexpr unsigned simulated_world = 0;
};
inline auto worlds() { return testing::Values(0U, 1U, 2U, 4U); }
inline std::string name_of_world(const testing::TestParamInfo<unsigned>& world) {
  if (world.param == 0) return "simulated";
  return "on_" + std::to_string(world.param) + (world.param == 1 ? "_worker" : "_workers");
}

/// A reason or a payload that fits in no node: many lines of text.
struct ledger {
  std::vector<std::string> lines;
  friend bool operator==(const ledger&, const ledger&) = default;
  friend std::ostream& operator<<(std::ostream& out, const ledger& l) {
    return out << "a ledger of " << l.lines.size() << " lines";
  }
};
inline ledger large_ledger(int first = 0) {
  ledger made;
  for (int i = 0; i < 1000; ++i)
    made.lines.push_back("line " + std::to_string(first + i) + std::string(100, '.'));
  return made;
}

/// Runs `body` as a process; what it ended for.
inline kin::exit_reason how_it_ends(std::function<void()> body) {
  const auto child = kin::spawn_monitor(std::move(body));
  return expect_down(child.ref).reason;
}

/// A process that waits for a reason, and ends for it.
inline kin::pid ends_when_told() {
  return kin::spawn([] { kin::exit(expect<kin::exit_reason>(1h)); });
}

/// Waits until `p` has served all that the caller sent it before.
inline void settle(kin::pid p) { static_cast<void>(kin::is_alive(p)); }

}  // namespace kin::test
