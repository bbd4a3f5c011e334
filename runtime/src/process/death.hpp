// SPDX-License-Identifier: Apache-2.0
// How a process ends, in the order that OTP promises:
//   1  no more user code but destructors: the state dies in the process's own context
//   2  names and timers are released: whoever hears of the end can take the name at once
//   3  the inbox closes; what is in it is answered: requests with the reason, links and monitors
//      with noproc
//   4  exit signals over the links, then DOWN to the watchers
//   5  the block is free
// Steps 3 and 4 take a budget and can be resumed: a mailbox of ten million messages, or a hundred
// thousand links, must not hold up a worker. They need no stack; telling links and watchers needs
// no memory.
#pragma once

#include "process/control_block.hpp"

namespace kin::detail {

class name_table;

/// Goes on with the end of `p`, whose reason is set (doom). True when all is done but freeing the
/// block.
bool go_on_dying(control_block& p, name_table& names, int budget);

}  // namespace kin::detail
