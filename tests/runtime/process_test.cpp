// SPDX-License-Identifier: Apache-2.0
// spawn, exit, is_alive: how processes begin and end. otp-semantics 1.2 to 1.4.
#include "support/expect.hpp"

#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

using namespace kin::literals;
using test::number;
using test::word;

/// Says so when it is destroyed.
class on_end {
 public:
  explicit on_end(std::function<void()> act) : act_(std::move(act)) {}
  on_end(const on_end&) = delete;
  on_end& operator=(const on_end&) = delete;
  ~on_end() { act_(); }

 private:
  std::function<void()> act_;
};

// ---- spawn --------------------------------------------------------------------------------------

KIN_TEST(spawn, runs_its_body_as_another_process) {
  const kin::pid me = kin::self();
  const kin::pid child = kin::spawn([me] { kin::send(me, kin::self()); });

  EXPECT_EQ(test::expect<kin::pid>(), child);
  EXPECT_NE(child, me);
}

KIN_TEST(spawn, knows_the_parent_and_the_root_has_none) {
  EXPECT_FALSE(kin::parent());
  const kin::pid me = kin::self();
  kin::spawn([me] { kin::send(me, kin::parent()); });

  EXPECT_EQ(test::expect<kin::pid>(), me);
}

KIN_TEST(spawn, takes_a_body_that_can_only_be_moved) {
  const kin::pid me = kin::self();
  kin::spawn([me, n = std::make_unique<int>(7)] { kin::send(me, number{*n}); });

  EXPECT_EQ(test::expect<number>(), number{7});
}

KIN_TEST(spawn, destroys_its_body_before_the_end_is_told) {
  auto held = std::make_shared<int>(0);
  const auto child = kin::spawn_monitor([held] {});
  test::expect_down(child.ref);

  EXPECT_EQ(held.use_count(), 1);
}

TEST(spawn, outside_a_process_is_an_error_that_says_so) {
  try {
    kin::spawn([] {});
    FAIL() << "it spawned";
  } catch (const kin::error& e) {
    EXPECT_EQ(e.reason(), kin::badarg);
    EXPECT_NE(std::string(e.what()).find("kin::machine::enter"), std::string::npos) << e.what();
  }
}

KIN_TEST(spawn, does_not_inherit_trap_exits) {
  kin::trap_exits();
  const kin::pid me = kin::self();
  kin::spawn([me] { kin::send(me, kin::trap_exits(true)); });

  EXPECT_FALSE(test::expect<bool>());
}

KIN_TEST(process, spawn_monitor_never_says_noproc, {.workers = {1, 2, 4}}) {
  for (int i = 0; i < test::times(2000); ++i) {
    const auto child = kin::spawn_monitor([i] { kin::exit(i); });
    ASSERT_EQ(test::expect_down(child.ref), (kin::down{child.ref, child.pid, kin::exit_reason(i)}));
  }
}

KIN_TEST(process, spawn_link_never_misses_the_end, {.workers = {1, 2, 4}}) {
  kin::trap_exits();
  for (int i = 0; i < test::times(2000); ++i) {
    const kin::pid child = kin::spawn_link([i] { kin::exit(i); });
    ASSERT_EQ(test::expect<kin::exited>(), (kin::exited{child, kin::exit_reason(i)}));
  }
}

KIN_TEST(process, a_million_processes_leave_nothing_behind, {.workers = {1, 2, 4}}) {
  const int at_once = test::times(1000, 1000);
  for (int i = 0; i < test::times(1000); ++i) {
    std::vector<kin::ref> ends;
    for (int j = 0; j < at_once; ++j) ends.push_back(kin::spawn_monitor([] {}).ref);
    for (int j = 0; j < at_once; ++j) ASSERT_EQ(test::expect<kin::down>().reason, kin::normal);
  }
}

KIN_TEST(spawn, a_tree_of_processes_ends_from_the_leaves, {.workers = {4}}) {
  struct tree {
    static void grow(int depth, kin::pid up) {
      if (depth > 0) {
        const kin::pid me = kin::self();
        for (int i = 0; i < 2; ++i) kin::spawn([=] { grow(depth - 1, me); });
        const int left = test::expect<number>().value;
        kin::send(up, number{1 + left + test::expect<number>().value});
      } else {
        kin::send(up, number{1});
      }
    }
  };
  const kin::pid me = kin::self();
  const int depth = test::simulated() ? 5 : test::sanitized ? 9 : 14;
  kin::spawn([me, depth] { tree::grow(depth, me); });

  EXPECT_EQ(test::expect<number>().value, (2 << depth) - 1);
}

