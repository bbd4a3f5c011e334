// SPDX-License-Identifier: Apache-2.0
// Chapter 1: processes, messages, links and monitors.
#include "tour/chapters.hpp"

#include <stdexcept>
#include <string>

namespace ppool {
namespace {

using namespace kin::literals;

struct question {
  kin::pid from;
  int number;
};

void ask_a_process() {
  const kin::pid squarer = kin::spawn(
      [] { return kin::loop([](question q) { kin::send(q.from, q.number * q.number); }); });
  say("I am ", kin::self(), "; I have started ", squarer,
      ", which squares numbers and holds no stack while it waits.");
  kin::send(squarer, question{kin::self(), 12});
  const int square = kin::receive([](int answer) { return answer; });
  say("I sent it 12 and received ", square, ".");
  kin::exit(squarer, kin::shutdown);
}

void watch_a_crash() {
  auto [crasher, watch] = kin::spawn_monitor([] { throw std::runtime_error("the pan was hot"); });
  say("I monitor ", crasher, ", which throws an exception that nobody catches:");
  kin::receive(kin::when(&kin::down::ref, watch, [](const kin::down& end) {
    say("my monitor says: ", end.pid, " ended, because of ", end.reason);
  }));
}

void survive_a_link() {
  kin::trap_exits();
  const kin::pid friend_of_mine = kin::spawn_link([] { kin::sleep(kin::infinity); });
  kin::exit(friend_of_mine, kin::kill);
  kin::receive([](const kin::exited& end) {
    say("a process linked to me was killed; I trap exits, so it came as a message: ", end);
  });
  kin::trap_exits(false);
}

}  // namespace

void tour_processes() {
  chapter("Processes, messages, links, monitors");
  ask_a_process();
  watch_a_crash();
  survive_a_link();
}

}  // namespace ppool
