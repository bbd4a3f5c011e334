// SPDX-License-Identifier: Apache-2.0
// What state are the cores in? A virtual machine's change under it, and nothing in /proc says so.
// Two things move our figures: how far the cores are from each other, and whether another guest
// runs on the other half of a core. The second takes neither time that would be counted as stolen
// nor clock frequency: one chain of instructions is as fast as ever, but the core begins only half
// as many a cycle. So that is what is measured.
#pragma once

#include <chrono>
#include <vector>

namespace kin::bench {

/// The first two cores this OS process may use.
struct cores_now {
  double distance_ns = 0;        ///< the round trip of a cache line between them; 0 for one core
  double additions_a_cycle = 0;  ///< begun by the slower of them when none waits for another

  /// Near lies at 75-170 ns, far at 370-500.
  [[nodiscard]] bool near() const { return distance_ns < 250; }
  /// A core that is ours alone begins 4.7 additions a cycle; one that is shared, 2.5 to 4.3.
  [[nodiscard]] bool alone() const { return near() && additions_a_cycle >= 4.5; }
};

/// Looks now, while nothing of ours runs. Cost  some 10 ms.
[[nodiscard]] cores_now look_at_cores();

/// Looks again and again until they are near and ours alone, or the time is over: what it saw last.
[[nodiscard]] cores_now wait_for_calm(std::chrono::seconds at_most);

/// Those this OS process may use.
[[nodiscard]] std::vector<int> allowed_cores();

}  // namespace kin::bench
