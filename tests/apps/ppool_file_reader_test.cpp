// SPDX-License-Identifier: Apache-2.0
#include "count/file_reader.hpp"
#include "ppool_grep.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <fcntl.h>
#include <pthread.h>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>

namespace {

using ppool::count_file;
using ppool::file_count;
using ppool::matcher;
using ppool::test::scratch;
using namespace std::string_literals;

const std::stop_token never;

TEST(file_reader, counts_lines_bytes_and_matches) {
  const scratch dir;

  const auto counted = count_file(matcher{"a"}, dir.file("f", "a\nb\nca"), never);

  EXPECT_EQ(counted.path, dir / "f");
  EXPECT_EQ(counted.lines, 3U);
  EXPECT_EQ(counted.bytes, 6U);
  EXPECT_EQ(counted.matches, 2U);
  EXPECT_FALSE(counted.binary);
  EXPECT_FALSE(counted.error);
}

TEST(file_reader, counts_nothing_in_an_empty_file) {
  const scratch dir;

  const auto counted = count_file(matcher{""}, dir.file("empty", ""), never);

  EXPECT_EQ(counted.lines, 0U);
  EXPECT_EQ(counted.matches, 0U);
  EXPECT_FALSE(counted.error);
}

TEST(file_reader, calls_a_file_with_a_nul_binary_and_ends_its_lines_there) {
  const scratch dir;

  const auto counted = count_file(matcher{"^a$"}, dir.file("f", "a\0a\nb"s), never);

  EXPECT_TRUE(counted.binary);
  EXPECT_EQ(counted.lines, 3U);
  EXPECT_EQ(counted.matches, 2U);
}

TEST(file_reader, counts_a_line_once_that_lies_across_two_blocks) {
  const scratch dir;
  const std::string first(ppool::block_bytes - 3, 'x');

  const auto counted =
      count_file(matcher{"^hello$"}, dir.file("f", first + "\nhello\nhello"), never);

  EXPECT_EQ(counted.matches, 2U);
  EXPECT_EQ(counted.lines, 3U);
}

TEST(file_reader, counts_a_line_once_that_is_longer_than_a_block) {
  const scratch dir;
  const std::string longer(3 * ppool::block_bytes, 'x');

  const auto counted =
      count_file(matcher{"^ax*b$"}, dir.file("f", "a" + longer + "b\nab\n"), never);

  EXPECT_EQ(counted.matches, 2U);
  EXPECT_EQ(counted.lines, 2U);
}

TEST(file_reader, refuses_a_line_longer_than_its_memory) {
  const scratch dir;
  const auto path = dir.file("f", "");
  {  // spaces, not a hole: NULs would end lines
    const std::string block(ppool::block_bytes, ' ');
    const int fd = ::open(path.c_str(), O_WRONLY | O_CLOEXEC);
    for (std::size_t at = 0; at <= ppool::line_bytes_max; at += block.size()) {
      ASSERT_EQ(::write(fd, block.data(), block.size()), static_cast<ssize_t>(block.size()));
    }
    ::close(fd);
  }

  const auto counted = count_file(matcher{"x"}, path, never);

  EXPECT_EQ(counted.error, std::errc::value_too_large);
  EXPECT_EQ(ppool::reason(counted.error), "has a line longer than 256 MiB");
}

TEST(file_reader, reports_what_cannot_be_opened_or_read) {
  const scratch dir;

  EXPECT_EQ(count_file(matcher{"x"}, dir / "nowhere", never).error,
            std::errc::no_such_file_or_directory);
  EXPECT_EQ(count_file(matcher{"x"}, dir.path(), never).error, std::errc::is_a_directory);
  EXPECT_EQ(ppool::reason(count_file(matcher{"x"}, dir.path(), never).error), "Is a directory");
}

TEST(file_reader, reports_a_file_it_may_not_read) {
  const scratch dir;
  const auto path = dir.file("secret", "x\n");
  std::filesystem::permissions(path, std::filesystem::perms::none);

  const ppool::test::as_nobody guard;

  EXPECT_EQ(count_file(matcher{"x"}, path, never).error, std::errc::permission_denied);
}

TEST(file_reader, reads_a_file_that_says_it_has_no_size) {
  const auto counted = count_file(matcher{"^Pid:"}, "/proc/self/status", never);

  EXPECT_EQ(counted.matches, 1U);
  EXPECT_GT(counted.bytes, 0U);
}

TEST(file_reader, reads_a_fifo_to_its_end) {
  const scratch dir;
  const auto path = dir / "fifo";
  ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
  const std::jthread writer{[&] {
    const int fd = ::open(path.c_str(), O_WRONLY | O_CLOEXEC);
    for (const std::string_view part : {"a\nb", "b\nb", "\na"}) {
      EXPECT_EQ(::write(fd, part.data(), part.size()), static_cast<ssize_t>(part.size()));
    }
    ::close(fd);
  }};

  const auto counted = count_file(matcher{"^bb$|a"}, path, never);

  EXPECT_EQ(counted.matches, 3U);
  EXPECT_EQ(counted.lines, 4U);
}

TEST(file_reader, stops_between_two_blocks) {
  const scratch dir;
  const auto path = dir.file("f", std::string(5 * ppool::block_bytes, '\n'));
  std::stop_source source;
  int blocks = 0;

  const auto counted = count_file(matcher{"x"}, path, source.get_token(), [&] {
    if (++blocks == 2) source.request_stop();
  });

  EXPECT_EQ(counted.error, std::errc::operation_canceled);
  EXPECT_EQ(counted.bytes, 2 * ppool::block_bytes);
}

TEST(file_reader, stops_while_a_fifo_has_nothing_to_say) {
  const scratch dir;
  const auto path = dir / "fifo";
  ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
  std::stop_source source;
  source.request_stop();

  EXPECT_EQ(count_file(matcher{"x"}, path, source.get_token()).error,
            std::errc::operation_canceled);
}

TEST(file_reader, closes_the_file_when_the_block_hook_throws) {
  const scratch dir;
  const auto path = dir.file("f", std::string(3 * ppool::block_bytes, '\n'));
  const int lowest_free = ::dup(0);
  ::close(lowest_free);

  EXPECT_THROW(count_file(matcher{"x"}, path, never, [] { throw std::runtime_error("exit"); }),
               std::runtime_error);

  const int again = ::dup(0);
  ::close(again);
  EXPECT_EQ(again, lowest_free);
}

// Sanitizers keep shadow frames on the stack; what they need says nothing about ours.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool sanitized = true;
#elif defined(__has_feature)  // clang's way of saying it
constexpr bool sanitized = __has_feature(address_sanitizer) || __has_feature(thread_sanitizer);
#else
constexpr bool sanitized = false;
#endif

struct stack_job {
  const matcher& compiled;
  const std::filesystem::path& path;
  file_count counted;
};

/// The stack that a job touched, in a painted one of 256 KiB: less what a bare thread touches.
std::size_t stack_used(void* (*run)(void*), void* argument) {
  constexpr std::size_t size = std::size_t{256} << 10;
  const auto stack = std::make_unique<unsigned char[]>(size);
  std::memset(stack.get(), 0xA5, size);
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstack(&attributes, stack.get(), size);
  pthread_t thread{};
  EXPECT_EQ(pthread_create(&thread, &attributes, run, argument), 0);
  pthread_join(thread, nullptr);
  pthread_attr_destroy(&attributes);
  std::size_t untouched = 0;
  while (untouched < size && stack[untouched] == 0xA5) ++untouched;
  return size - untouched;
}

// A worker process has 48 KiB; half of it is left to its runtime and its own frames. The regex is
// new to each run, since the automaton's first states are built on the counting stack.
TEST(file_reader, needs_less_than_half_of_a_worker_stack) {
  if (sanitized) GTEST_SKIP() << "sanitized frames";
  const scratch dir;
  std::string text;
  for (int line = 0; line < 100'000; ++line) text += "int x" + std::to_string(line) + "é = \xE0;\n";
  const auto path = dir.file("f", text);
  const auto bare = stack_used([](void*) -> void* { return nullptr; }, nullptr);

  for (const char* regex :
       {"x", "^int.*[0-7]{2,30}.*;$", "(a|b|c|é|[^x])*[[:alpha:]]{3,9}9+", ".*"}) {
    const matcher compiled{regex};
    stack_job job{compiled, path, {}};
    const auto count = [](void* given) -> void* {
      auto& todo = *static_cast<stack_job*>(given);
      todo.counted = count_file(todo.compiled, todo.path, {});
      return nullptr;
    };

    const auto used = stack_used(count, &job) - bare;

    EXPECT_LT(used, std::size_t{24} << 10) << regex;
    EXPECT_EQ(job.counted.lines, 100'000U);
  }
}

}  // namespace