// ---- exit/1 -------------------------------------------------------------------------------------

kin::exit_reason how_it_ends(std::function<void()> body) {
  const auto child = kin::spawn_monitor(std::move(body));
  return test::expect_down(child.ref).reason;
}

TEST(exit, is_normal_when_the_body_returns) {
  test::play([] { EXPECT_EQ(how_it_ends([] {}), kin::normal); });
}

KIN_TEST(exit, carries_a_value_of_any_type) {
  struct no_disk {
    int unit;
  };
  const kin::exit_reason why = how_it_ends([] { kin::exit(no_disk{3}); });

  ASSERT_NE(why.get_if<no_disk>(), nullptr);
  EXPECT_EQ(why.get_if<no_disk>()->unit, 3);
}

KIN_TEST(exit, carries_text_and_atoms_verbatim) {
  EXPECT_EQ(how_it_ends([] { kin::exit("no reason"); }), "no reason");
  EXPECT_EQ(how_it_ends([] { kin::exit(kin::normal); }), kin::normal);
  EXPECT_EQ(how_it_ends([] { kin::exit(kin::shutdown); }), kin::shutdown);
  EXPECT_EQ(how_it_ends([] { kin::exit(kin::shutdown(3)); }), kin::shutdown(3));
  EXPECT_EQ(how_it_ends([] { kin::exit(kin::kill); }), kin::kill);
  EXPECT_EQ(how_it_ends([] { kin::exit(kin::killed); }), kin::killed);
}

KIN_TEST(exit, of_an_exception_is_an_error_with_its_type_and_text) {
  const kin::exit_reason why = how_it_ends([] { throw std::out_of_range("too far"); });

  EXPECT_TRUE(why.is_error());
  ASSERT_NE(why.get_if<std::logic_error>(), nullptr) << why;
  EXPECT_STREQ(why.get_if<std::logic_error>()->what(), "too far");
  EXPECT_EQ(why, how_it_ends([] { throw std::out_of_range("too far"); }));
  EXPECT_NE(why, how_it_ends([] { throw std::out_of_range("too near"); }));
  EXPECT_NE(why, how_it_ends([] { throw std::length_error("too far"); }));
}

KIN_TEST(exit, of_a_thrown_value_that_is_no_std_exception_is_an_error) {
  const kin::exit_reason why = how_it_ends([] { throw 3; });

  EXPECT_TRUE(why.is_error());
  EXPECT_EQ(kin::to_string(why).rfind("int", 0), 0U) << why;
}

KIN_TEST(exit, keeps_an_exception_that_is_given_as_a_value) {
  const kin::exit_reason why = how_it_ends([] { kin::exit(std::runtime_error("as a value")); });

  ASSERT_NE(why.get_if<std::runtime_error>(), nullptr) << why;
  EXPECT_STREQ(why.get_if<std::runtime_error>()->what(), "as a value");
}

KIN_TEST(exit, unwinds_the_stack) {
  const kin::pid me = kin::self();
  how_it_ends([me] {
    const on_end outer([me] { kin::send(me, word{"outer"}); });
    [me] {
      const on_end inner([me] { kin::send(me, word{"inner"}); });
      kin::exit("deep down");
    }();
  });

  EXPECT_EQ(test::expect<word>(), word{"inner"});
  EXPECT_EQ(test::expect<word>(), word{"outer"});
}

KIN_TEST(exit, is_not_caught_as_a_std_exception) {
  EXPECT_EQ(how_it_ends([] {
              try {
                kin::exit("out");
              } catch (const std::exception&) {
                kin::exit("caught");
              }
            }),
            "out");
}

KIN_TEST(exit, that_is_swallowed_ends_the_process_at_its_next_wait) {
  EXPECT_EQ(how_it_ends([] {
              try {
                kin::exit("the first word");
              } catch (...) {  // NOLINT(bugprone-empty-catch): that is what is tested
              }
              kin::yield();
              kin::exit("the second word");
            }),
            "the first word");
}

