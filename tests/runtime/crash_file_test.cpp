// SPDX-License-Identifier: Apache-2.0
// What a program leaves behind when it dies of a fault. Each is a child of this one.
#include <kin/kin.hpp>

#include "support/child.hpp"
#include "support/expect.hpp"

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <string>
#include <sys/resource.h>

namespace {

using testing::ContainsRegex;
using testing::HasSubstr;
using testing::Not;

struct increment {
  int by = 0;
};

// A folder of its own for each child's file.
class crash_file : public testing::Test {
 public:
  crash_file() {
    std::string name = (std::filesystem::temp_directory_path() / "kin_crash.XXXXXX").string();
    folder = mkdtemp(name.data());
  }
  ~crash_file() override { std::filesystem::remove_all(folder); }

  test::outcome die(const std::function<void()>& how, unsigned workers = 2) {
    return test::run_child([&](int) {
      const rlimit no_core{0, 0};
      setrlimit(RLIMIT_CORE, &no_core);
      return kin::run(how, {.machine = {.workers = workers, .reports = [](const kin::report&) {}},
                            .crash_dir = folder.string()});
    });
  }
  // Empty: there is none.
  [[nodiscard]] std::string text() const {
    std::ostringstream all;
    for (const auto& file : std::filesystem::directory_iterator(folder))
      all << std::ifstream(file.path()).rdbuf();
    return std::move(all).str();
  }

