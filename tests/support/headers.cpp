// SPDX-License-Identifier: Apache-2.0
// The headers that tests share, compiled once; see KIN_TEST_PRECOMPILED in tests/CMakeLists.txt.
#include "support/expect.hpp"
