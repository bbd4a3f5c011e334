// SPDX-License-Identifier: Apache-2.0
// The test kit, for any test framework; GoogleTest's is kin/gtest.hpp. Not for programs.
#pragma once

#include <kin/test/expect.hpp>
#include <kin/test/framework.hpp>
#include <kin/test/play.hpp>
#include <kin/test/probe.hpp>
