// SPDX-License-Identifier: Apache-2.0
// Keys with values, held by one or by many. otp-semantics 9.1, 9.3.
#include <kin/gen_server.hpp>
#include <kin/value_registry.hpp>

#include "support/expect.hpp"

#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace {

using namespace kin::literals;
using test::word;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

struct get {};
class session : public kin::gen_server {
 public:
  int handle_call(get /*request*/) const { return 42; }
};
using sessions = kin::unique_registry<std::string, int, session>;
using topics = kin::duplicate_registry<std::string, int>;
using entry = kin::registration<int>;
using told = kin::key_registered<std::string, int>;
using untold = kin::key_unregistered<std::string>;
inline constexpr kin::name<> listener{"value_registry_test.listener"};

/// A process that holds keys until it gets a word.
template <class F>
kin::pid holder(F take) {
  const kin::pid p = kin::spawn_link([=, test = kin::self()] {
    take();
    kin::send(test, word{"held"});
    test::idle();
  });
  test::expect<word>();
  return p;
}
bool is_even(int n) { return n % 2 == 0; }

KIN_TEST(unique_registry, gives_a_key_to_one_process_with_a_value) {
  sessions all;
  const kin::pid me = kin::self();
  all.register_key("a", 7);
  EXPECT_THAT(all.lookup("a"), ElementsAre(entry{me, 7}));
  EXPECT_THAT(all.lookup("b"), IsEmpty());
  EXPECT_EQ(all.try_register_key("a", 8).error(), kin::exit_reason(kin::already_registered{me}));
  const kin::pid other = holder([&] {
    EXPECT_FALSE(all.try_register_key("a", 9));
    all.register_key("b", 9);
  });
  EXPECT_EQ(kin::whereis(all["b"]), other);
  EXPECT_THROW(all.register_key("b"), kin::error);
  EXPECT_THAT(all.values("a", me), ElementsAre(7));
  EXPECT_THAT(all.values("a", other), IsEmpty());
  EXPECT_THAT(all.keys(other), ElementsAre("b"));
  EXPECT_EQ(all.count(), 2U);
  EXPECT_EQ(test::end_told_by(other, word{}), kin::normal);
}

KIN_TEST(unique_registry, frees_a_key_when_the_end_of_its_holder_is_seen) {
  sessions all;
  const kin::pid first = holder([&] { all.register_key("a", 1); });
  EXPECT_EQ(test::end_told_by(first, word{}), kin::normal);
  EXPECT_THAT(all.lookup("a"), IsEmpty());
  EXPECT_THAT(all.entries(), IsEmpty());
  EXPECT_EQ(all.count(), 0U);
  EXPECT_EQ(kin::whereis(all["a"]), std::nullopt);
  all.register_key("a", 2);
  EXPECT_THAT(all.lookup("a"), ElementsAre(entry{kin::self(), 2}));
}

KIN_TEST(unique_registry, lets_a_process_take_back_its_own_keys_alone) {
  sessions all;
  const kin::pid other = holder([&] { all.register_key("theirs", 1); });
  all.register_key("mine", 1);
  all.unregister_key("theirs");
  EXPECT_EQ(kin::whereis(all["theirs"]), other);
  all.unregister_match("mine", is_even);
  EXPECT_EQ(kin::whereis(all["mine"]), kin::self());
  all.unregister_match("mine", [](int n) { return n == 1; });
  EXPECT_EQ(kin::whereis(all["mine"]), std::nullopt);
  all.register_key("mine");
  all.unregister_key("mine");
  all.unregister_key("mine");
  EXPECT_EQ(all.count(), 1U);
  EXPECT_EQ(test::end_told_by(other, word{}), kin::normal);
}

KIN_TEST(unique_registry, changes_a_value_for_its_holder_alone) {
  sessions all;
  all.register_key("a", 1);
  const auto done = all.update_value("a", [](int n) { return n + 10; });
  EXPECT_EQ(done.now, 11);
  EXPECT_EQ(done.before, 1);
  EXPECT_THAT(all.values("a", kin::self()), ElementsAre(11));
  const auto fails = [](int) -> int { throw std::out_of_range("no"); };
  EXPECT_THROW(all.update_value("a", fails), std::out_of_range);
  EXPECT_THAT(all.values("a", kin::self()), ElementsAre(11));
  const kin::pid other = holder([&] {
    EXPECT_EQ(all.try_update_value("a", [](int n) { return n; }).error(), kin::badarg);
    EXPECT_THROW(all.update_value("a", [](int n) { return n; }), kin::error);
  });
  EXPECT_EQ(test::end_told_by(other, word{}), kin::normal);
}

KIN_TEST(unique_registry, names_servers_from_their_start_on) {
  sessions all;
  const auto one = kin::start_link<session>({.name = all.with("one", 5)});
  EXPECT_THAT(all.lookup("one"), ElementsAre(entry{one.pid, 5}));
  EXPECT_EQ(kin::call(all["one"], get{}), 42);
  EXPECT_EQ(kin::try_start<session>({.name = all["one"]}).error(),
            kin::exit_reason(kin::already_started{one.pid}));
  const auto two = kin::start_link<session>({.name = all["two"]});
  EXPECT_THAT(all.lookup("two"), ElementsAre(entry{two.pid, 0}));
  EXPECT_EQ(kin::try_call(all["three"], get{}).error(), kin::noproc);
}

