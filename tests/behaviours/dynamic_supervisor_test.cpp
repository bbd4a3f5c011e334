// SPDX-License-Identifier: Apache-2.0
// dynamic_supervisor and partition_supervisor: what Elixir adds to OTP's. otp-semantics 9.4.
#include <kin/dynamic_supervisor.hpp>
#include <kin/partition_supervisor.hpp>
#include <kin/sys.hpp>

#include "support/member.hpp"

#include <atomic>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace {

using namespace kin::literals;
using fault = kin::bad_spec::fault;
using test::child;
using test::custom;
using test::end_with;
using test::expect_all_up;
using test::expect_shutdown;
using test::expect_up;
using test::no_disk;
using test::number;
using test::supervisor_reports;
using test::word;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

kin::server<kin::dynamic_supervisor> started(kin::dynamic_options options = {}) {
  return kin::start_link(kin::dynamic_supervisor(std::move(options)));
}
std::vector<kin::pid> pids_of(kin::pid tree) {
  std::vector<kin::pid> all;
  for (const auto& c : kin::which_children(tree)) all.push_back(c.pid);
  return all;
}

// ---- children that come and go ------------------------------------------------------------------

KIN_TEST(dynamic_supervisor, starts_children_of_any_kind_whatever_their_ids) {
  const auto tree = started();
  const kin::pid a = kin::start_child(tree, child("same"));
  const kin::pid b = kin::start_child(tree, child("same"));
  expect_all_up({"same", "same"});
  const kin::pid below = kin::start_child(tree, kin::supervisor{{}, child("leaf")});
  expect_up("leaf");
  EXPECT_THAT(pids_of(tree), testing::UnorderedElementsAre(a, b, below));
  EXPECT_EQ(kin::count_children(tree),
            (kin::child_counts{.specs = 3, .active = 3, .supervisors = 1, .workers = 2}));
  EXPECT_EQ(kin::get_childspec(tree, a).id, "same");
  EXPECT_EQ(kin::sys::get_status(tree).state, "dynamic_supervisor");
  kin::stop(tree);
  EXPECT_EQ(test::drained().size(), 3U);
}

KIN_TEST(dynamic_supervisor, knows_its_children_by_pid_and_keeps_none_that_do_not_run) {
  const auto tree = started();
  const kin::pid a = kin::start_child(tree, child("a"));
  expect_up("a");
  EXPECT_EQ(kin::try_terminate_child(tree, "a").error(), kin::not_found);
  EXPECT_EQ(kin::try_terminate_child(tree, kin::self()).error(), kin::not_found);
  EXPECT_EQ(kin::try_get_childspec(tree, "a").error(), kin::not_found);
  EXPECT_EQ(kin::try_restart_child(tree, a).error(), kin::badcall);
  EXPECT_EQ(kin::try_delete_child(tree, a).error(), kin::badcall);
  kin::terminate_child(tree, a);
  expect_shutdown({"a"});
  EXPECT_EQ(kin::try_terminate_child(tree, a).error(), kin::not_found);
  EXPECT_EQ(kin::count_children(tree), kin::child_counts{});
}

KIN_TEST(dynamic_supervisor, keeps_nothing_of_a_start_that_failed_or_was_ignored) {
  const auto tree = started();
  EXPECT_EQ(kin::try_start_child(tree, test::failing("a")).error(), kin::exit_reason(no_disk{3}));
  EXPECT_EQ(kin::start_child(tree, custom("b", [] { return kin::exit_reason(kin::ignored); })),
            kin::pid{});
  auto significant = child("c", kin::transient);
  significant.significant = true;
  EXPECT_EQ(kin::try_start_child(tree, significant).error().get_if<kin::bad_spec>()->what,
            fault::bad_combination);
  EXPECT_EQ(kin::try_start_child(tree.pid, 7).error().get_if<kin::bad_spec>()->what,
            fault::bad_start_spec);
  EXPECT_THAT(kin::which_children(tree), IsEmpty());
}

KIN_TEST(dynamic_supervisor, gives_what_a_start_has_to_say) {
  const auto tree = started();
  const auto begun = kin::start_child_with_info(
      tree, kin::child_spec{.start = [] {
        return kin::started_child{kin::spawn_link(test::idle), kin::message::of(number{7})};
      }});
  EXPECT_EQ(*begun.info.get_if<number>(), number{7});
}

