// SPDX-License-Identifier: Apache-2.0
// `ppool tour`: what kin's processes, servers, supervisors and pools do, narrated, with real
// crashes.
#pragma once

namespace ppool {

/// Gives the exit code of the program.
int tour();

}  // namespace ppool
