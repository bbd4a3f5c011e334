// SPDX-License-Identifier: Apache-2.0
// Stands in for <kin/exit_reason.hpp>: a reason is a number, and its count is not looked at.
#pragma once

#include <array>
#include <cstddef>

namespace kin {

struct exit_reason {
  std::size_t code = 0;
  friend bool operator==(const exit_reason&, const exit_reason&) = default;
};
inline constexpr exit_reason normal{0};
inline constexpr exit_reason noproc{1};
inline constexpr exit_reason killed{2};

namespace detail {

struct reason_rep {
  exit_reason why;
  void retain() const {}
  void release() const {}
};
struct reason_access {
  static const reason_rep* rep(const exit_reason& why) {
    static constexpr std::array<reason_rep, 3> all{{{normal}, {noproc}, {killed}}};
    return &all[why.code];
  }
  static exit_reason adopt(const reason_rep* rep) { return rep->why; }
};

}  // namespace detail
}  // namespace kin
