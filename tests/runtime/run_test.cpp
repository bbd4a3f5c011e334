// SPDX-License-Identifier: Apache-2.0
// kin::run as a program: its exit code, its signals, what it prints when it dies. Each program is a
// child of this one.
#include "support/run.hpp"

#include <kin/run.hpp>
#include <kin/with_stack.hpp>

#include "support/child.hpp"
#include "support/sanitized.hpp"

#include <gtest/gtest.h>

#include <array>
#include <csignal>
#include <cstdio>
#include <functional>
#include <stdexcept>
#include <string>
#include <sys/wait.h>
#include <unistd.h>

namespace {

using namespace kin::literals;

using test::outcome;
using test::run_child;

void tell(int ready) { static_cast<void>(!write(ready, "!", 1)); }

const kin::run_options two{.machine = {.workers = 2, .stop_limit = 2s}};

TEST(run, is_zero_when_the_body_returns) {
  EXPECT_EQ(run_child([](int) { return kin::run([] {}, two); }).code, 0);
}

TEST(run, is_zero_when_the_body_shuts_down) {
  EXPECT_EQ(run_child([](int) { return kin::run([] { kin::exit(kin::shutdown); }, two); }).code, 0);
  EXPECT_EQ(run_child([](int) { return kin::run([] { kin::exit(kin::shutdown(1)); }, two); }).code,
            0);
}

TEST(run, is_one_when_the_body_fails_and_says_why) {
  const outcome seen =
      run_child([](int) { return kin::run([] { throw std::runtime_error("no disk"); }, two); });
  EXPECT_EQ(seen.code, 1);
  EXPECT_NE(seen.errors.find("no disk"), std::string::npos) << seen.errors;
  EXPECT_NE(seen.errors.find("CRASH REPORT"), std::string::npos) << seen.errors;
}

TEST(run, stops_all_other_processes_at_the_end_of_its_body) {
  const outcome seen = run_child([](int) {
    return kin::run(
        [] {
          for (int i = 0; i < 100; ++i) kin::spawn([] { kin::sleep(1h); });
        },
        two);
  });
  EXPECT_EQ(seen.code, 0);
  EXPECT_EQ(seen.errors.find("did not stop"), std::string::npos) << seen.errors;
}

TEST(run, may_be_called_again) {
  EXPECT_EQ(run_child([](int) { return kin::run([] {}, two) + kin::run([] {}, two); }).code, 0);
}

TEST(run, inside_a_process_is_an_error) {
  const outcome seen = run_child([](int) {
    return kin::run(
        [] {
          try {
            kin::run([] {});
          } catch (const kin::error&) {
            kin::exit(kin::shutdown("as it should"));
          }
          kin::exit("it ran");
        },
        two);
  });
  EXPECT_EQ(seen.code, 0) << seen.errors;
}

TEST(run, is_128_and_the_signal_after_an_interrupt) {
  if (test::loses_signals) GTEST_SKIP() << "a signal that comes early would be lost";
  for (const int number : {SIGINT, SIGTERM}) {
    const outcome seen = run_child(
        [](int ready) {
          return kin::run(
              [ready] {
                tell(ready);
                kin::sleep(1h);
              },
              two);
        },
        [number](pid_t child) { kill(child, number); });
    EXPECT_EQ(seen.code, 128 + number) << seen.errors;
  }
}

TEST(run, lets_the_root_clean_up_after_an_interrupt) {
  if (test::loses_signals) GTEST_SKIP() << "a signal that comes early would be lost";
  const outcome seen = run_child(
      [](int ready) {
        return kin::run(
            [ready] {
              kin::trap_exits();
              tell(ready);
              kin::receive([](const kin::exited& e) {
                std::fprintf(stderr, "reason: %s\n", kin::to_string(e.reason).c_str());
              });
            },
            two);
      },
      [](pid_t child) { kill(child, SIGTERM); });
  EXPECT_EQ(seen.code, 128 + SIGTERM);
  EXPECT_NE(seen.errors.find("reason: shutdown\n"), std::string::npos) << seen.errors;
}

TEST(run, ends_at_once_after_a_second_interrupt) {
  const outcome seen = run_child(
      [](int ready) {
        return kin::run(
            [ready] {
              kin::trap_exits();
              tell(ready);
              kin::receive([](const kin::exited& /*first*/) { std::fprintf(stderr, "first\n"); });
              for (;;) kin::sleep(1h);
            },
            {.machine = {.workers = 2, .stop_limit = 1h}});
      },
      [](pid_t child) {
        const auto has_ended = [child] {
          siginfo_t about{};
          waitid(P_PID, static_cast<id_t>(child), &about, WEXITED | WNOHANG | WNOWAIT);
          return about.si_pid == child;
        };
        while (!has_ended()) {  // two that come at once may be one
          kill(child, SIGINT);
          usleep(20'000);
        }
      });
  EXPECT_EQ(seen.code, 128 + SIGINT);
}

TEST(run, leaves_signals_alone_if_told_to) {
  const outcome seen = run_child(
      [](int ready) {
        return kin::run(
            [ready] {
              tell(ready);
              kin::sleep(1h);
            },
            {.machine = {.workers = 1}, .handle_signals = false});
      },
      [](pid_t child) { kill(child, SIGTERM); });
  EXPECT_EQ(seen.signal, SIGTERM);
}

TEST(run, does_not_hear_of_a_signal_that_was_ignored_when_it_began) {
  if (test::loses_signals) GTEST_SKIP() << "a signal that comes early would be lost";
  const outcome seen = run_child(
      [](int ready) {
        std::signal(SIGINT, SIG_IGN);
        return kin::run(
            [ready] {
              tell(ready);
              kin::sleep(1h);
            },
            two);
      },
      [](pid_t child) {
        kill(child, SIGINT);
        kill(child, SIGTERM);
      });
  EXPECT_EQ(seen.code, 128 + SIGTERM) << seen.errors;
}

TEST(run, gives_the_signal_handlers_back) {
  EXPECT_EQ(run_child([](int) {
              struct sigaction before {};
              struct sigaction after {};
              sigaction(SIGINT, nullptr, &before);
              kin::run([] {}, two);
              sigaction(SIGINT, nullptr, &after);
              return before.sa_handler == after.sa_handler ? 0 : 3;
            }).code,
            0);
}

TEST(run, names_who_did_not_stop_and_ends_all_the_same) {
  const outcome seen = run_child([](int) {
    return kin::run(
        [] {
          const kin::pid stubborn = kin::spawn([] {
            kin::register_name(kin::name<>("stubborn"), kin::self());
            kin::blocking([] { pause(); });
          });
          while (!kin::whereis(kin::name<>("stubborn"))) kin::yield();
          static_cast<void>(stubborn);
        },
        {.machine = {.workers = 2, .stop_limit = 200ms}});
  });
  EXPECT_NE(seen.errors.find("stubborn"), std::string::npos) << seen.errors;
  EXPECT_NE(seen.errors.find("1 process did not stop"), std::string::npos) << seen.errors;
  EXPECT_EQ(seen.code, 1);
}

#if !KIN_TEST_SANITIZED
// NOLINTNEXTLINE(misc-no-recursion): that is what is tested
int overflow(int depth) {
  if (depth < 0) return 0;
  volatile char page[2000] = {};  // NOLINT(modernize-avoid-c-arrays)
  page[depth % 2000] = 1;
  return overflow(depth + 1) + page[0];
}

TEST(stack_overflow, names_the_process) {
  const outcome seen = run_child([](int) {
    return kin::run(
        [] {
          kin::register_name(kin::name<>("glutton"), kin::self());
          std::fprintf(stderr, "I am %s\n", kin::to_string(kin::self()).c_str());
          overflow(0);
        },
        two);
  });
  EXPECT_EQ(seen.signal, SIGSEGV);
  EXPECT_NE(seen.errors.find("STACK OVERFLOW"), std::string::npos) << seen.errors;
  EXPECT_NE(seen.errors.find("process: <0.1.0> registered as glutton"), std::string::npos)
      << seen.errors;
}

TEST(stack_overflow, of_a_stack_by_with_stack_names_the_process_and_says_so) {
  const outcome seen = run_child([](int) {
    return kin::run(
        [] {
          kin::register_name(kin::name<>("glutton"), kin::self());
          kin::with_stack(std::size_t{1} << 20U, [] { overflow(0); });
        },
        two);
  });
  EXPECT_EQ(seen.signal, SIGSEGV);
  EXPECT_NE(seen.errors.find("process: <0.1.0> registered as glutton"), std::string::npos)
      << seen.errors;
  EXPECT_NE(seen.errors.find("which kin::with_stack gave it"), std::string::npos) << seen.errors;
}

TEST(stack_overflow, is_not_blamed_for_other_faults) {
  const outcome seen = run_child([](int) {
    return kin::run(
        [] {
          volatile int* nowhere = nullptr;
          *nowhere = 1;  // NOLINT(clang-analyzer-core.NullDereference): that is what is tested
        },
        two);
  });
  EXPECT_EQ(seen.signal, SIGSEGV);
  EXPECT_EQ(seen.errors.find("STACK OVERFLOW"), std::string::npos) << seen.errors;
}
#endif

}  // namespace
