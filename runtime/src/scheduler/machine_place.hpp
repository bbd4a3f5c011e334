// SPDX-License-Identifier: Apache-2.0
// Which machine of the program this is: a number in all its pids and references, so that those of
// two machines that live at the same time are never equal.
//
// The lowest that is free, so that a program with one machine prints `<0.83.0>` in every run.
// Machines with a driver share place 0: their replays must not depend on who lives beside them.
#pragma once

#include <cstdint>

namespace kin::detail {

class machine_place {
 public:
  /// Throws kin::error with system_limit when 16383 machines live.
  explicit machine_place(bool is_driven);
  machine_place(const machine_place&) = delete;
  machine_place& operator=(const machine_place&) = delete;
  ~machine_place();

  /// Of what it counts: its processes, its references.
  [[nodiscard]] std::uint64_t first_number() const;

 private:
  bool is_driven_;
  std::uint32_t number_;
};

}  // namespace kin::detail