KIN_TEST(unique_registry, sends_to_no_missing_key) {
  sessions all;
  try {
    kin::send(all["nobody"], 1);
    ADD_FAILURE() << "somebody got it";
  } catch (const kin::error& e) {
    EXPECT_EQ(e.reason(), kin::badarg);
    EXPECT_THAT(e.what(), HasSubstr("nobody"));
  }
}

KIN_TEST(duplicate_registry, gives_a_key_to_many_and_to_one_often) {
  topics all;
  const kin::pid me = kin::self();
  all.register_key("news", 1);
  all.register_key("news", 2);
  all.register_key("news", 2);
  const kin::pid other = holder([&] { all.register_key("news", 3); });
  EXPECT_THAT(all.lookup("news"),
              ElementsAre(entry{me, 1}, entry{me, 2}, entry{me, 2}, entry{other, 3}));
  EXPECT_THAT(all.keys(me), ElementsAre("news", "news", "news"));
  EXPECT_THAT(all.values("news", me), ElementsAre(1, 2, 2));
  EXPECT_THAT(all.match("news", is_even), ElementsAre(entry{me, 2}, entry{me, 2}));
  EXPECT_EQ(all.count_match("news", is_even), 2U);
  EXPECT_THAT(all.select([&](const std::string& key, kin::pid p, int n) {
    return key == "news" && p == other && n == 3;
  }),
              ElementsAre(std::pair("news"s, entry{other, 3})));
  all.unregister_match("news", is_even);
  EXPECT_THAT(all.lookup("news"), ElementsAre(entry{me, 1}, entry{other, 3}));
  all.unregister_key("news");
  EXPECT_THAT(all.lookup("news"), ElementsAre(entry{other, 3}));
  EXPECT_EQ(test::end_told_by(other, word{}), kin::normal);
  EXPECT_THAT(all.lookup("news"), IsEmpty());
}

KIN_TEST(duplicate_registry, dispatches_in_the_caller_and_not_to_nobody) {
  topics all;
  all.dispatch("news", [](const auto&) { ADD_FAILURE() << "there is nobody"; });
  const kin::pid other = holder([&] { all.register_key("news", 3); });
  const kin::pid me = kin::self();
  all.dispatch("news", [&](const std::vector<entry>& entries) {
    EXPECT_EQ(kin::self(), me);
    for (const auto& [pid, value] : entries) {
      EXPECT_EQ(value, 3);
      kin::send(pid, word{"extra"});
    }
  });
  test::await_exit(other);
  all.register_key("news");
  EXPECT_THROW(all.dispatch("news", [](const auto&) { throw std::out_of_range("mine"); }),
               std::out_of_range);
}

KIN_TEST(registry, tells_its_listeners_of_what_processes_do_and_not_of_their_ends) {
  sessions all(kin::registry_options{.name = "all", .listeners = {listener}});
  all.register_key("unheard");  // nobody listens yet
  kin::register_name(listener, kin::self());
  const kin::pid other = holder([&] { all.register_key("a", 7); });
  const auto came = test::expect<told>();
  EXPECT_EQ(came.registry, "all");
  EXPECT_EQ(came.key, "a");
  EXPECT_EQ(came.pid, other);
  EXPECT_EQ(came.value, 7);
  EXPECT_EQ(test::end_told_by(other, word{}), kin::normal);
  EXPECT_THAT(test::drained(), IsEmpty());
  all.unregister_key("unheard");
  EXPECT_EQ(test::expect<untold>().pid, kin::self());
  const auto server = kin::start_link<session>({.name = all.with("server", 1)});
  EXPECT_EQ(test::expect<told>().pid, server.pid);
}

KIN_TEST(registry, keeps_what_is_about_itself) {
  topics all;
  EXPECT_EQ(all.meta<int>("limit"), std::nullopt);
  all.put_meta("limit", 3);
  EXPECT_EQ(all.meta<int>("limit"), 3);
  EXPECT_EQ(all.meta<std::string>("limit"), std::nullopt);
  all.put_meta("limit", "none"s);
  EXPECT_EQ(all.meta<std::string>("limit"), "none");
  all.delete_meta("limit");
  EXPECT_EQ(all.meta<std::string>("limit"), std::nullopt);
}

// Each holds a key of its own and ends; what is left of them is swept, and those that live stay.
KIN_TEST(registry, keeps_the_living_whatever_else_has_died, {.seeds = 3}) {
  kin::unique_registry<int, int> all;
  for (int i = 0; i < 5; ++i) all.register_key(-1 - i, i);
  for (int round = 0; round < test::times(1000); ++round) {
    std::vector<kin::ref> watches;
    for (int i = 0; i < 10; ++i) {
      watches.push_back(
          kin::spawn_monitor([&all, key = 10 * round + i] { all.register_key(key, key); }).ref);
    }
    for (const kin::ref w : watches) EXPECT_EQ(test::expect_down(w).reason, kin::normal);
  }
  EXPECT_EQ(all.count(), 5U);
  EXPECT_THAT(all.keys(kin::self()), UnorderedElementsAre(-1, -2, -3, -4, -5));
}

}  // namespace
