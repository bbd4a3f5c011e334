#include "tree.hpp"

#include <iostream>

int main() {
  return kin::run([] {
    kin::start_link(tree());
    for (int i = 0; i < 3; ++i) kin::call(visits, increment{14});
    std::cout << "@project@ has counted to " << kin::call(visits, get{}) << '\n';
  });
}