KIN_TEST(dynamic_supervisor, restarts_each_child_alone_by_what_its_spec_says) {
  const auto tree = started({.intensity = 9});
  for (const auto when : {kin::permanent, kin::transient, kin::temporary})
    kin::start_child(tree, child("x", when));
  const auto was = expect_all_up({"x", "x", "x"});
  for (const auto& one : was) end_with(one, no_disk{1});
  const auto now = expect_all_up({"x", "x"});
  test::settle();
  EXPECT_EQ(kin::count_children(tree).active, 2U);
  for (const auto& one : now) end_with(one, kin::normal);
  expect_up("x");
  test::settle();
  EXPECT_EQ(kin::count_children(tree), (kin::child_counts{.specs = 1, .active = 1, .workers = 1}));
  kin::stop(tree);
  expect_shutdown({"x"});
}

KIN_TEST(dynamic_supervisor, gives_up_when_children_die_too_often) {
  kin::trap_exits();
  const auto tree = started({.intensity = 0});
  kin::start_child(tree, child("bystander"));
  kin::start_child(tree, child("x"));
  const auto was = expect_all_up({"bystander", "x"});
  end_with(was[1], no_disk{1});
  expect_shutdown({"bystander"});
  EXPECT_EQ(test::expect<kin::exited>(), (kin::exited{tree, kin::shutdown}));
}

KIN_TEST(dynamic_supervisor, forgets_a_child_whose_restart_is_ignored) {
  auto starts = std::make_shared<int>(0);
  const auto tree = started();
  const kin::pid x = kin::start_child(tree, custom("x", [starts]() -> kin::result<kin::pid> {
                                        if (++*starts > 1) return kin::exit_reason(kin::ignored);
                                        return kin::spawn_link(test::idle);
                                      }));
  kin::exit(x, kin::kill);
  test::settle();
  EXPECT_EQ(*starts, 2);
  EXPECT_THAT(kin::which_children(tree), IsEmpty());
}

KIN_TEST(dynamic_supervisor, has_no_more_children_than_it_may_have,
         {.seeds = 2, .simulation = test::fair}) {
  auto works = std::make_shared<std::atomic<bool>>(true);
  const auto flaky = custom("x", [works]() -> kin::result<kin::pid> {
    if (!*works) return kin::exit_reason(no_disk{1});
    return kin::spawn_link(test::idle);
  });
  const auto tree = started({.intensity = 1'000'000, .max_children = 2});
  const kin::pid x = kin::start_child(tree, flaky);
  const kin::pid other = kin::start_child(tree, flaky);
  EXPECT_EQ(kin::try_start_child(tree, flaky).error(), kin::max_children);
  *works = false;
  kin::exit(x, kin::kill);
  while (kin::count_children(tree).active != 1) kin::yield();
  EXPECT_EQ(kin::try_start_child(tree, flaky).error(), kin::max_children)
      << "who is being restarted counts";
  kin::terminate_child(tree, x);
  *works = true;
  kin::start_child(tree, flaky);
  kin::terminate_child(tree, other);
  EXPECT_EQ(kin::count_children(tree).specs, 1U);
}

// ---- the end ------------------------------------------------------------------------------------

// A child that says it is up, and at its end does what `then` does with the reason it is told.
template <class F>
kin::child_spec at_its_end(kin::child_options<void> options, F then) {
  return kin::child_process(std::move(options), [me = kin::self(), then] {
    kin::trap_exits();
    kin::send(me, kin::self());
    then(kin::receive([](kin::exited e) { return e.reason; }));
  });
}

