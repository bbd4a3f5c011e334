// SPDX-License-Identifier: Apache-2.0
// first error: what proc_lib starts takes a kin::proc_lib::starter<R>, by which it says that it is ready
#include <kin/proc_lib.hpp>

void f() {
  kin::proc_lib::start_link([] {});
}
