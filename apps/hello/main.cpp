// SPDX-License-Identifier: Apache-2.0
#include <kin/kin.hpp>

#include <iostream>
using namespace kin::literals;

struct hello {
  kin::pid from;
};

int main() {
  return kin::run([] {
    auto greeter = kin::spawn([] { kin::receive([](hello h) { kin::send(h.from, "world"s); }); });
    kin::send(greeter, hello{kin::self()});
    kin::receive([](const std::string& who) { std::cout << "hello, " << who << '\n'; },
                 kin::after(1s, [] { kin::exit("nobody answered"); }));
  });
}
