// SPDX-License-Identifier: Apache-2.0
// first error: a handler has a log(const kin::logger::event&, const kin::logger::handler_config&)
#include <kin/logger.hpp>

struct printer {
  void log(const kin::logger::event& e);
};
void f() { kin::logger::add_handler("printer", printer{}); }
