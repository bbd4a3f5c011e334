// SPDX-License-Identifier: Apache-2.0
// first error: what is logged is a text or a kin::logger::report
#include <kin/logger.hpp>

void f() {
  kin::logger::error([] { return 5; });
}
