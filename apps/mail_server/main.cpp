// SPDX-License-Identifier: Apache-2.0
// A narrated run of the post office: letters, crashes and restarts, all of it real.
#include <kin/kin.hpp>

#include "narrator/narrator.hpp"
#include "post/name_server.hpp"
#include "post/post_office.hpp"

#include <iostream>
#include <string>

namespace {

using namespace kin::literals;
using narrator::chapter;
using narrator::say;

// A restart tells nobody that it is done, so who wants to see it looks again and again.
template <class Condition>
void await(Condition holds) {
  while (!holds()) kin::sleep(1ms);
}

void write_letter(const std::string& to, const post::letter& mail) {
  if (const auto sent = post::send_mail(to, mail)) {
    say(mail.from, " writes to ", to, ": `", mail.text, "`");
  } else {
    say(mail.from, " writes to ", to, ", and that gives: ", sent.error());
  }
}

void read_letters(const std::string& owner) {
  const auto letters = post::fetch_mail(owner).value();
  say(owner, " fetches ", letters.size(), letters.size() == 1 ? " letter" : " letters");
  for (const post::letter& mail : letters) say("    `", mail.text, "`, from ", mail.from);
}

void list_names() {
  std::string all;
  for (const auto& owner : kin::call(post::names, post::name_server::list{})) all += ' ' + owner;
  say("the name server knows:", all);
}

void letters() {
  chapter("Letters");
  say("the post office is a supervisor, with a name server; two mailboxes are added to it.");
  for (const char* owner : {"ada", "joe"}) post::open_mailbox(owner).value();
  list_names();
  const auto again = post::open_mailbox("ada");
  if (again.error().get_if<kin::already_started>() != nullptr)
    say("one more for ada is refused: already_started");
  write_letter("ada", {"joe", "do you know kin?"});
  write_letter("ada", {"joe", "it is like OTP"});
  write_letter("bob", {"joe", "and you?"});
  read_letters("ada");
}

void the_name_server_crashes() {
  chapter("The name server crashes");
  write_letter("joe", {"ada", "I do now"});
  const auto before = kin::whereis(post::names);
  kin::cast(post::names, post::name_server::crash{});
  await([&] { return kin::whereis(post::names).value_or(*before) != *before; });
  say("its supervisor has started it again, and it has asked the supervisor who is there.");
  list_names();
  read_letters("joe");
}

void a_mailbox_crashes() {
  chapter("A mailbox crashes");
  for (const char* owner : {"ada", "joe"}) post::open_mailbox(owner).value();
  write_letter("ada", {"joe", "hello again"});
  const auto before = post::find_mailbox("ada").value();
  kin::cast(before, post::mailbox::crash{});
  await([&] { return post::find_mailbox("ada").value_or(before) != before; });
  say("it was started again under its name; what was in it is lost.");
  read_letters("ada");
}

void a_mailbox_is_killed() {
  chapter("A mailbox is killed");
  post::close_mailbox("joe").value();
  await([] { return !post::find_mailbox("joe"); });
  say("the mailbox of joe was closed: killed, without a word to the name server.");
  say("that monitors the mailboxes, and so has heard of it:");
  list_names();
}

void too_many_crashes() {
  chapter("Too many crashes");
  say("a second crash within a minute is one too many, and the supervisor gives up:");
  kin::cast(post::names, post::name_server::crash{});
  kin::receive([](const kin::exited& end) { say("the post office has ended: ", end.reason); });
  say("now a letter to ada gives: ", post::send_mail("ada", {"joe", "are you there?"}).error());
}

void narrate() {
  kin::trap_exits();
  std::cout << "A post office: all that is told here happens while you read it.\n";
  const auto first_office = kin::start_link(post::post_office());
  letters();
  the_name_server_crashes();
  kin::stop(first_office);
  kin::receive([](const kin::exited& /*as it was told*/) {});

  kin::start_link(post::post_office());
  a_mailbox_crashes();
  a_mailbox_is_killed();
  too_many_crashes();
  std::cout << "\nThat is all. What ran here is in apps/mail_server/post.\n";
}

}  // namespace

int main() { return kin::run(narrate, {.machine = {.reports = narrator::quote}}); }
