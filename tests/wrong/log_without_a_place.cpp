// SPDX-License-Identifier: Apache-2.0
// first error: text_with_a_place_for_each_value
#include <kin/logger.hpp>

void f() { kin::logger::error("{} of {}", 1); }
