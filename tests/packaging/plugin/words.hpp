// SPDX-License-Identifier: Apache-2.0
// What host and plugin both know.
#pragma once

#include <kin/kin.hpp>

#include <string>

struct word {
  std::string text;
};
struct length_of {
  std::string text;
};
struct tired {
  int words;
};
class measure : public kin::gen_server {
 public:
  int handle_call(const length_of& request) const { return static_cast<int>(request.text.size()); }
};
inline constexpr kin::name<measure> yardstick{"yardstick"};