  std::filesystem::path folder;
};

[[gnu::noinline]] int touch_nothing() {
  volatile int* volatile nowhere = nullptr;
  return *nowhere;  // NOLINT(clang-analyzer-core.NullDereference): that is what is tested
}

TEST_F(crash_file, tells_the_fault_the_process_the_others_and_what_came_before) {
  const test::outcome end = die(
      [] {
        kin::register_name(kin::name<>("culprit"), kin::self());
        const kin::pid other = kin::spawn(
            [] { return kin::loop([](increment) {}, [](kin::pid from) { kin::send(from, 1); }); });
        kin::send(other, increment{2});
        kin::send(other, kin::self());
        kin::receive([](int) {});
        const kin::pid waiter = kin::spawn([] { kin::receive([](increment) {}); });
        while (kin::info(waiter)->current_function != "kin::receive") kin::yield();
        kin::send(waiter, 'x');
        static_cast<void>(kin::is_alive(waiter));
        touch_nothing();
      },
      1);  // nobody else is just about to wait
  EXPECT_EQ(end.signal, SIGSEGV);
  EXPECT_THAT(end.errors, HasSubstr("SIGSEGV in process <0.1.0> registered as culprit"));
  EXPECT_THAT(end.errors, HasSubstr("More is in " + folder.string() + "/kin_crash."));
  const std::string said = text();
  EXPECT_THAT(said, HasSubstr("SIGSEGV in process <0.1.0> registered as culprit"));
  EXPECT_THAT(said, ContainsRegex("=BACKTRACE====.*\n(  .*crash_file_test\\+0x.*\n)+"));
  EXPECT_THAT(said, HasSubstr("<0.2.0> handles (anonymous namespace)::increment\n"));
  EXPECT_THAT(said, ContainsRegex("  <0\\.1\\.0> registered as culprit, .*: runs\n"));
  EXPECT_THAT(said, ContainsRegex("  <0\\.2\\.0>, .*: waits for its next message\n"));
  EXPECT_THAT(said, ContainsRegex("  <0\\.3\\.0>, .*: waits in kin::receive; 1 in its mailbox\n"));
  EXPECT_THAT(said, HasSubstr("=END===="));
}

TEST_F(crash_file, is_written_for_abort_and_has_the_last_words) {
  EXPECT_EQ(die([] { std::abort(); }).signal, SIGABRT);
  EXPECT_THAT(text(), HasSubstr("SIGABRT in process <0.1.0>"));
  EXPECT_THAT(text(), Not(HasSubstr("LAST WORDS")));
}

void read_disk() { throw std::runtime_error("no disk"); }

TEST_F(crash_file, has_the_report_of_an_exception_below_noexcept) {
  const test::outcome end = die([] { []() noexcept { read_disk(); }(); });
  EXPECT_EQ(end.signal, SIGABRT);
  EXPECT_THAT(text(), ContainsRegex("=LAST WORDS====\n(.*\n)*.*no disk"));
}

// NOLINTNEXTLINE(misc-no-recursion): that is what is tested
int overflow(int depth) {
  if (depth < 0) return 0;
  volatile char page[2000] = {};  // NOLINT(modernize-avoid-c-arrays)
  page[depth % 2000] = 1;
  return overflow(depth + 1) + page[0];
}

TEST_F(crash_file, is_written_when_a_stack_is_full) {
  const test::outcome end = die([] { overflow(0); });
  EXPECT_EQ(end.signal, SIGSEGV);
  EXPECT_THAT(end.errors, HasSubstr("=STACK OVERFLOW===="));
  EXPECT_THAT(text(),
              ContainsRegex("stack overflow at address 0x[0-9a-f]+ in process <0\\.1\\.0>"));
  EXPECT_THAT(text(), HasSubstr("=END===="));
}

TEST_F(crash_file, is_written_for_a_signal_that_somebody_sends_and_that_still_ends_the_program) {
  EXPECT_EQ(die([] { raise(SIGFPE); }).signal, SIGFPE);
  EXPECT_THAT(text(), HasSubstr("SIGFPE in process <0.1.0>"));
}

TEST_F(crash_file, goes_before_a_handler_that_was_there) {
  const test::outcome end = test::run_child([&](int) {
    std::signal(SIGSEGV, [](int) { _Exit(7); });
    return kin::run([] { touch_nothing(); }, {.crash_dir = folder.string()});
  });
  EXPECT_EQ(end.code, 7);
  EXPECT_THAT(text(), HasSubstr("SIGSEGV in process"));
}

TEST_F(crash_file, is_written_once_and_whole_when_two_processes_die_at_once) {
  const test::outcome end = die([] {
    kin::spawn([] { touch_nothing(); });
    touch_nothing();
  });
  EXPECT_EQ(end.signal, SIGSEGV);
  EXPECT_THAT(text(), HasSubstr("=END===="));
}

TEST_F(crash_file, is_written_when_a_thread_without_a_process_dies) {
  die([] { kin::blocking([] { touch_nothing(); }); });
  EXPECT_THAT(text(), HasSubstr("SIGSEGV in a thread that runs no process"));
}

TEST_F(crash_file, that_cannot_be_written_is_said_to_be_missing) {
  const std::filesystem::path gone = folder / "gone";
  const test::outcome end = test::run_child(
      [&](int) { return kin::run([] { std::abort(); }, {.crash_dir = gone.string()}); });
  EXPECT_EQ(end.signal, SIGABRT);
  EXPECT_THAT(end.errors, HasSubstr("No crash file: " + gone.string()));
}

TEST_F(crash_file, goes_where_the_environment_says_or_nowhere) {
  const auto die_with = [](const char* environment) {
    return test::run_child([&](int) {
      setenv("KIN_CRASH_DIR", environment, 1);
      return kin::run([] { std::abort(); });
    });
  };
  EXPECT_THAT(die_with("").errors, Not(HasSubstr("More is in")));
  EXPECT_THAT(text(), testing::IsEmpty());
  die_with(folder.c_str());
  EXPECT_THAT(text(), HasSubstr("SIGABRT"));
}

TEST_F(crash_file, is_not_written_by_a_program_that_handles_its_signals_itself) {
  const test::outcome end = test::run_child([&](int) {
    return kin::run([] { std::abort(); }, {.handle_signals = false, .crash_dir = folder.string()});
  });
  EXPECT_EQ(end.signal, SIGABRT);
  EXPECT_THAT(text(), testing::IsEmpty());
}

}  // namespace
