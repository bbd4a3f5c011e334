// SPDX-License-Identifier: Apache-2.0
// The planted bug of these tests, a server that is read and then written, and how it is found.
#pragma once

#include <kin/gen_server.hpp>
#include <kin/sim.hpp>

#include <stdexcept>

namespace kin::test {

struct get {};
struct set {
  int value;
};
class cell : public kin::gen_server {
 public:
  int handle_call(get /*request*/) const { return value_; }
  void handle_call(set request) { value_ = request.value; }

 private:
  int value_ = 0;
};

/// What is thrown under the first seed under which `main` fails.
template <class F>
kin::sim::failure failure_of(const kin::sim::explore_options& options, const F& main) {
  try {
    kin::sim::explore(options, main);
  } catch (const kin::sim::failure& found) {
    return found;
  }
  throw std::logic_error("no seed finds it");
}

}  // namespace kin::test
