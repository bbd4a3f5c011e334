// SPDX-License-Identifier: Apache-2.0
// The post office: letters come to whom they were written to, and whoever dies is found again.
#include <kin/gtest.hpp>

#include "post/name_server.hpp"
#include "post/post_office.hpp"
#include "support/expect.hpp"

#include <gmock/gmock.h>

#include <set>
#include <string>
#include <vector>

namespace {

using namespace kin::literals;
using kin::test::settle;
using post::letter;
using testing::ElementsAre;
using testing::IsEmpty;

// Returns when it can be found.
kin::server<post::mailbox> opened(const std::string& owner) {
  const auto box = post::open_mailbox(owner).value();
  settle();
  return box;
}

std::vector<std::string> known() { return kin::call(post::names, post::name_server::list{}); }

// Their end, and the restart that follows it.
template <class Server, class Message>
void end_by(kin::server<Server> server, Message message) {
  const kin::ref watch = kin::monitor(server);
  kin::cast(server, message);
  kin::test::expect_down(watch);
  settle();
}
kin::server<post::name_server> name_server() { return {kin::whereis(post::names).value()}; }

KIN_TEST(post_office, delivers_letters_in_the_order_they_were_sent) {
  kin::start_link(post::post_office());
  opened("ada");
  EXPECT_TRUE(post::send_mail("ada", {"joe", "one"}));
  EXPECT_TRUE(post::send_mail("ada", {"bob", "two"}));

  EXPECT_THAT(post::fetch_mail("ada").value(),
              ElementsAre(letter{"joe", "one"}, letter{"bob", "two"}));
  EXPECT_THAT(post::fetch_mail("ada").value(), IsEmpty()) << "they have been fetched";
}

KIN_TEST(post_office, refuses_a_second_mailbox_of_an_owner) {
  kin::start_link(post::post_office());
  const auto first = opened("ada");
  EXPECT_TRUE(post::send_mail("ada", {"joe", "one"}));

  EXPECT_EQ(post::open_mailbox("ada").error(), kin::exit_reason(kin::already_started{first}));

  EXPECT_EQ(post::fetch_mail("ada")->size(), 1U) << "the first is as it was";
}

KIN_TEST(post_office, has_no_mailbox_of_a_stranger) {
  kin::start_link(post::post_office());
  const kin::exit_reason none(post::no_mailbox{"bob"});

  EXPECT_EQ(post::send_mail("bob", {"joe", "one"}).error(), none);
  EXPECT_EQ(post::fetch_mail("bob").error(), none);
  EXPECT_EQ(post::close_mailbox("bob").error(), kin::exit_reason(kin::not_found));
  EXPECT_EQ(kin::to_string(none), "{no_mailbox, bob}");
}

KIN_TEST(post_office, can_be_closed) {
  kin::stop(kin::start_link(post::post_office()));

  EXPECT_EQ(post::open_mailbox("ada").error(), kin::exit_reason(kin::noproc));
  EXPECT_EQ(post::send_mail("ada", {"joe", "one"}).error(), kin::exit_reason(kin::noproc));
}

KIN_TEST(post_office, gives_up_after_two_crashes_in_a_minute) {
  kin::trap_exits();
  const auto tree = kin::start_link(post::post_office());
  end_by(opened("ada"), post::mailbox::crash{});
  EXPECT_THAT(known(), ElementsAre("ada"));

  kin::cast(post::names, post::name_server::crash{});

  const auto end = kin::test::expect<kin::exited>();
  EXPECT_EQ(end.from, tree.pid);
  EXPECT_EQ(end.reason, kin::exit_reason(kin::shutdown));
}

KIN_SIM_TEST(post_office, stands_a_crash_a_minute) {
  kin::start_link(post::post_office());
  opened("ada");
  for (int day = 0; day < 3; ++day) {
    end_by(name_server(), post::name_server::crash{});
    kin::test::pass(61s);
    end_by(post::find_mailbox("ada").value(), post::mailbox::crash{});
    kin::test::pass(61s);
    EXPECT_THAT(known(), ElementsAre("ada"));
  }
}

KIN_TEST(mailbox, is_found_again_after_a_crash_and_is_empty) {
  kin::start_link(post::post_office());
  const auto before = opened("ada");
  EXPECT_TRUE(post::send_mail("ada", {"joe", "one"}));

  end_by(before, post::mailbox::crash{});

  EXPECT_NE(post::find_mailbox("ada").value(), before);
  EXPECT_THAT(post::fetch_mail("ada").value(), IsEmpty());
}

KIN_TEST(mailbox, is_forgotten_when_it_was_closed) {
  kin::start_link(post::post_office());
  opened("ada");
  opened("joe");

  EXPECT_TRUE(post::close_mailbox("ada"));
  settle();

  EXPECT_THAT(known(), ElementsAre("joe"));
  opened("ada");
  EXPECT_THAT(known(), ElementsAre("ada", "joe"));
}

KIN_TEST(name_server, knows_all_again_after_a_crash_and_no_letter_is_lost) {
  kin::start_link(post::post_office());
  opened("ada");
  opened("joe");
  EXPECT_TRUE(post::send_mail("joe", {"ada", "one"}));

  end_by(name_server(), post::name_server::crash{});

  EXPECT_THAT(known(), ElementsAre("ada", "joe"));
  EXPECT_THAT(post::fetch_mail("joe").value(), ElementsAre(letter{"ada", "one"}));
  EXPECT_TRUE(post::close_mailbox("joe"));
  settle();
  EXPECT_THAT(known(), ElementsAre("ada")) << "it monitors those that were there before it";
}

KIN_TEST(name_server, believes_no_late_message_of_a_dead_mailbox) {
  kin::start_link(post::post_office());
  const auto dead = opened("ada");
  end_by(dead, post::mailbox::crash{});
  const auto living = post::find_mailbox("ada").value();

  kin::cast(post::names, post::name_server::enter{"ada", dead});
  kin::cast(post::names, post::name_server::enter{"bob", dead});
  settle();

  EXPECT_EQ(post::find_mailbox("ada").value(), living);
  EXPECT_THAT(known(), ElementsAre("ada")) << "the monitor of a dead one tells at once";
}

// ---- whatever fails -----------------------------------------------------------------------------

constexpr const char* owners[] = {"ada", "bob", "joe"};

bool storm = false;  // simulated worlds run on one thread, one after another
int runs = 0;
int killed = 0;  // in all runs

bool may_die(const kin::process_info& p) {
  return storm && (p.subject == "post::mailbox" || p.subject == "post::name_server");
}

// Writes numbered letters to all, and fetches what has come for its owner.
void correspond(const std::string& owner) {
  std::set<std::string> fetched;
  for (int i = 0; i < 20; ++i) {
    for (const char* to : owners)
      static_cast<void>(post::send_mail(to, {owner, to + std::to_string(i)}));
    const auto letters = post::fetch_mail(owner);
    if (!letters) continue;
    for (const letter& mail : *letters) {
      EXPECT_EQ(mail.text.substr(0, 3), owner) << "a letter to somebody else";
      EXPECT_TRUE(fetched.insert(mail.from + mail.text).second) << "a letter came twice";
    }
  }
}

void a_stormy_day() {
  storm = false;
  kin::start_link(post::post_office(1'000'000));
  for (const char* owner : owners) opened(owner);

  storm = true;
  std::vector<kin::ref> mailers;
  for (const char* owner : owners)
    mailers.push_back(kin::spawn_monitor([owner = std::string(owner)] { correspond(owner); }).ref);
  for (const kin::ref mailer : mailers) kin::test::expect_down(mailer, 1h);
  storm = false;
  kin::test::pass(1s);

  EXPECT_THAT(known(), ElementsAre("ada", "bob", "joe"));
  for (const kin::child_info& child : kin::which_children(post::office)) {
    if (child.id == post::names.text()) continue;
    EXPECT_EQ(post::find_mailbox(child.id).value().pid, child.pid) << child.id;
  }
  ++runs;
  for (const auto& report : kin::test::reports())
    if (report.text.find("reason: killed") != std::string::npos) ++killed;
}

TEST(post_office, comes_to_order_again_whoever_is_killed) {
  kin::test::play_simulated(
      a_stormy_day,
      {.seeds = kin::test::sanitized ? 40 : 200,
       .simulation = {.faults = {{.kill = 0.002, .among = may_die}, {.delay = 0.05}}}});
  if (runs >= 20) {  // a few seeds may be lucky
    EXPECT_GT(killed, runs) << "the test is none if hardly anybody is killed";
  }
}

}  // namespace
