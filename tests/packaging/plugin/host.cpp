// SPDX-License-Identifier: Apache-2.0
// A message, a call and an exit reason go from here to a plugin and back, though each has typeids
// of its own.
#include "words.hpp"

#include <dlfcn.h>
#include <iostream>
#include <typeinfo>
using namespace kin::literals;

int main(int /*count*/, char** arguments) {
  void* plugin = dlopen(arguments[1], RTLD_NOW);
  if (plugin == nullptr) return std::cerr << dlerror() << '\n', 1;
  auto* type_of_word = reinterpret_cast<const std::type_info* (*)()>(dlsym(plugin, "type_of_word"));
  auto* start_parrot = reinterpret_cast<void (*)(kin::pid*)>(dlsym(plugin, "start_parrot"));
  if (type_of_word() == &typeid(word)) return std::cerr << "one typeid: nothing is proved\n", 1;

  return kin::run([&] {
    kin::pid parrot;
    start_parrot(&parrot);
    const kin::ref watch = kin::monitor(parrot);
    kin::send(parrot, kin::self());
    kin::send(parrot, word{"kin"});
    kin::receive([](const word& answer) { std::cout << answer.text << "; "; },
                 kin::after(10s, [] { kin::exit("nobody answered"); }));
    std::cout << kin::call(yardstick, length_of{"kin"}) << " letters; ";
    kin::receive(kin::when(&kin::down::ref, watch, [](const kin::down& end) {
      const tired* why = end.reason.get_if<tired>();
      std::cout << "tired of " << (why == nullptr ? 0 : why->words) << " words\n";
    }));
  });
}
