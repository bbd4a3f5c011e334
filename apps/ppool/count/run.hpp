// SPDX-License-Identifier: Apache-2.0
// `ppool count`: one pooled worker process a file.
#pragma once

#include "cli/options.hpp"

namespace ppool {

/// Runs it on a machine of its own; gives the exit code of the program.
int count(const count_options& options);

}  // namespace ppool
