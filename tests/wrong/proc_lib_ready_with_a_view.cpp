// SPDX-License-Identifier: Apache-2.0
// first error: what a process says it is ready with cannot be a message: it is a pointer, a view or cannot be moved
#include <kin/proc_lib.hpp>

#include <string_view>

void f() {
  kin::proc_lib::start(
      [](kin::proc_lib::starter<std::string_view> ready) { ready.init_ack("up"); });
}
