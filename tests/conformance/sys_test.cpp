// SPDX-License-Identifier: Apache-2.0
// sys: to look into a server and to hold it. otp-semantics 8.
#include <kin/gen_server.hpp>
#include <kin/special_process.hpp>
#include <kin/sys.hpp>

#include "conformance/support.hpp"

#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <unistd.h>
#include <vector>

namespace {

using namespace kin::literals;
using kin::sys::event;
using test::number;
using test::word;
using testing::ElementsAre;
using testing::IsEmpty;

class sys : public test::in_worlds {};
INSTANTIATE_TEST_SUITE_P(worlds, sys, test::worlds(), test::name_of_world);

struct put {
  int value = 0;
};
struct get {};

class cell : public kin::gen_server {
 public:
  int handle_call(get /*request*/) const { return value_; }
  void handle_cast(put p) { value_ = p.value; }
  [[nodiscard]] int format_status() const { return value_; }

 private:
  int value_ = 0;
};

template <class T>
event got(event::kind what, const T& message) {
  return {.what = what, .text = kin::to_string(message)};
}
event call_of_get() {
  return {.what = event::kind::call, .who = kin::self(), .text = kin::to_string(get{})};
}
event replied(int value) {
  return {.what = event::kind::reply,
          .who = kin::self(),
          .text = std::to_string(value),
          .state = std::to_string(value)};
}
event state(int value) { return {.what = event::kind::state, .state = std::to_string(value)}; }
event cast_of(put p) { return got(event::kind::cast, p); }

// The last events are kept, oldest first, as many as were asked for; a larger number keeps those
// there are, zero forgets them.
TEST_P(sys, log) {
  play([] {
    const auto server = kin::start<cell>();
    EXPECT_THAT(kin::sys::get_log(server), IsEmpty());
    kin::sys::log(server, 3);
    kin::cast(server, put{7});
    EXPECT_EQ(kin::call(server, get{}), 7);
    EXPECT_THAT(kin::sys::get_log(server), ElementsAre(state(7), call_of_get(), replied(7)));
    kin::sys::log(server, 5);
    kin::cast(server, put{8});
    EXPECT_THAT(kin::sys::get_log(server),
                ElementsAre(state(7), call_of_get(), replied(7), cast_of(put{8}), state(8)));
    kin::sys::log(server, 0);
    EXPECT_THAT(kin::sys::get_log(server), IsEmpty());
    kin::cast(server, put{9});
    EXPECT_THAT(kin::sys::get_log(server), IsEmpty());
    kin::stop(server);
  });
}

// A file of one's own, gone at the end.
class scratch_file {
 public:
  scratch_file() : path_(testing::TempDir() + "kin_sys_" + std::to_string(getpid())) {}
  scratch_file(const scratch_file&) = delete;
  scratch_file& operator=(const scratch_file&) = delete;
  ~scratch_file() { std::filesystem::remove(path_); }
  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] std::vector<std::string> lines() const {
    std::ifstream in(path_);
    std::vector<std::string> all;
    for (std::string line; std::getline(in, line);) all.push_back(line);
    return all;
  }

 private:
  std::string path_;
};

// Each event is a line of the file, until no file is asked for; one that cannot be opened is said.
TEST_P(sys, log_to_file) {
  play([] {
    const scratch_file file;
    const auto server = kin::start<cell>();
    kin::sys::log_to_file(server, file.path());
    kin::cast(server, put{7});
    EXPECT_EQ(kin::call(server, get{}), 7);
    const std::string who = "*DBG* " + kin::to_string(server.pid) + ' ';
    const std::string me = kin::to_string(kin::self());
    const std::vector<std::string> lines{who + "got cast " + kin::to_string(put{7}),
                                         who + "new state 7",
                                         who + "got call " + kin::to_string(get{}) + " from " + me,
                                         who + "sent 7 to " + me + ", new state 7"};
    EXPECT_EQ(file.lines(), lines);
    kin::sys::log_to_file(server, "");
    kin::cast(server, put{8});
    EXPECT_EQ(kin::call(server, get{}), 8);
    EXPECT_EQ(file.lines(), lines);
    const auto failed = kin::sys::try_log_to_file(server, "/no/such/folder/log").error();
    EXPECT_NE(failed.get_if<kin::sys::callback_failed>(), nullptr) << failed;
    EXPECT_EQ(kin::call(server, get{}), 8);
    kin::stop(server);
  });
}

// Messages in and replies out are counted; what sys asks is not, and off is nothing.
TEST_P(sys, stats) {
  play([] {
    const auto server = kin::start<cell>();
    EXPECT_FALSE(kin::sys::get_statistics(server));
    kin::sys::statistics(server, true);
    kin::cast(server, put{1});
    kin::send(server.pid, word{"unexpected"});
    kin::call(server, get{});
    EXPECT_EQ(kin::sys::get_status(server).parent, kin::self());
    const auto counts = kin::sys::get_statistics(server);
    EXPECT_TRUE(counts);
    EXPECT_EQ(counts->messages_in, 3U);
    EXPECT_EQ(counts->messages_out, 1U);
    EXPECT_GT(counts->reductions, 0U);
    EXPECT_LE(counts->start, counts->now);
    kin::sys::statistics(server, false);
    EXPECT_FALSE(kin::sys::get_statistics(server));
    kin::stop(server);
  });
}

