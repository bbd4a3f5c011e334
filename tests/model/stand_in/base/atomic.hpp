// SPDX-License-Identifier: Apache-2.0
// Stands in for runtime/src/base/atomic.hpp: the checker's atomics.
#pragma once

#include "model/checker.hpp"

namespace kin::detail {

template <class T>
using atomic = model::atomic<T>;
using model::mutex;
template <class T>
using plain = model::plain<T>;

}  // namespace kin::detail
