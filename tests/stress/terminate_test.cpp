// SPDX-License-Identifier: Apache-2.0
// SIGTERM while a program is busy: its tree ends in reverse order, each terminate runs once, and the
// exit code says why.
#include <kin/supervisor.hpp>

#include "stress/size.hpp"
#include "support/child.hpp"
#include "support/sanitized.hpp"

#include <array>
#include <csignal>
#include <string>

namespace {

using namespace kin::stress;

struct add {
  int by = 0;
};
class worker : public kin::gen_server {
 public:
  explicit worker(int number) : number_(number) { kin::trap_exits(); }
  int handle_call(add a) { return sum_ += a.by; }
  void terminate(const kin::exit_reason& why) const {
    std::fprintf(stderr, "%d ends: %s\n", number_, kin::to_string(why).c_str());
  }

 private:
  int number_;
  int sum_ = 0;
};

constexpr int workers = 6;
constexpr std::array<kin::name<worker>, workers> names{
    kin::name<worker>("w0"), kin::name<worker>("w1"), kin::name<worker>("w2"),
    kin::name<worker>("w3"), kin::name<worker>("w4"), kin::name<worker>("w5")};

// Calls all of them for ever, and now and then has a process die for it.
void keep_busy(int ready) {
  for (int round = 0;; ++round) {
    for (const auto& name : names) kin::call(name, add{1});
    kin::spawn([] { kin::sleep(1ms); });
    if (round == 100) static_cast<void>(!write(ready, "!", 1));
  }
}

kin::child_spec numbered(int i) {
  return kin::child<worker>({.name = names[static_cast<std::size_t>(i)]}, i);
}

kin::supervisor program(int ready) {
  const auto client = [ready](const char* id) {
    return kin::child_process({.id = id}, [ready] { keep_busy(ready); });
  };
  return {{.strategy = kin::rest_for_one},
          numbered(0),
          kin::child({.id = "one"},
                     kin::supervisor{{.strategy = kin::one_for_all}, numbered(1), numbered(2)}),
          numbered(3),
          kin::child({.id = "two"},
                     kin::supervisor{{.strategy = kin::rest_for_one}, numbered(4), numbered(5)}),
          kin::child({.id = "clients"},
                     kin::supervisor{{}, client("a"), client("b"), client("c"), client("d")})};
}

TEST(terminate_stress, a_busy_tree_ends_in_order_after_a_signal) {
  if (kin::test::loses_signals) GTEST_SKIP() << "a signal that comes early would be lost";
  for (int i = 0; i < many(500, 10); ++i) {
    for (const unsigned on : {2U, 16U}) {
      const auto seen = kin::test::run_child(
          [on](int ready) { return kin::run(program(ready), {.machine = {.workers = on}}); },
          [](pid_t child) { kill(child, SIGTERM); });
      EXPECT_EQ(seen.code, 128 + SIGTERM);
      std::string in_reverse;
      for (int w = workers; w-- > 0;)
        in_reverse.append(std::to_string(w)).append(" ends: shutdown\n");
      ASSERT_EQ(seen.errors, in_reverse);
    }
  }
}

}  // namespace