TEST(exit, of_the_root_is_what_run_returns) {
  EXPECT_EQ(test::reason_of({.workers = 1}, [] { kin::exit("so be it"); }), "so be it");
}

// ---- exit/2, otp-semantics 1.4 row by row -------------------------------------------------------

enum class outcome { nothing, message, death };
struct row {
  const char* what;
  kin::exit_reason sent;
  bool to_self;
  bool traps;
  outcome expected;
  kin::exit_reason reason;
  friend std::ostream& operator<<(std::ostream& out, const row& r) { return out << r.what; }
};

class exit_signal : public testing::TestWithParam<row> {};

std::vector<row> table() {
  const kin::exit_reason other("other");
  return {
      {"normal", kin::normal, false, false, outcome::nothing, {}},
      {"normal_trapped", kin::normal, false, true, outcome::message, kin::normal},
      {"normal_to_self", kin::normal, true, false, outcome::death, kin::normal},
      {"normal_to_self_trapped", kin::normal, true, true, outcome::message, kin::normal},
      {"kill", kin::kill, false, false, outcome::death, kin::killed},
      {"kill_trapped", kin::kill, false, true, outcome::death, kin::killed},
      {"kill_to_self", kin::kill, true, false, outcome::death, kin::killed},
      {"kill_to_self_trapped", kin::kill, true, true, outcome::death, kin::killed},
      {"killed", kin::killed, false, false, outcome::death, kin::killed},
      {"killed_trapped", kin::killed, false, true, outcome::message, kin::killed},
      {"shutdown", kin::shutdown, false, false, outcome::death, kin::shutdown},
      {"shutdown_trapped", kin::shutdown, false, true, outcome::message, kin::shutdown},
      {"other", other, false, false, outcome::death, other},
      {"other_trapped", other, false, true, outcome::message, other},
      {"other_to_self", other, true, false, outcome::death, other},
      {"other_to_self_trapped", other, true, true, outcome::message, other},
  };
}
INSTANTIATE_TEST_SUITE_P(table, exit_signal, testing::ValuesIn(table()),
                         [](const auto& i) { return std::string(i.param.what); });

// Tells `up` each exit message; the word is its end.
void tell_exits(kin::pid up) {
  for (bool more = true; more;) {
    kin::receive([&](kin::exited e) { kin::send(up, e); },
                 [&](const word& /*end*/) { more = false; });
  }
}

TEST_P(exit_signal, does_what_the_table_says) {
  test::play([r = GetParam()] {
    const kin::pid me = kin::self();
    const auto target = kin::spawn_monitor([r, me] {
      kin::trap_exits(r.traps);
      kin::send(me, word{"ready"});
      if (r.to_self) kin::exit(kin::self(), r.sent);
      tell_exits(me);
    });
    test::expect<word>();
    if (!r.to_self) kin::exit(target.pid, r.sent);
    kin::send(target.pid, word{"end"});
    const kin::down end = test::expect_down(target.ref);

    std::vector<std::string> expected;
    const kin::pid from = r.to_self ? target.pid : me;
    if (r.expected == outcome::message) {
      expected.push_back(kin::to_string(kin::exited{from, r.reason}));
    }
    EXPECT_EQ(test::drained(), expected);
    EXPECT_EQ(end.reason, r.expected == outcome::death ? r.reason : kin::normal);
  });
}

KIN_TEST(exit_signal, to_the_dead_and_to_nobody_does_nothing) {
  const kin::pid dead = kin::spawn([] {});
  test::await_exit(dead);

  kin::exit(dead, kin::kill);
  kin::exit(kin::pid{}, kin::kill);
}

KIN_TEST(exit_signal, to_self_takes_effect_at_once) {
  EXPECT_EQ(how_it_ends([] {
              kin::exit(kin::self(), "now");
              kin::exit("later");
            }),
            "now");
}

KIN_TEST(exit_signal, to_self_that_is_trapped_comes_after_what_was_sent_before) {
  kin::trap_exits();
  kin::send(kin::self(), word{"before"});
  kin::exit(kin::self(), "then");
  kin::send(kin::self(), word{"after"});

  EXPECT_THAT(test::drained(), testing::ElementsAre("before", testing::HasSubstr("EXIT"), "after"));
}

