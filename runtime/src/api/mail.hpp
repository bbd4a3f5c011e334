// SPDX-License-Identifier: Apache-2.0
// Mail on its way.
#pragma once

#include <kin/exit_reason.hpp>
#include <kin/pid.hpp>
#include <kin/time.hpp>

#include "process/gate.hpp"

namespace kin::detail {

/// For mail that post_mail did not post: to a full mailbox as that wants it, waiting for `limit` at
/// most. `normal`: it is there. Else why not, and `s` is still the caller's: noproc, mailbox_full,
/// or dropped. May wait.
exit_reason deliver_slowly(pid to, signal* s, duration limit, posted done);

}  // namespace kin::detail
