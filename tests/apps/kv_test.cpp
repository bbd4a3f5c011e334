// SPDX-License-Identifier: Apache-2.0
// The store, its events and its shell, on threads and simulated; the program is for
// kv_program_test.py.
#include <kin/gtest.hpp>

#include "shell/command.hpp"
#include "shell/lines.hpp"
#include "shell/shell.hpp"
#include "store/application.hpp"
#include "store/events.hpp"
#include "store/registry.hpp"
#include "support/expect.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <array>
#include <map>
#include <string>
#include <unistd.h>
#include <variant>
#include <vector>

namespace kv {

// For what GoogleTest prints.
std::ostream& operator<<(std::ostream& out, const command& c) {
  out << static_cast<int>(c.what);
  for (const auto& word : c.words) out << ' ' << as_typed(word);
  return out;
}
std::ostream& operator<<(std::ostream& out, const mistake& m) { return out << m.text; }

namespace {

using namespace kin::literals;
using kin::test::expect;
using kin::test::settle;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Optional;
using testing::StartsWith;

// ---- commands -----------------------------------------------------------------------------------

command read(std::string_view line) {
  const auto parsed = parse(line);
  if (const auto* wrong = std::get_if<mistake>(&parsed)) ADD_FAILURE() << line << ": " << *wrong;
  return std::holds_alternative<command>(parsed) ? std::get<command>(parsed) : command{};
}
std::string refusal(std::string_view line) {
  const auto parsed = parse(line);
  const auto* wrong = std::get_if<mistake>(&parsed);
  return wrong != nullptr ? wrong->text : "it is a command";
}

TEST(command, is_a_word_and_what_it_takes) {
  EXPECT_EQ(read("PUT shop milk 1"), (command{verb::put, {"shop", "milk", "1"}}));
  EXPECT_EQ(read("  LIST\t\r"), (command{verb::list, {}}));
  EXPECT_EQ(read("LIST shop"), (command{verb::list, {"shop"}}));
  EXPECT_EQ(read(""), command{});
  EXPECT_EQ(read(" \t "), command{});
}

TEST(command, has_words_with_blanks_in_quotes) {
  EXPECT_EQ(read(R"(GET "tool shed" "5\" nails")"),
            (command{verb::get, {"tool shed", "5\" nails"}}));
  EXPECT_EQ(read(R"(CREATE "")"), (command{verb::create, {""}}));
  EXPECT_EQ(read(R"(CREATE a"b)"), (command{verb::create, {"a\"b"}}));
  EXPECT_EQ(read(R"("LIST")"), (command{verb::list, {}}));
}

