// SPDX-License-Identifier: Apache-2.0
// Calls from threads that run no process: the thread blocks, and hears what a process would.
// protocols 9.
#include <kin/gen_server.hpp>
#include <kin/info.hpp>

#include "behaviours/counter.hpp"

#include <atomic>
#include <functional>
#include <future>
#include <memory>
#include <semaphore>
#include <string>
#include <thread>
#include <vector>

namespace {

using namespace kin::literals;
using namespace kin::test;
using testing::AllOf;
using testing::HasSubstr;

// A machine that runs, entered by this thread, and a server that tells a process of its own.
struct calling_thread : testing::Test {
  void SetUp() override { machine.start(); }
  void TearDown() override { EXPECT_TRUE(machine.stop().empty()); }

  kin::machine machine{{.workers = 2, .reports = quiet()}};
  kin::machine::enter inside{machine};
  kin::pid nobody = machine.spawn([] { return kin::loop([](const kin::message& /*any*/) {}); });
  kin::server<counter> fresh_one() { return kin::start<counter>(nobody); }
};

std::string text_of(const std::function<void()>& call) {
  try {
    call();
  } catch (const std::exception& e) {
    return e.what();
  }
  return "nothing was thrown";
}

TEST_F(calling_thread, gets_what_the_server_answers) {
  auto c = fresh_one();
  EXPECT_EQ(kin::call(c, add{40}), 40);
  EXPECT_EQ(kin::try_call(c, add{2}).value(), 42);
  EXPECT_EQ(*kin::call(c, test::box{std::make_unique<int>(6)}), 7);
  kin::cast(c, add{1});
  kin::call(c, nothing_to_say{});
  EXPECT_EQ(kin::call(c, get{}, kin::infinity), 43);
}

TEST_F(calling_thread, reaches_a_server_by_its_name) {
  auto c = kin::start<counter>({.name = visits}, nobody);
  kin::cast(visits, add{3});
  EXPECT_EQ(kin::call(visits, get{}), 3);
  kin::stop(c);
  EXPECT_EQ(kin::try_call(visits, get{}).error(), kin::noproc);
}

TEST(calling_a_name, on_a_thread_of_no_machine_says_so) {
  const std::string wanted = "on a thread that belongs to no machine; see kin::machine::enter";
  EXPECT_THAT(text_of([] { kin::call(visits, get{}); }), HasSubstr(wanted));
  EXPECT_THAT(text_of([] { kin::cast(visits, add{1}); }), HasSubstr(wanted));
}

TEST_F(calling_thread, hears_that_nobody_is_there) {
  auto c = fresh_one();
  kin::stop(c);
  EXPECT_EQ(kin::try_call(c, get{}).error(), kin::noproc);
  EXPECT_THAT(text_of([&] { kin::call(c, get{}); }),
              AllOf(HasSubstr("noproc"), HasSubstr("counter"), HasSubstr("get")));
  EXPECT_EQ(kin::try_call(kin::server<counter>{}, get{}).error(), kin::noproc);
}

TEST_F(calling_thread, hears_that_the_time_is_up_and_takes_no_late_answer_for_the_next) {
  auto c = fresh_one();
  EXPECT_EQ(kin::try_call(c, later{}, 1ms).error(), kin::timed_out);
  EXPECT_EQ(kin::try_call(c, later{}, 0s).error(), kin::timed_out);
  EXPECT_EQ(kin::try_call(c, later{}, -1s).error(), kin::timed_out);
  kin::cast(c, release{});
  EXPECT_EQ(kin::call(c, add{10}), 13);  // three late answers counted to 3
  EXPECT_EQ(kin::call(c, get{}), 13);
}

TEST_F(calling_thread, hears_why_the_server_died) {
  auto in_hand = fresh_one();
  EXPECT_TRUE(kin::try_call(in_hand, fail{}).error().is_error());
  auto silent = fresh_one();
  EXPECT_EQ(kin::try_call(silent, end_silently{bad}).error(), bad);
  auto aside = fresh_one();
  std::thread killer([&] {
    while (kin::info(aside)->monitored_by.empty()) std::this_thread::yield();
    kin::exit(aside, kin::kill);
  });
  EXPECT_EQ(kin::try_call(aside, later{}, kin::infinity).error(), kin::killed);
  killer.join();
  auto thrown_away = fresh_one();
  EXPECT_EQ(kin::try_call(thrown_away, swallow{}).error(), kin::dropped);
}

TEST_F(calling_thread, is_told_apart_from_others_that_call) {
  auto c = fresh_one();
  constexpr int threads = 4;
  const int each = test::times(500);
  std::vector<std::thread> callers;
  for (int t = 0; t < threads; ++t) {
    callers.emplace_back([&] {
      int last = 0;
      for (int i = 0; i < each; ++i) {
        const int now = kin::call(c, add{1}, patience);
        ASSERT_GT(now, last);
        last = now;
      }
    });
  }
  for (auto& t : callers) t.join();
  EXPECT_EQ(kin::call(c, get{}), threads * each);
}

TEST_F(calling_thread, is_the_same_in_all_its_calls_and_no_other) {
  auto c = fresh_one();
  const kin::pid me = kin::call(c, who{});
  EXPECT_TRUE(me);
  EXPECT_EQ(kin::call(c, who{}), me);
  EXPECT_THAT(kin::to_string(me), HasSubstr("<thread."));
  kin::pid other;
  std::thread([&] { other = kin::call(c, who{}); }).join();
  EXPECT_NE(other, me);
}

TEST_F(calling_thread, takes_no_message_no_exit_and_no_link) {
  auto c = fresh_one();
  const kin::pid me = kin::call(c, who{});
  auto held = std::make_shared<int>(0);
  kin::send(me, held);
  EXPECT_EQ(held.use_count(), 1);
  kin::exit(me, kin::kill);
  EXPECT_EQ(machine.run([me, held] {
    EXPECT_TRUE(kin::is_alive(me));
    EXPECT_FALSE(kin::info(me));
    kin::trap_exits();
    kin::link(me);
    EXPECT_EQ(expect<kin::exited>(), (kin::exited{me, kin::noproc}));
    EXPECT_THROW(kin::suspend(me), kin::error);
    EXPECT_THROW(kin::register_name(visits, me), kin::error);
  }),
            kin::normal);
  EXPECT_EQ(kin::call(c, get{}), 0);
}

TEST_F(calling_thread, can_be_monitored_until_it_ends) {
  auto c = fresh_one();
  std::promise<kin::pid> is_known;
  std::promise<void> may_end;
  std::thread caller([&, end = may_end.get_future()]() mutable {
    is_known.set_value(kin::call(c, who{}));
    end.wait();
  });
  const auto why = machine.run([thread = is_known.get_future().get(), &may_end] {
    const kin::ref given_up = kin::monitor(thread);
    const kin::ref kept = kin::monitor(thread);
    EXPECT_TRUE(kin::demonitor(given_up));
    kin::receive([](const kin::down& /*early*/) { ADD_FAILURE() << "it lives"; },
                 kin::after(0s, [] {}));
    may_end.set_value();
    EXPECT_EQ(expect<kin::down>(), (kin::down{kept, thread, kin::normal}));
    EXPECT_FALSE(kin::is_alive(thread));
    EXPECT_EQ(test::await_exit(thread), kin::noproc);
  });
  EXPECT_EQ(why, kin::normal);
  caller.join();
}

// Calls where it is destroyed.
struct calling_back {
  explicit calling_back(kin::server<counter> to) : server(to) {}
  calling_back(calling_back&& other) noexcept : server(std::exchange(other.server, {})) {}
  calling_back& operator=(calling_back&&) = delete;
  calling_back(const calling_back&) = delete;
  calling_back& operator=(const calling_back&) = delete;
  ~calling_back() {
    if (!server.pid || kin::in_process()) return;
    kin::cast(server, release{});  // what waits gets its answer while this waits for its own
    static_cast<void>(kin::try_call(server, add{100}));
  }
  kin::server<counter> server;
};

TEST_F(calling_thread, may_call_in_the_destructor_of_what_it_is_sent) {
  auto c = fresh_one();
  const kin::pid me = kin::call(c, who{});
  kin::send(me, calling_back(c));  // thrown away here and now
  EXPECT_EQ(kin::call(c, get{}), 100);
  std::promise<kin::pid> is_known;
  std::thread caller([&] {
    is_known.set_value(kin::call(c, who{}));
    EXPECT_EQ(kin::try_call(c, later{}, patience).value(), 101);
  });
  const kin::pid it = is_known.get_future().get();
  while (kin::info(c)->monitored_by.empty()) std::this_thread::yield();
  kin::send(it, calling_back(c));  // thrown away there, in the middle of its call
  caller.join();
  EXPECT_EQ(kin::call(c, get{}), 201);
}

TEST_F(calling_thread, may_be_one_of_kin_blocking) {
  auto c = fresh_one();
  EXPECT_EQ(machine.run([c] {
    EXPECT_EQ(kin::blocking([c] { return kin::call(c, add{5}); }), 5);
    EXPECT_EQ(kin::call(c, get{}), 5);
  }),
            kin::normal);
}

struct calls_at_the_end {
  kin::server<counter> server;
  ~calls_at_the_end() {
    if (!server.pid) return;
    EXPECT_EQ(kin::try_call(server, add{1}).value(), 2);
  }
};
TEST_F(calling_thread, may_call_while_it_ends) {
  auto c = fresh_one();
  std::thread([c] {
    thread_local calls_at_the_end late;  // made first, destroyed last
    late.server = c;
    EXPECT_EQ(kin::call(c, add{1}), 1);
  }).join();
  EXPECT_EQ(kin::call(c, get{}), 2);
}

// ---- a full mailbox -----------------------------------------------------------------------------

TEST_F(calling_thread, hears_what_a_full_mailbox_does) {
  const auto full = [](kin::when_full policy) {
    const auto p = kin::spawn([] { kin::receive([](const word& /*end*/) {}); },
                              {.mailbox = {.limit = 1, .when_full = policy}});
    kin::send(p.pid, number{1});
    return kin::server<counter>{p.pid};
  };
  EXPECT_EQ(kin::try_call(full(kin::when_full::fail), get{}).error(), kin::mailbox_full);
  EXPECT_EQ(kin::try_call(full(kin::when_full::drop_newest), get{}).error(), kin::dropped);
  EXPECT_EQ(kin::try_call(full(kin::when_full::block), get{}, 1ms).error(), kin::mailbox_full);
}

TEST_F(calling_thread, waits_for_room_within_its_limit) {
  const auto p = kin::spawn(
      [] {
        kin::receive([](const word& /*go*/) {});
        kin::receive([](number) {});
        kin::receive([](const word& /*end*/) {});
        kin::exit(bad);
      },
      {.mailbox = {.limit = 1, .when_full = kin::when_full::block}});
  kin::send(p.pid, number{1});
  std::thread caller(
      [p] { EXPECT_EQ(kin::try_call(kin::server<counter>{p.pid}, get{}, patience).error(), bad); });
  kin::send_after(0s, p.pid, word{"go"});  // what timers send always gets in
  while (kin::info(p.pid)->monitored_by.empty()) std::this_thread::yield();
  kin::send_after(0s, p.pid, word{"end"});
  caller.join();
}

// ---- start and stop -----------------------------------------------------------------------------

class stubborn : public kin::gen_server {
 public:
  explicit stubborn(std::string why) : why_(std::move(why)) {}
  kin::next init() { return kin::stop(kin::exit_reason(why_)); }

