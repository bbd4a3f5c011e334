// SPDX-License-Identifier: Apache-2.0
// What kin::exit and a fatal signal throw to unwind a process. Not a std::exception: nobody
// swallows it by mistake, and who does all the same gets it again at the next wait. The reason is
// noted in the process.
#pragma once

namespace kin::detail {

struct unwinding {};

}  // namespace kin::detail
