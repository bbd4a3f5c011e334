// SPDX-License-Identifier: Apache-2.0
// A program without kin loads a plugin with it: its thread-locals must find room (kin.cmake).
#include <dlfcn.h>
#include <iostream>

int main(int /*count*/, char** arguments) {
  void* plugin = dlopen(arguments[1], RTLD_NOW);
  if (plugin == nullptr) return std::cerr << dlerror() << '\n', 1;
  const int code = reinterpret_cast<int (*)()>(dlsym(plugin, "run_machine"))();
  std::cout << "a machine ran in a plugin\n";
  return code;
}