// A call is two lines on standard output, by the server's name if it has one.
TEST_P(sys, trace) {
  play([] {
    constexpr kin::name<cell> traced("traced");
    const std::string me = kin::to_string(kin::self());
    testing::internal::CaptureStdout();
    const auto server = kin::start<cell>({.name = traced});
    kin::sys::trace(traced, true);
    kin::call(server, get{});
    kin::sys::trace(traced, false);
    kin::call(server, get{});
    kin::stop(server);
    EXPECT_EQ(testing::internal::GetCapturedStdout(),
              "*DBG* traced got call " + kin::to_string(get{}) + " from " + me +
                  "\n*DBG* traced sent 0 to " + me + ", new state 0\n");
  });
}

// Both can be said twice; between them calls time out, and what was sent is served afterwards.
TEST_P(sys, suspend) {
  play([] {
    const auto server = kin::start<cell>();
    EXPECT_EQ(kin::call(server, get{}), 0);
    kin::sys::suspend(server);
    kin::sys::suspend(server);
    EXPECT_TRUE(kin::sys::get_status(server).suspended);
    kin::cast(server, put{3});
    EXPECT_EQ(kin::try_call(server, get{}, 2ms).error(), kin::timed_out);
    EXPECT_EQ(kin::sys::get_status(server).state, "0") << "it took a message while suspended";
    kin::sys::resume(server);
    kin::sys::resume(server);
    EXPECT_EQ(kin::call(server, get{}), 3);
    EXPECT_FALSE(kin::sys::get_status(server).suspended);
    kin::stop(server);
  });
}

// A function sees the events until it wants no more, is removed, or fails; an id is taken once.
TEST_P(sys, install) {
  play([] {
    const auto server = kin::start<cell>();
    const kin::pid me = kin::self();
    const auto tells = [me](int mark) {
      return [me, mark](const event& e) {
        if (e.what == event::kind::cast) kin::send(me, number{mark});
        return true;
      };
    };
    kin::sys::install(server, "first", tells(1));
    kin::sys::install(server, "first", tells(2));
    kin::cast(server, put{});
    EXPECT_EQ(test::expect<number>(), number{1});
    kin::sys::remove(server, "first");
    kin::sys::remove(server, "nobody's");
    kin::sys::install(server, "once", [me](const event& /*e*/) {
      kin::send(me, number{3});
      return false;
    });
    kin::sys::install(server, "fails", [me](const event& /*e*/) -> bool {
      kin::send(me, number{4});
      throw std::runtime_error("no");
    });
    kin::cast(server, put{});
    EXPECT_EQ(test::expect<number>(), number{3});
    EXPECT_EQ(test::expect<number>(), number{4});
    kin::sys::install(server, "last", tells(5));
    kin::sys::no_debug(server);
    kin::cast(server, put{});
    EXPECT_EQ(kin::call(server, get{}), 0);
    EXPECT_THAT(test::drained(), IsEmpty());
    kin::stop(server);
  });
}

// A process written by hand that gives numbers away: it answers sys as a server does.
struct alloc {
  kin::pid who;
};
struct free_numbers {
  std::vector<int> left;
};
void allocator() {
  free_numbers state{{1, 2, 3}};
  kin::sys::special_process me(state);
  for (;;) {
    me.receive([&](alloc a) {
      kin::send(a.who, number{state.left.empty() ? 0 : state.left.back()});
      if (!state.left.empty()) state.left.pop_back();
    });
  }
}

TEST_P(sys, special_process) {
  play([] {
    const kin::monitored born = kin::spawn_monitor(allocator);
    const kin::server<free_numbers> server{born.pid};
    const kin::pid me = kin::self();
    kin::send(server.pid, alloc{me});
    EXPECT_EQ(test::expect<number>(), number{3});
    EXPECT_EQ(kin::sys::get_state(server).left, (std::vector{1, 2}));

    kin::sys::suspend(server);
    kin::send(server.pid, alloc{me});
    const auto more = kin::sys::replace_state(server, [](free_numbers f) {
      f.left.push_back(9);
      return f;
    });
    EXPECT_EQ(more.left, (std::vector{1, 2, 9}));
    EXPECT_THAT(test::drained(), IsEmpty()) << "it took a message while suspended";
    kin::sys::resume(server);
    EXPECT_EQ(test::expect<number>(), number{9});

    const auto failed = kin::sys::try_replace_state(server, [](free_numbers f) -> free_numbers {
      throw test::word{f.left.empty() ? "" : "no"};
    });
    EXPECT_NE(failed.error().get_if<kin::sys::callback_failed>(), nullptr);
    EXPECT_EQ(kin::sys::get_state(server).left, (std::vector{1, 2}));

    kin::sys::suspend(server);
    kin::stop(server, kin::shutdown);
    EXPECT_EQ(test::expect_down(born.ref).reason, kin::shutdown);
  });
}

}  // namespace
