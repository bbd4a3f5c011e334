// SPDX-License-Identifier: Apache-2.0
// What threads share and meet at, under one name. In tests/model another header of this name stands
// here, and the same code runs on atomics whose every interleaving and late store is tried.
#pragma once

#include <atomic>
#include <mutex>

namespace kin::detail {

template <class T>
using atomic = std::atomic<T>;
using mutex = std::mutex;

/// Data that an atomic beside it hands from thread to thread. The checker looks whether it does.
template <class T>
using plain = T;

}  // namespace kin::detail