// All are asked at once, and each has its own time: who is killed late takes nobody along.
KIN_TEST(dynamic_supervisor, ends_all_at_once_each_within_its_own_time) {
  const auto tree = started();
  const auto stays = [](const kin::exit_reason& /*told*/) { test::idle(); };
  const auto waits = [](const kin::exit_reason& told) {
    test::idle();
    kin::exit(told);
  };
  kin::start_child(tree, at_its_end({.id = "patient", .shutdown = kin::infinity}, waits));
  const kin::pid patient = test::expect<kin::pid>();
  const kin::ref last = test::watching(patient);
  std::vector<kin::ref> killed;
  for (const kin::shutdown_limit limit : {kin::shutdown_limit(20ms), kin::brutal_kill}) {
    kin::start_child(tree, at_its_end({.id = "stays", .shutdown = limit}, stays));
    killed.push_back(test::watching(test::expect<kin::pid>()));
  }
  kin::spawn([tree, me = kin::self()] {
    kin::stop(tree);
    kin::send(me, word{"stopped"});
  });
  for (const kin::ref watch : killed) EXPECT_EQ(test::expect_down(watch).reason, kin::killed);
  kin::send(patient, word{"go"});
  EXPECT_EQ(test::expect_down(last).reason, kin::shutdown);
  test::expect<word>();
  EXPECT_THAT(supervisor_reports(),
              ElementsAre(AllOf(HasSubstr("killed"), HasSubstr("{shutdown, 20}"))));
}

// A reason within shutdown is as good as shutdown, whatever the child is; others are reported, each.
KIN_TEST(dynamic_supervisor, reports_those_that_did_not_end_as_they_were_told) {
  const auto tree = started();
  for (const kin::restart when : {kin::permanent, kin::transient}) {
    kin::start_child(tree, at_its_end({.id = "goes", .restart = when},
                                      [](const auto&) { kin::exit(kin::shutdown(no_disk{1})); }));
    test::expect<kin::pid>();
  }
  for (int i = 0; i < 2; ++i) {
    kin::start_child(tree, at_its_end({.id = "fails"}, [](const auto&) { kin::exit(no_disk{1}); }));
    test::expect<kin::pid>();
  }
  kin::stop(tree);
  EXPECT_THAT(supervisor_reports(), testing::SizeIs(2));
  EXPECT_THAT(supervisor_reports(),
              testing::Each(AllOf(HasSubstr("shutdown_error"), HasSubstr("{id, fails}"))));
}

// ---- a part of something larger -----------------------------------------------------------------

KIN_TEST(dynamic_supervisor, is_a_child_with_a_name_and_starts_again_empty) {
  constexpr kin::name<kin::dynamic_supervisor> sessions{"sessions"};
  const auto tree =
      kin::start_link(kin::supervisor{{}, kin::dynamic_supervisor{{.name = sessions}}});
  kin::start_child(sessions, kin::child_process(test::idle));
  EXPECT_EQ(kin::which_children(tree).front().id, "sessions");
  EXPECT_EQ(kin::which_children(tree).front().type, kin::child_type::supervisor);
  const auto was = *kin::whereis(sessions);
  kin::exit(was, kin::kill);
  test::await_exit(was);
  test::settle();
  EXPECT_THAT(kin::which_children(sessions), IsEmpty());
}

KIN_TEST(dynamic_supervisor, is_changed_while_it_runs) {
  const auto tree = started({.max_children = 0});
  EXPECT_EQ(kin::try_start_child(tree, child("a")).error(), kin::max_children);
  kin::sys::replace_state(tree, [](const kin::supervisor& /*was*/) {
    return kin::dynamic_supervisor{{.intensity = 8, .max_children = 1}};
  });
  kin::start_child(tree, child("a"));
  expect_up("a");
  EXPECT_EQ(kin::sys::get_state(tree).options().intensity, 8U);
  EXPECT_EQ(kin::sys::try_replace_state(
                tree, [](kin::supervisor was) { return kin::supervisor{was.options()}; })
                .error()
                .get_if<kin::bad_spec>()
                ->what,
            fault::invalid_strategy);
  kin::stop(tree);
  expect_shutdown({"a"});
}

// ---- arguments of the supervisor's --------------------------------------------------------------

class session : public kin::gen_server {
 public:
  session(kin::pid test, std::string greeting, int guest) {
    kin::send(test, word{greeting + ' ' + std::to_string(guest)});
  }
  kin::next handle_cast(test::end e) { return kin::stop(std::move(e.why)); }
};

