// SPDX-License-Identifier: Apache-2.0
// Calls in a circle: found at once, in one of those that wait.
#include <kin/agent.hpp>
#include <kin/call_cycle.hpp>
#include <kin/gen_server.hpp>
#include <kin/gen_statem.hpp>
#include <kin/gtest.hpp>
#include <kin/kin.hpp>

#include "support/expect.hpp"

#include <optional>
#include <string>
#include <utility>
#include <vector>



namespace {

using namespace kin::literals;
using namespace kin::test;
using testing::ElementsAre;
using testing::HasSubstr;

class link_in_chain;
using chain = kin::server<link_in_chain>;

// Calls the first of `path`, which calls the second, and so on; the last one answers.
struct go {
  std::vector<chain> path;
};
struct begin {
  std::vector<chain> path;
  kin::pid tells;
};
struct told {
  kin::pid who;
  kin::result<int> answer;
};
class link_in_chain : public kin::gen_server {
 public:
  int handle_call(go request) { return pass(std::move(request.path)); }
  void handle_cast(begin message) {
    kin::result<int> answer = kin::exit_reason("nothing");
    try {
      answer = pass(std::move(message.path));
    } catch (const kin::call_failed& failed) {
      answer = failed.reason();
    }
    kin::send(message.tells, told{kin::self(), std::move(answer)});
  }

 private:
  int pass(std::vector<chain> path) {
    if (path.empty()) return 1;
    const chain to = path.front();
    path.erase(path.begin());
    auto answer = kin::try_call(to, go{std::move(path)}, kin::infinity);
    if (answer) return *answer + 1;
    if (answer.error().get_if<kin::call_cycle>() != nullptr) throw kin::call_failed(answer.error());
    return -1;
  }
};

KIN_TEST(a_circle_of_two, is_found) {
  const auto a = kin::start<link_in_chain>({.name = kin::name<link_in_chain>("left")});
  const auto b = kin::start<link_in_chain>();
  kin::cast(a, begin{{b, a}, kin::self()});
  const told t = expect<told>();
  EXPECT_EQ(t.who, a.pid);
  std::cerr << t.answer.error() << "\n";
}

}  // namespace
