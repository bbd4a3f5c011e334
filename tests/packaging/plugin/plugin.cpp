// SPDX-License-Identifier: Apache-2.0
#include "words.hpp"

#include <typeinfo>
using namespace kin::literals;

#define SHOWN extern "C" [[gnu::visibility("default")]]

/// The plugin's own idea of what a word is.
SHOWN const std::type_info* type_of_word() { return &typeid(word); }

/// Within a process of the host's: a process that answers one word and ends for a reason of its
/// own.
SHOWN void start_parrot(kin::pid* parrot) {
  kin::start_link<measure>({.name = yardstick});
  *parrot = kin::spawn([] {
    const kin::pid host = kin::receive([](kin::pid p) { return p; });
    kin::receive([&](const word& heard) { kin::send(host, word{heard.text + ", " + heard.text}); });
    kin::exit(tired{2});
  });
}

/// A whole machine, in a program that knows nothing of kin.
SHOWN int run_machine() {
  return kin::run([] {
    const kin::pid self = kin::self();
    kin::spawn([self] { kin::send(self, word{"hello"}); });
    kin::receive([](const word&) {}, kin::after(10s, [] { kin::exit("nobody spoke"); }));
  });
}