KIN_TEST(exit_signal, finds_the_trap_as_it_is_at_receipt) {
  const kin::pid me = kin::self();
  const auto target = kin::spawn_monitor([me] {
    kin::receive([](const word& /*go*/) {});
    kin::trap_exits();
    kin::send(me, word{"traps"});
    kin::send(me, test::expect<kin::exited>());
  });
  kin::send(target.pid, word{"go"});
  test::expect<word>();
  kin::exit(target.pid, "late");

  EXPECT_EQ(test::expect<kin::exited>().reason, "late");
  test::expect_down(target.ref);
}

KIN_TEST(exit_signal, that_is_queued_as_a_message_stays_when_the_trap_is_lifted) {
  kin::trap_exits();
  kin::exit(kin::self(), "queued");
  EXPECT_TRUE(kin::trap_exits(false));

  EXPECT_EQ(test::expect<kin::exited>().reason, "queued");
}

KIN_TEST(process, messages_sent_before_an_exit_signal_are_there_first, {.workers = {1, 2, 4}}) {
  const kin::pid me = kin::self();
  for (int i = 0; i < test::times(500); ++i) {
    const auto target = kin::spawn_monitor([me] {
      kin::trap_exits();
      kin::send(me, word{"traps"});
      int seen = 0;
      for (bool more = true; more;) {
        kin::receive([&](number /*n*/) { ++seen; },
                     [&](const kin::exited& /*e*/) { more = false; });
      }
      kin::send(me, number{seen});
    });
    test::expect<word>();
    for (int j = 0; j < 10; ++j) kin::send(target.pid, number{j});
    kin::exit(target.pid, "after ten");
    for (int j = 0; j < 10; ++j) kin::send(target.pid, number{j});
    ASSERT_EQ(test::expect<number>(), number{10});
    test::expect_down(target.ref);
  }
}

// ---- kill ---------------------------------------------------------------------------------------

KIN_TEST(process, the_first_fatal_signal_wins, {.workers = {1, 2, 4}}) {
  for (int i = 0; i < test::times(1000); ++i) {
    const auto target = kin::spawn_monitor([] { test::idle(); });
    kin::exit(target.pid, "first");
    kin::exit(target.pid, kin::kill);
    ASSERT_EQ(test::expect_down(target.ref).reason, "first");
  }
}

KIN_TEST(process, a_link_and_a_monitor_made_before_a_kill_hear_of_it, {.workers = {1, 2, 4}}) {
  kin::trap_exits();
  for (int i = 0; i < test::times(1000); ++i) {
    const kin::pid target = kin::spawn([] { test::idle(); });
    kin::link(target);
    const kin::ref monitor = kin::monitor(target);
    kin::exit(target, kin::kill);
    ASSERT_EQ(test::expect<kin::exited>(), (kin::exited{target, kin::killed}));
    ASSERT_EQ(test::expect_down(monitor).reason, kin::killed);
  }
}

KIN_TEST(process, a_link_and_a_monitor_made_after_a_kill_find_nobody, {.workers = {1, 2, 4}}) {
  kin::trap_exits();
  for (int i = 0; i < test::times(1000); ++i) {
    const kin::pid target = kin::spawn([] { test::idle(); });
    kin::exit(target, kin::kill);
    kin::link(target);
    const kin::ref monitor = kin::monitor(target);
    ASSERT_EQ(test::expect<kin::exited>(), (kin::exited{target, kin::noproc}));
    ASSERT_EQ(test::expect_down(monitor).reason, kin::noproc);
  }
}

KIN_TEST(process, nobody_is_alive_after_a_kill, {.workers = {1, 2, 4}}) {
  for (int i = 0; i < test::times(1000); ++i) {
    const kin::pid target = kin::spawn([] { test::idle(); });
    kin::exit(target, kin::kill);
    ASSERT_FALSE(kin::is_alive(target));
  }
}

KIN_TEST(process, a_kill_is_never_lost_between_a_look_and_a_sleep,
         {.workers = {1, 2, 4}}) {  // protocols 2
  for (int i = 0; i < test::times(3000); ++i) {
    const auto target = kin::spawn_monitor([] {
      for (;;) kin::receive([](number /*n*/) {});
    });
    for (int j = 0; j < i % 4; ++j) kin::send(target.pid, number{j});
    kin::exit(target.pid, kin::kill);
    ASSERT_EQ(test::expect_down(target.ref).reason, kin::killed);
  }
}

