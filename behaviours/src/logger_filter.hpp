// SPDX-License-Identifier: Apache-2.0
// How filters decide, and what becomes of a program's own code that fails while it serves a log.
#pragma once

#include <kin/behaviour.hpp>
#include <kin/exit_reason.hpp>
#include <kin/logger_handler.hpp>
#include <kin/report_taker.hpp>

#include <exception>
#include <functional>
#include <optional>
#include <string_view>
#include <vector>

namespace kin::logger::detail {

/// Whether a domain is `of`, or below it.
[[nodiscard]] bool is_within(std::string_view domain, std::string_view of);

/// What `f` has failed with. An exit signal that ends the process meanwhile goes its way; where the
/// process ends anyway, and on a thread, all that is thrown is a failure.
template <class F>
std::optional<exit_reason> failure_of(F f) {
  const bool may_end = kin::detail::may_wait_now();
  try {
    f();
    return std::nullopt;
  } catch (...) {
    if (!may_end) return exit_reason::error(std::current_exception());
    auto why = caught_exit();
    if (!why) throw;
    return why;
  }
}

/// Whether an event passes a row of filters, and what they have made of it. One that fails is as if
/// it were not there.
[[nodiscard]] bool passes(
    const std::vector<named_filter>& filters, verdict otherwise, event& e,
    const std::function<void(const named_filter&, const exit_reason&)>& failed);

}  // namespace kin::logger::detail
