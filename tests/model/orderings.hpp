// SPDX-License-Identifier: Apache-2.0
// What a model's test says of a verdict.
#pragma once

#include "model/checker.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <functional>
#include <iostream>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace kin::model {

/// Nothing is wrong, ever.
inline void holds(const verdict& v) {
  if (!v.wrong.empty()) ADD_FAILURE() << v.wrong;
  std::cout << "  " << v.states << " states, " << v.steps << " steps\n";
}
/// The checker finds out; the story begins with this.
inline void fails(const verdict& v, const std::string& how) {
  EXPECT_NE(v.wrong, "");
  EXPECT_THAT(v.wrong, testing::StartsWith(how));
}

using explorer = std::function<verdict(std::optional<weakening>)>;

/// Each ordering and barrier, made weaker by one step, lets the checker find something wrong in one
/// of the worlds; but for `spare`, which are as strong as they are for a reason not shown here. Of
/// files whose names begin so: those below have tests of their own.
inline void each_is_needed(const std::vector<explorer>& worlds,
                           const std::set<std::string>& spare = {}, const std::string& files = "") {
  std::vector<weakening> all;
  for (const explorer& explore : worlds) {
    const verdict v = explore(std::nullopt);
    holds(v);
    for (const weakening& w : v.orderings) {
      if (w.file.starts_with(files) && std::find(all.begin(), all.end(), w) == all.end())
        all.push_back(w);
    }
  }
  std::set<std::string> not_needed;
  for (const weakening& w : all) {
    std::string wrong;
    for (const explorer& explore : worlds) {
      if (wrong.empty()) wrong = explore(w).wrong;
    }
    std::cout << "  " << to_string(w) << ": " << wrong.substr(0, wrong.find('\n')) << '\n';
    if (wrong.empty()) not_needed.insert(to_string(w));
  }
  EXPECT_EQ(not_needed, spare);
}

}  // namespace kin::model