KIN_TEST(is_alive, is_true_of_who_waits_runs_and_is_oneself) {
  const kin::pid waiting = kin::spawn_link([] { test::idle(); });

  EXPECT_TRUE(kin::is_alive(kin::self()));
  EXPECT_TRUE(kin::is_alive(waiting));
  EXPECT_FALSE(kin::is_alive(kin::pid{}));
}

TEST(kill, before_the_first_line_means_no_line_is_run) {
  test::run({.workers = 1}, [] {  // one worker: the child runs when we wait
    const kin::pid me = kin::self();
    const auto child = kin::spawn_monitor([me] { kin::send(me, word{"ran"}); });
    kin::exit(child.pid, kin::kill);

    EXPECT_EQ(test::expect_down(child.ref).reason, kin::killed);
    EXPECT_THAT(test::drained(), testing::IsEmpty());
  });
}

KIN_TEST(kill, runs_destructors_of_a_process_that_waits_in_the_middle) {
  const kin::pid me = kin::self();
  const kin::pid target = kin::spawn([me] {
    const on_end told([me] { kin::send(me, word{"cleaned up"}); });
    kin::send(me, word{"ready"});
    test::idle();
  });
  EXPECT_EQ(test::expect<word>(), word{"ready"});
  kin::exit(target, kin::kill);

  EXPECT_EQ(test::expect<word>(), word{"cleaned up"});
}

KIN_TEST(kill, destroys_the_state_of_an_idle_handler_before_the_end_is_told) {
  const kin::pid me = kin::self();
  const auto target = kin::spawn_monitor([me] {
    auto held = std::make_shared<on_end>([me] { kin::send(me, word{"state gone"}); });
    kin::send(me, word{"ready"});
    return kin::loop([held](number /*n*/) {});
  });
  EXPECT_EQ(test::expect<word>(), word{"ready"});
  kin::exit(target.pid, kin::kill);

  kin::receive([](const word& w) { EXPECT_EQ(w, word{"state gone"}); },
               [](const kin::down& /*d*/) { FAIL() << "DOWN came before the state had died"; });
  test::expect_down(target.ref);
}

KIN_TEST(kill, that_is_swallowed_comes_again_at_the_next_wait) {
  const kin::pid me = kin::self();
  const auto target = kin::spawn_monitor([me] {
    for (int i = 0; i < 3; ++i) {
      try {
        kin::send(me, number{i});
        test::idle();
        kin::send(me, word{"survived"});
      } catch (...) {  // NOLINT(bugprone-empty-catch): that is what is tested
      }
    }
  });
  test::expect<number>();
  kin::exit(target.pid, kin::kill);

  EXPECT_EQ(test::expect_down(target.ref).reason, kin::killed);
  EXPECT_THAT(test::drained(), testing::ElementsAre("1", "2"));
}

KIN_TEST(kill, that_is_swallowed_is_still_the_reason) {
  const kin::pid me = kin::self();
  const auto target = kin::spawn_monitor([me] {
    try {
      kin::send(me, word{"ready"});
      test::idle();
    } catch (...) {
      throw std::runtime_error("something else");
    }
  });
  test::expect<word>();
  kin::exit(target.pid, kin::kill);

  EXPECT_EQ(test::expect_down(target.ref).reason, kin::killed);
}

KIN_TEST(kill, is_seen_by_one_that_computes_at_its_checkpoints) {
  const kin::pid me = kin::self();
  const auto target = kin::spawn_monitor([me] {
    kin::send(me, word{"runs"});
    for (;;) kin::checkpoint();
  });
  test::expect<word>();
  kin::exit(target.pid, kin::kill);

  EXPECT_EQ(test::expect_down(target.ref).reason, kin::killed);
}

KIN_TEST(kill, is_seen_by_one_that_yields_for_ever, {.workers = {1}}) {
  const auto target = kin::spawn_monitor([] {
    for (;;) kin::yield();
  });
  kin::yield();
  kin::exit(target.pid, "enough");

  EXPECT_EQ(test::expect_down(target.ref).reason, "enough");
}

