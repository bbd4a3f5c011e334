// SPDX-License-Identifier: Apache-2.0
#include "test/end_checks.hpp"

#include <kin/info.hpp>
#include <kin/link.hpp>
#include <kin/process.hpp>
#include <kin/receive.hpp>
#include <kin/timer.hpp>

#include <algorithm>
#include <mutex>
#include <sstream>

namespace kin::detail {
namespace {

using namespace std::chrono_literals;

struct noted_probes {
  std::mutex lock;
  std::vector<pid> all;
};
noted_probes& noted() {
  static noted_probes one;
  return one;
}

void complain(test::place where, const std::string& what, const std::vector<std::string>& lines) {
  std::string text = what;
  for (const std::string& line : lines) text += "\n  " + line;
  test::current_framework().fail(where, text);
}

std::string phrase(const process_info& about) {
  if (about.status == process_status::suspended) return "is suspended";
  if (about.status != process_status::waiting) return to_string(about.status);
  if (about.current_function.empty()) return "handles what comes";
  return "waits in " + about.current_function;
}

// Those tied to the test end with it: a tree stops in its order, as if its application did.
void end_linked(test::place where) {
  const auto me = info(self());
  trap_exits(true);
  for (const pid p : me->links) {
    const ref watch = monitor(p);
    exit(p, shutdown);
    const bool ended = kin::receive(kin::when(&down::ref, watch, [](const down&) { return true; }),
                                    kin::after(test::patience, [] { return false; }));
    if (ended) continue;
    complain(where, "was linked to the test, and does not stop when told to:", {what_it_does(p)});
    exit(p, kill);
    kin::receive(kin::when(&down::ref, watch, [](const down&) {}));
  }
  static_cast<void>(test::drained());
}

void end_probes() {
  for (const pid p : probes()) {
    const ref watch = monitor(p);
    exit(p, kill);
    kin::receive(kin::when(&down::ref, watch, [](const down&) {}));
  }
}

void check_mail(test::place where) {
  if (const auto left = described_mail(); !left.empty())
    complain(where, "the test has not read these messages:", left);
  for (const pid p : probes()) {
    const auto about = info(p, {.messages = true});
    if (about && !about->messages.empty())
      complain(where, "the test has not read these messages of its probe " + to_string(p) + ':',
               about->messages);
  }
}

std::vector<pid> others() {
  std::vector<pid> all = processes();
  std::erase(all, self());
  return all;
}

void check_processes(test::place where) {
  if (others().empty()) return;
  test::settle();
  std::vector<std::string> left;
  for (const pid p : others()) {
    if (std::string text = what_it_does(p); is_alive(p)) left.push_back(std::move(text));
  }
  if (!left.empty()) complain(where, "these processes are left, and linked to nobody's end:", left);
}

}  // namespace

void note_probe(pid probe) {
  const std::lock_guard hold(noted().lock);
  noted().all.push_back(probe);
}

void forget_probes() {
  const std::lock_guard hold(noted().lock);
  noted().all.clear();
}

std::vector<pid> probes() {
  const std::lock_guard hold(noted().lock);
  return noted().all;
}

std::string what_it_does(pid p) {
  const auto about = info(p, {.limit = 1s});
  std::ostringstream text;
  text << p;
  if (!about) {
    text << " has ended meanwhile";
  } else {
    if (!about->registered_name.empty()) text << ' ' << about->registered_name;
    if (!about->subject.empty()) text << " (" << about->subject << ')';
    text << ' ' << phrase(*about);
    if (about->message_queue_len != 0)
      text << "; " << about->message_queue_len << " in its mailbox";
  }
  return std::move(text).str();
}

void check_end(const test::plan& how, test::place where) {
  if (how.leaves_messages && how.leaves_processes) return;
  test::settle();
  if (!how.leaves_messages) check_mail(where);
  end_probes();
  end_linked(where);
  if (!how.leaves_processes) check_processes(where);
}

}  // namespace kin::detail
