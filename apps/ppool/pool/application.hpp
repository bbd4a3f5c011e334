// SPDX-License-Identifier: Apache-2.0
// The pools as an application: with `.applications = {&ppool::application}` another one has them
// run before it starts, and needs no supervisor of pools in its own tree.
#pragma once

#include <kin/application.hpp>

namespace ppool {

/// Runs `pools()`.
extern const kin::application application;

}  // namespace ppool
