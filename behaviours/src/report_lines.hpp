// SPDX-License-Identifier: Apache-2.0
// The layouts of what behaviours report: OTP's words for people, and for one line.
#pragma once

#include <kin/report.hpp>

#include <string>

namespace kin::detail {

/// `    supervisor: x` a line; on one line `Supervisor: x. Context: y.`
std::string lay_out_colons(const report& r, const report_layout& layout);
/// `** State machine x terminating`, `** Last event = y`; on one line `State machine x terminating.
/// Last event: y.` The first field is what it begins with.
std::string lay_out_stars(const report& r, const report_layout& layout);

}  // namespace kin::detail