 private:
  std::string why_;
};

TEST_F(calling_thread, starts_servers_and_stops_them) {
  auto c = kin::start<counter>({.name = visits}, nobody);
  EXPECT_EQ(kin::whereis(visits), c.pid);
  EXPECT_EQ(kin::try_start<counter>({.name = visits}, nobody).error(),
            kin::exit_reason(kin::already_started{c.pid}));
  EXPECT_EQ(kin::try_start<stubborn>("will not"s).error(), "will not");
  EXPECT_THAT(text_of([] { kin::start<stubborn>("will not"s); }),
              AllOf(HasSubstr("stubborn"), HasSubstr("will not")));
  kin::stop(c);
  EXPECT_EQ(kin::whereis(visits), std::nullopt);
  EXPECT_FALSE(kin::is_alive(c));
  EXPECT_EQ(kin::try_stop(c).error(), kin::noproc);
  auto other = fresh_one();
  EXPECT_TRUE(kin::try_stop(other, kin::shutdown));
}

TEST_F(calling_thread, hears_that_a_server_did_not_stop_in_time) {
  const auto hold = std::make_shared<std::binary_semaphore>(0);  // outlives this function
  const kin::pid busy = machine.spawn([hold] { kin::blocking([hold] { hold->acquire(); }); });
  EXPECT_EQ(kin::try_stop(kin::server<counter>{busy}, kin::normal, 1ms).error(), kin::timed_out);
  hold->release();
}

struct hold_on {
  std::shared_ptr<std::binary_semaphore> begun;
  std::shared_ptr<std::binary_semaphore> until;
};
class holder : public kin::gen_server {
 public:
  void handle_cast(const hold_on& request) {
    request.begun->release();
    kin::blocking([&] { request.until->acquire(); });
  }
};

TEST_F(calling_thread, stops_a_server_whose_full_mailbox_drops_what_comes) {
  const auto begun = std::make_shared<std::binary_semaphore>(0);
  const auto hold = std::make_shared<std::binary_semaphore>(0);
  auto server =
      kin::start<holder>({.mailbox = {.limit = 1, .when_full = kin::when_full::drop_newest}});
  kin::cast(server, hold_on{begun, hold});
  begun->acquire();
  const auto open = std::make_shared<std::binary_semaphore>(1);
  kin::cast(server, hold_on{begun, open});
  auto stopped =
      std::async(std::launch::async, [&] { return kin::try_stop(server, kin::normal, 2s); });
  while (stopped.wait_for(0s) != std::future_status::ready &&
         kin::info(server)->message_queue_len < 2) {
    std::this_thread::yield();
  }
  hold->release();
  EXPECT_TRUE(stopped.get());
}

TEST_F(calling_thread, has_no_links) {
  EXPECT_THAT(text_of([&] { kin::start_link<counter>(nobody); }),
              HasSubstr("kin::start_link was called outside a process"));
}

// ---- a machine before, while and after it runs --------------------------------------------------

TEST(calling_a_machine, that_has_not_started_waits_for_it) {
  kin::machine machine({.workers = 1, .reports = quiet()});
  std::promise<kin::server<counter>> made;
  machine.spawn([&] {
    made.set_value(kin::start<counter>(kin::self()));
    test::idle();
  });
  std::promise<void> about_to_start;
  std::thread caller([&] {
    const kin::machine::enter inside(machine);
    about_to_start.set_value();
    auto c = kin::start<counter>(kin::pid{});
    EXPECT_EQ(kin::call(c, add{1}, patience), 1);
  });
  about_to_start.get_future().wait();
  machine.start();
  EXPECT_EQ(kin::call(made.get_future().get(), add{2}, patience), 2);
  caller.join();
}

TEST(calling_a_machine, that_never_starts_ends_with_the_time) {
  kin::machine machine({.workers = 1, .reports = quiet()});
  const kin::pid p = machine.spawn([] {});
  EXPECT_EQ(kin::try_call(kin::server<counter>{p}, get{}, 1ms).error(), kin::timed_out);
}

TEST(calling_a_machine, that_stops_ends_the_call_with_the_servers_reason) {
  kin::machine machine({.workers = 2, .reports = quiet()});
  machine.start();
  const kin::machine::enter inside(machine);
  auto c = kin::start<counter>(kin::pid{});
  std::thread caller([c] {
    EXPECT_EQ(kin::try_call(c, later{}, kin::infinity).error(), kin::shutdown);
    EXPECT_EQ(kin::try_call(c, get{}).error(), kin::noproc);
  });
  while (kin::info(c)->monitored_by.empty()) std::this_thread::yield();
  EXPECT_TRUE(machine.stop().empty());
  caller.join();
  EXPECT_EQ(kin::try_call(c, get{}).error(), kin::noproc);
  EXPECT_EQ(kin::try_stop(c).error(), kin::noproc);
  EXPECT_EQ(kin::try_start<counter>(kin::pid{}).error(), kin::noproc);
}

TEST(calling_a_machine, that_is_gone_is_noproc) {
  kin::server<counter> c;
  {
    kin::machine machine({.workers = 1, .reports = quiet()});
    machine.start();
    const kin::machine::enter inside(machine);
    c = kin::start<counter>(kin::pid{});
    EXPECT_EQ(kin::call(c, get{}), 0);
  }
  EXPECT_EQ(kin::try_call(c, get{}).error(), kin::noproc);
  kin::cast(c, add{1});
}

TEST(calling_a_machine, while_it_stops_ends_with_an_answer_or_a_reason) {
  for (int i = 0; i < test::times(40); ++i) {
    kin::machine machine({.workers = 2, .reports = quiet()});
    machine.start();
    kin::server<counter> c;
    {
      const kin::machine::enter inside(machine);
      c = kin::start<counter>(kin::pid{});
    }
    std::vector<std::thread> callers;
    std::atomic<int> answered{0};
    for (int t = 0; t < 2; ++t) {
      callers.emplace_back([&] {
        for (;;) {
          const auto r = kin::try_call(c, add{1}, kin::infinity);
          if (r) {
            ++answered;
            continue;
          }
          EXPECT_TRUE(r.error() == kin::noproc || r.error() == kin::shutdown) << r.error();
          return;
        }
      });
    }
    while (answered < 3 + i) std::this_thread::yield();
    EXPECT_TRUE(machine.stop().empty());
    for (auto& t : callers) t.join();
  }
}

}  // namespace
