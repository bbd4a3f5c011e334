// SPDX-License-Identifier: Apache-2.0
// The end of a record that two processes share: the second to let go frees it.
#pragma once

#include "base/atomic.hpp"

#include <cstdint>

namespace kin::detail {

class two_holders {
 public:
  /// True for the second, who frees. acq_rel: it must see all that the other did with the record.
  [[nodiscard]] bool let_go() noexcept {
    return left_.fetch_sub(1, std::memory_order_acq_rel) == 1;
  }

 private:
  atomic<std::uint8_t> left_{2};
};

}  // namespace kin::detail