TEST(command, says_what_is_wrong) {
  EXPECT_EQ(refusal("FLY away"), "no command FLY; HELP lists them");
  EXPECT_EQ(refusal("put a b c"), "no command put; HELP lists them");
  EXPECT_EQ(refusal("PUT a b"), "PUT takes BUCKET KEY VALUE");
  EXPECT_EQ(refusal("PUT a b c d"), "PUT takes BUCKET KEY VALUE");
  EXPECT_EQ(refusal("HELP me"), "HELP takes nothing");
  EXPECT_EQ(refusal(R"(CREATE "a)"), "a quote has no end");
  EXPECT_EQ(refusal(R"(CREATE ")"), "a quote has no end");
}

TEST(command, reads_a_word_as_it_is_typed) {
  for (const std::string word : {"a", "", " ", "\"", "\\", "a\\ \"b\"", "\n", "é"}) {
    EXPECT_EQ(read("CREATE " + as_typed(word)), (command{verb::create, {word}})) << word;
  }
  EXPECT_EQ(as_typed("milk"), "milk") << "no quotes where none are needed";
}

// ---- the store ----------------------------------------------------------------------------------

bucket_handle created_bucket(const std::string& name) {
  return kin::call(the_registry, registry::create{name}).value();
}
std::optional<bucket_handle> found(const std::string& name) {
  return kin::call(the_registry, registry::find{name});
}
std::vector<std::string> names() { return kin::call(the_registry, registry::list{}); }

KIN_TEST(bucket, holds_a_value_for_each_key) {
  const auto b = kin::start_link<bucket>(contents{});
  put(b, "milk", "1");
  put(b, "bread", "2");
  put(b, "milk", "3");

  EXPECT_THAT(keys(b), ElementsAre("bread", "milk"));
  EXPECT_THAT(fetch(b, "milk"), Optional(std::string("3")));
  EXPECT_EQ(fetch(b, "eggs"), std::nullopt);
  EXPECT_THAT(erase(b, "milk"), Optional(std::string("3")));
  EXPECT_EQ(erase(b, "milk"), std::nullopt);
  EXPECT_THAT(keys(b), ElementsAre("bread"));
}

KIN_TEST(registry, has_one_bucket_for_a_name) {
  kin::start_link(store_tree());
  EXPECT_EQ(found("shop"), std::nullopt);

  const auto first = created_bucket("shop");

  EXPECT_EQ(created_bucket("shop"), first);
  EXPECT_NE(created_bucket("shed"), first);
  EXPECT_EQ(found("shop"), first);
  EXPECT_THAT(names(), ElementsAre("shed", "shop"));
}

KIN_TEST(registry, outlives_a_bucket_that_crashes_and_forgets_it_alone) {
  kin::start_link(store_tree());
  const auto before = kin::whereis(the_registry);
  const auto shop = created_bucket("shop");
  put(created_bucket("shed"), "nails", "100");

  crash(shop);
  settle();

  EXPECT_EQ(kin::whereis(the_registry), before);
  EXPECT_THAT(names(), ElementsAre("shed"));
  EXPECT_THAT(fetch(*found("shed"), "nails"), Optional(std::string("100")));
  EXPECT_NE(created_bucket("shop"), shop);
}

KIN_TEST(store, starts_anew_when_its_registry_crashes) {
  kin::start_link(store_tree());
  const kin::ref bucket_end = kin::monitor(created_bucket("shop"));
  const kin::ref registry_end = kin::monitor(kin::whereis(the_registry).value());
  settle();

  kin::cast(the_registry, registry::crash{});
  kin::test::expect_down(registry_end);
  EXPECT_EQ(kin::test::expect_down(bucket_end).reason, kin::exit_reason(kin::shutdown));
  settle();

  EXPECT_THAT(names(), IsEmpty());
  created_bucket("shop");
}

KIN_TEST(store, starts_anew_when_the_supervisor_of_buckets_is_killed) {
  kin::start_link(store_tree());
  const kin::ref end = kin::monitor(kin::whereis(the_registry).value());
  settle();

  kin::exit(kin::whereis(bucket_supervisor).value(), kin::kill);
  kin::test::expect_down(end);
  settle();

  EXPECT_THAT(names(), IsEmpty());
  created_bucket("shop");
}

// ---- its events ---------------------------------------------------------------------------------

KIN_TEST(events, tell_all_subscribers_what_becomes_of_buckets) {
  kin::start_link<events>({.name = news});
  kin::start_link(store_tree());
  const kin::test::probe one;
  const kin::test::probe two;
  ASSERT_TRUE(subscribe(one));
  ASSERT_TRUE(subscribe(two));

  const auto shop = created_bucket("shop");
  settle();  // until it is monitored
  kin::exit(shop, kin::kill);

  for (const auto& subscriber : {one, two}) {
    EXPECT_EQ(subscriber.expect<created>(), (created{"shop"}));
    EXPECT_EQ(subscriber.expect<ended>(), (ended{"shop", kin::killed}));
  }
}

KIN_TEST(events, forget_a_subscriber_that_has_ended) {
  kin::start_link<events>({.name = news});
  const kin::pid gone = kin::spawn([] { kin::test::idle(); });
  ASSERT_TRUE(subscribe(gone));
  ASSERT_TRUE(subscribe(kin::self()));

  kin::test::end_told_by(gone, kin::test::word{"end"});
  settle();

  const auto left = kin::which_handlers(news);
  ASSERT_EQ(left.size(), 1U);
  EXPECT_EQ(left[0].id(), kin::to_string(kin::self()));
}

KIN_TEST(events, go_on_when_the_store_starts_anew) {
  kin::start_link<events>({.name = news});
  kin::start_link(store_tree());
  ASSERT_TRUE(subscribe(kin::self()));

  kin::exit(kin::whereis(the_registry).value(), kin::kill);
  settle();
  created_bucket("shop");

  EXPECT_EQ(expect<created>(), (created{"shop"}));
}

KIN_TEST(store, needs_nobody_who_wants_to_know) {
  EXPECT_EQ(subscribe(kin::self()).error(), kin::exit_reason(kin::noproc));
  kin::start_link(store_tree());
  crash(created_bucket("shop"));
  settle();
  EXPECT_THAT(names(), IsEmpty());
}

// ---- the shell ----------------------------------------------------------------------------------

KIN_TEST(shell, waits_until_a_crash_has_been_noticed) {
  kin::app::start_link();
  shell sh;
  EXPECT_EQ(sh.answer("START"), "events\nkv\nOK\n");
  for (int i = 0; i < 3; ++i) {
    EXPECT_THAT(sh.answer("CREATE shop"), StartsWith("OK\n"));
    EXPECT_EQ(sh.answer("LIST shop").substr(0, 3), "OK\n") << "it is a new one";
    EXPECT_THAT(sh.answer("PUT shop milk 1"), StartsWith("OK\n"));
    EXPECT_THAT(sh.answer("CRASH shop"), StartsWith("OK\n"));
    EXPECT_THAT(sh.answer("GET shop milk"), StartsWith("NOT FOUND\n"));
  }
  EXPECT_THAT(sh.answer("STOP"), StartsWith("OK\n"));
  EXPECT_THAT(sh.answer("LIST"), StartsWith("ERROR kv does not run"));
  EXPECT_THAT(sh.answer("STOP events"), StartsWith("OK\n"));
  static_cast<void>(kin::test::drained());
}

KIN_THREAD_TEST(lines, are_given_one_by_one_however_they_come) {
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe(ends.data()), 0);
  lines input(ends[0]);
  ASSERT_EQ(::write(ends[1], "one\n\ntw", 7), 7);
  EXPECT_THAT(input.next(), Optional(std::string("one")));
  EXPECT_THAT(input.next(), Optional(std::string()));
  ASSERT_EQ(::write(ends[1], "o\nthree", 7), 7);
  EXPECT_THAT(input.next(), Optional(std::string("two")));
  ::close(ends[1]);
  EXPECT_THAT(input.next(), Optional(std::string("three")));
  EXPECT_EQ(input.next(), std::nullopt);
  EXPECT_EQ(input.next(), std::nullopt);
  ::close(ends[0]);
}

KIN_THREAD_TEST(lines, let_a_process_that_waits_for_one_end) {
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe(ends.data()), 0);
  const auto [reader, watch] = kin::spawn_monitor([from = ends[0]] {
    lines input(from);
    input.next();
  });

  kin::exit(reader, kin::shutdown);

  EXPECT_EQ(kin::test::expect_down(watch).reason, kin::exit_reason(kin::shutdown));
  ::close(ends[0]);
  ::close(ends[1]);
}

