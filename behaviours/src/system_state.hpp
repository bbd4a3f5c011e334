// SPDX-License-Identifier: Apache-2.0
// What sys has asked of a server; made when it first does, given back when nothing of it is left.
// All of it runs in the server's process.
#pragma once

#include <kin/gen.hpp>
#include <kin/sys.hpp>
#include <kin/time.hpp>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <fstream>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace kin::detail {

struct starting;

/// How reports call the process that runs this: by its registered name, or its pid.
std::string own_name();

/// The request that `stop` sends.
struct terminate_request {
  exit_reason why;
};

struct system_state final : beside {
  /// What it starts with; null if that is nothing.
  static std::unique_ptr<system_state> of(const starting& how);

  /// Somebody wants to see events.
  [[nodiscard]] bool watches() const {
    return traces || keeps != 0 || file.is_open() || counted || !installed.empty();
  }
  /// Nothing is left that it must be kept for.
  [[nodiscard]] bool is_over() const {
    return !suspended && hibernate_after == infinity && !watches();
  }
  /// A message that comes in, or a reply that goes out. `print_state` is called if somebody reads.
  void see(sys::event e, const std::function<std::string()>& print_state);
  void count_from_now(std::uint32_t expired_before);
  void no_debug();

  bool suspended = false;
  bool waits_to_hibernate = false;  // its timeout is hibernate_after
  bool replied = false;             // to the message in hand
  duration hibernate_after = infinity;
  bool traces = false;
  std::size_t keeps = 0;
  std::deque<sys::event> kept;
  std::ofstream file;
  std::optional<sys::counts> counted;  // reductions, expired: those before
  std::vector<std::pair<std::string, sys::debug_function>> installed;
};

}  // namespace kin::detail
