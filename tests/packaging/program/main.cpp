// SPDX-License-Identifier: Apache-2.0
// Uses a little of everything: a supervised server, a message, a call, a crash.
#include <kin/kin.hpp>

#include <iostream>
#include <stdexcept>
using namespace kin::literals;

struct add {
  int number;
};
class sum : public kin::gen_server {
 public:
  explicit sum(int start) : sum_{start} {}
  int handle_call(add request) {
    if (request.number < 0) throw std::invalid_argument("only up");
    return sum_ += request.number;
  }

 private:
  int sum_;
};
inline constexpr kin::name<sum> total{"total"};

int main() {
  return kin::run([] {
    kin::start_link(kin::supervisor{{.strategy = kin::one_for_one, .intensity = 3, .period = 5s},
                                    kin::child<sum>({.name = total}, 40)});
    auto adder = kin::spawn(
        [] { kin::receive([](kin::pid who) { kin::send(who, kin::call(total, add{2})); }); });
    kin::send(adder, kin::self());
    kin::receive([](int now) { std::cout << "kin says " << now; },
                 kin::after(10s, [] { kin::exit("nobody answered"); }));
    if (!kin::try_call(total, add{-1})) std::cout << " and crashes\n";
  });
}