KIN_TEST(dying, makes_waits_in_destructors_fail_at_once) {
  const kin::pid me = kin::self();
  const kin::pid friendly = kin::spawn_link([] { test::idle(); });
  const auto target = kin::spawn_monitor([me, friendly] {
    const on_end waits([me, friendly] {
      const auto began = kin::clock::now();
      kin::sleep(1h);
      kin::yield();
      const bool late =
          kin::receive([](number /*n*/) { return false; }, kin::after(1h, [] { return true; }));
      const bool alive = kin::is_alive(friendly);
      kin::send(me, word{std::string(late ? "late" : "took") + (alive ? " alive" : " unknown")});
      EXPECT_LT(kin::clock::now() - began, 60s);
    });
    kin::send(me, word{"ready"});
    test::idle();
  });
  test::expect<word>();
  kin::exit(target.pid, kin::kill);

  EXPECT_EQ(test::expect<word>(), word{"late unknown"});
  EXPECT_EQ(test::expect_down(target.ref).reason, kin::killed);
}

KIN_TEST(dying, may_send_exit_and_unlink) {
  kin::trap_exits();
  const kin::pid me = kin::self();
  const auto other = kin::spawn_monitor([] { test::idle(); });
  const kin::pid target = kin::spawn_link([me, other] {
    const on_end acts([me, other] {
      kin::unlink(me);
      kin::exit(other.pid, "from a destructor");
      kin::send(me, word{"sent"});
    });
    kin::exit("ends");
  });

  EXPECT_EQ(test::expect<word>(), word{"sent"});
  EXPECT_EQ(test::expect_down(other.ref).reason, "from a destructor");
  test::await_exit(target);
  EXPECT_THAT(test::drained(), testing::IsEmpty());
}

KIN_TEST(dying, does_not_stop_a_machine_that_has_a_long_mailbox_to_throw_away, {.workers = {1}}) {
  const auto target = kin::spawn_monitor([] { kin::receive([](const word& /*end*/) {}); });
  for (int i = 0; i < test::times(200'000); ++i) kin::send(target.pid, number{i});
  kin::exit(target.pid, kin::kill);

  EXPECT_EQ(test::expect_down(target.ref).reason, kin::killed);
}

// ---- exit_reason --------------------------------------------------------------------------------

TEST(exit_reason, equals_by_value_and_by_nothing_else) {
  struct code {
    int value;
    std::string text;
  };
  EXPECT_EQ(kin::exit_reason(code({1, "a"})), kin::exit_reason(code({1, "a"})));
  EXPECT_NE(kin::exit_reason(code({1, "a"})), kin::exit_reason(code({1, "b"})));
  EXPECT_NE(kin::exit_reason(1), kin::exit_reason(1L));
  EXPECT_NE(kin::exit_reason("normal"), kin::normal);
  EXPECT_EQ(kin::shutdown(1), kin::shutdown(1));
  EXPECT_NE(kin::shutdown(1), kin::exit_reason(1));
  EXPECT_NE(kin::exit_reason(kin::shutdown), kin::shutdown(kin::shutdown));
}

TEST(exit_reason, is_orderly_exactly_when_otp_says_so) {
  EXPECT_TRUE(kin::exit_reason(kin::normal).is_orderly());
  EXPECT_TRUE(kin::exit_reason(kin::shutdown).is_orderly());
  EXPECT_TRUE(kin::shutdown("why").is_orderly());
  EXPECT_FALSE(kin::exit_reason(kin::killed).is_orderly());
  EXPECT_FALSE(kin::exit_reason("shutdown").is_orderly());
}

TEST(exit_reason, survives_being_moved_from) {
  kin::exit_reason a("text");
  const kin::exit_reason b = std::move(a);

  EXPECT_EQ(a, kin::normal);  // NOLINT(bugprone-use-after-move): that is what is tested
  EXPECT_EQ(b, "text");
}

TEST(exit_reason, prints_as_a_person_reads_it) {
  EXPECT_EQ(kin::to_string(kin::exit_reason(kin::timed_out)), "timeout");
  EXPECT_EQ(kin::to_string(kin::shutdown(3)), "{shutdown, 3}");
  EXPECT_EQ(kin::to_string(kin::exit_reason("text")), "\"text\"");
}

}  // namespace
