// SPDX-License-Identifier: Apache-2.0
// What our own tests add to the kit (kin/gtest.hpp): how often, and a body on threads alone that
// may leave behind what it likes.
#pragma once

#include <kin/blocking.hpp>
#include <kin/gtest.hpp>
#include <kin/link.hpp>
#include <kin/machine.hpp>
#include <kin/process.hpp>
#include <kin/receive.hpp>
#include <kin/registry.hpp>
#include <kin/report.hpp>
#include <kin/send.hpp>
#include <kin/timer.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <utility>

namespace kin::test {

using namespace std::chrono_literals;

/// How often to play what depends on order: fewer times where each takes longer, and far fewer
/// where other seeds see to it.
inline int times(int count) {
  if (simulated()) count = std::max(count / 100, 2);
  return sanitized ? (count + 3) / 4 : count;
}
/// As above, where a sanitizer's share is another.
inline int times(int count, int if_sanitized) {
  if (simulated()) return std::max(std::min(count, if_sanitized) / 100, 2);
  return sanitized ? if_sanitized : count;
}

/// Runs `body` on threads only, for what is about them, or has other reasons; it must come to its
/// end.
inline void run(machine_options options, const std::function<void()>& body,
                place where = place::here()) {
  const unsigned workers = options.workers == 0 ? 2 : options.workers;
  play_on_threads(body,
                  {.workers = {workers},
                   .leaves_processes = true,
                   .leaves_messages = true,
                   .machine = std::move(options)},
                  where);
}
inline void run(const std::function<void()>& body, place where = place::here()) {
  run({.workers = 2}, body, where);
}

}  // namespace kin::test

// Tests of kin's inside are written within kin::detail; all others say test::run.
namespace test = kin::test;