// ---- whatever fails -----------------------------------------------------------------------------

bool storm = false;  // simulated worlds run on one thread, one after another
int runs = 0;
int killed = 0;  // in all runs

// A few seeds may be lucky.
void expect_kills() {
  if (runs >= 20) {
    EXPECT_GT(killed, runs) << "the test is none if hardly anybody is killed";
  }
}

bool is_bucket(const kin::process_info& p) { return storm && p.subject.starts_with("kin::agent"); }
bool is_of_the_store(const kin::process_info& p) {
  return storm &&
         (is_bucket(p) || p.subject == "kv::registry" || p.registered_name == "kv_buckets");
}

void use_the_store() {
  for (int i = 0; i < 60; ++i) {
    const std::string name(1, static_cast<char>('a' + i % 5));
    const auto b =
        kin::try_call(the_registry, registry::create{name}).and_then([](auto r) { return r; });
    if (!b) continue;
    try {
      put(*b, "key", name);
      EXPECT_THAT(fetch(*b, "key"), Optional(name)) << "a bucket mixes up its values";
    } catch (const kin::call_failed&) {  // it was killed meanwhile
    }
  }
}

// The registry knows those that live, and no others.
void expect_order() {
  const auto all = names();
  EXPECT_EQ(kin::count_children(bucket_supervisor).active, all.size());
  for (const auto& name : all) EXPECT_TRUE(kin::is_alive(*found(name))) << name;
  ++runs;
  for (const auto& report : kin::test::reports())
    if (report.text.find("reason: killed") != std::string::npos) ++killed;
}

void a_stormy_day() {
  storm = false;
  kin::start_link<events>({.name = news});
  kin::start_link(store_tree(1'000'000));
  ASSERT_TRUE(subscribe(kin::self()));
  storm = true;
  use_the_store();
  storm = false;
  kin::test::pass(1s);
  expect_order();
}

TEST(store, comes_to_order_again_whoever_is_killed) {
  runs = killed = 0;
  kin::test::play_simulated(
      a_stormy_day,
      {.seeds = kin::test::sanitized ? 40 : 200,
       .leaves_messages = true,
       .simulation = {.faults = {{.kill = 0.02, .among = is_of_the_store}, {.delay = 0.02}}}});
  expect_kills();
}

// Only buckets are killed, so that no event is lost with the registry.
void a_day_of_news() {
  a_stormy_day();
  std::map<std::string, bool> there;
  const auto hear = [&there] {
    return kin::receive(
        [&](const created& event) {
          EXPECT_FALSE(std::exchange(there[event.bucket], true)) << "it was there before";
          return true;
        },
        [&](const ended& event) {
          EXPECT_TRUE(std::exchange(there[event.bucket], false)) << "it ended before it was there";
          return true;
        },
        kin::after(0s, [] { return false; }));
  };
  while (hear()) {
  }
  std::vector<std::string> left;
  for (const auto& [name, is_there] : there)
    if (is_there) left.push_back(name);
  EXPECT_EQ(left, names());
}

TEST(events, tell_the_whole_story_whatever_bucket_is_killed) {
  runs = killed = 0;
  kin::test::play_simulated(
      a_day_of_news,
      {.seeds = kin::test::sanitized ? 40 : 200,
       .simulation = {.faults = {{.kill = 0.02, .among = is_bucket}, {.delay = 0.02}}}});
  expect_kills();
}

}  // namespace
}  // namespace kv