KIN_TEST(dynamic_supervisor, gives_its_extra_arguments_to_children_at_each_start) {
  const auto tree = kin::start_link(kin::dynamic_supervisor_with{{}, kin::self(), "hello"s});
  const kin::pid one = kin::start_child(tree, kin::extended_child<session>(1));
  EXPECT_EQ(test::expect<word>(), word{"hello 1"});
  kin::start_child(tree, kin::extended_child<session>({.restart = kin::temporary}, 2));
  EXPECT_EQ(test::expect<word>(), word{"hello 2"});
  kin::exit(one, kin::kill);
  EXPECT_EQ(test::expect<word>(), word{"hello 1"});
  kin::start_child(tree, child("plain"));  // it may well need none
  expect_up("plain");

  const kin::server<kin::dynamic_supervisor_with<kin::pid, std::string>> other{started().pid};
  EXPECT_EQ(kin::try_start_child(other, kin::extended_child<session>(3))
                .error()
                .get_if<kin::bad_spec>()
                ->what,
            fault::bad_start_spec);
  kin::stop(tree);
  expect_shutdown({"plain"});
}

// ---- partitions ---------------------------------------------------------------------------------

struct who {};
class shard : public kin::gen_server {
 public:
  shard(kin::partition mine, int offset) : index_(static_cast<int>(mine.index) + offset) {
    EXPECT_EQ(mine.of, 3U);
  }
  int handle_call(who /*request*/) const { return index_; }

 private:
  int index_;
};

TEST(partitions, lead_each_key_to_a_copy_of_its_own) {
  kin::partitions<shard> shards{3};
  test::play([&] {
    const auto tree = kin::start_link(kin::partition_supervisor(shards, {}, 100));
    EXPECT_EQ(kin::count_children(tree).active, 3U);
    EXPECT_EQ(kin::which_children(tree).back().id, "0");
    EXPECT_EQ(kin::call(shards[0], who{}), 100);
    EXPECT_EQ(kin::call(shards[4], who{}), 101);
    EXPECT_EQ(kin::call(shards[-5], who{}), 102) << "a number without its sign";
    EXPECT_EQ(kin::call(shards[std::size_t{7}], who{}), 101);
    EXPECT_EQ(kin::call(shards["user"], who{}), kin::call(shards["user"s], who{}));
    EXPECT_EQ(kin::call(shards.at(2), who{}), 102);
    std::vector<int> seen(3);
    for (int i = 0; i < 300; ++i)
      ++seen.at(
          static_cast<std::size_t>(kin::call(shards["key " + std::to_string(i)], who{}) - 100));
    EXPECT_THAT(seen, testing::Each(testing::Gt(30))) << "all have their part";
    EXPECT_EQ(kin::whereis(shards[kin::self()]), kin::whereis(shards[kin::self()]));
  });
}

TEST(partitions, go_on_without_the_one_that_died_which_starts_again_in_its_place) {
  kin::partitions<shard> shards{3};
  test::play([&] {
    const auto tree = kin::start_link(kin::partition_supervisor(shards, {}, 0));
    const auto was = *kin::whereis(shards[1]);
    const auto other = *kin::whereis(shards[2]);
    kin::exit(was, kin::kill);
    test::await_exit(was);
    test::settle();
    EXPECT_NE(kin::whereis(shards[1]), was);
    EXPECT_EQ(kin::call(shards[1], who{}), 1);
    EXPECT_EQ(kin::whereis(shards[2]), other);
    EXPECT_EQ(kin::count_children(tree).active, 3U);
  });
}

TEST(partitions, may_be_of_supervisors) {
  kin::partitions<kin::dynamic_supervisor> sessions{4};
  test::play([&] {
    const auto tree = kin::start_link(kin::supervisor{
        {},
        kin::child({.id = "sessions"},
                   kin::partition_supervisor(sessions, {.intensity = 7},
                                             kin::dynamic_supervisor{{.max_children = 1}}))});
    for (int i = 0; i < 4; ++i) kin::start_child(sessions[i], kin::child_process(test::idle));
    EXPECT_EQ(kin::try_start_child(sessions[3], kin::child_process(test::idle)).error(),
              kin::max_children);
    const kin::pid all = kin::which_children(tree).front().pid;
    EXPECT_EQ(kin::count_children(all),
              (kin::child_counts{.specs = 4, .active = 4, .supervisors = 4}));
    EXPECT_EQ(kin::get_childspec(all, "2").how_long(), kin::infinity);
  });
}

}  // namespace
