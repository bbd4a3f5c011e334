// SPDX-License-Identifier: Apache-2.0
// Chapter 4: process pools.
#include "pool/ppool.hpp"
#include "tour/chapters.hpp"

#include <stdexcept>
#include <string>

namespace ppool {
namespace {

using namespace kin::literals;

/// Writes one letter, when it is told to.
class scribe {
 public:
  scribe(std::string greeting, std::string name)
      : greeting_(std::move(greeting)), name_(std::move(name)) {}
  std::string operator()() {
    kin::receive([](const std::string& /*go on*/) {});
    if (name_.empty()) throw std::invalid_argument("a letter to nobody");
    return greeting_ + ", " + name_;
  }

 private:
  std::string greeting_;
  std::string name_;
};
inline constexpr kin::name<pool<scribe, std::string>> scribes{"scribes"};

void show_state() {
  const pool_state now = state_of(scribes);
  say("    (", now.working, " of ", now.limit, " work, ", now.waiting, " wait)");
}

void fill_the_pool(kin::pid& first, kin::pid& second) {
  first = *run(scribes, std::string("Ada"));
  second = *run(scribes, std::string("Joe"));
  say("two scribes are at work: ", first, " and ", second,
      "; a third gives: ", run(scribes, std::string("Mike")).error());
  show_state();
}

void queue_up(kin::pid first, kin::pid second) {
  const kin::pid me = kin::self();
  kin::spawn([me] { kin::send(me, *sync_queue(scribes, std::string("Robert"))); });
  while (state_of(scribes).waiting < 1) kin::yield();
  const kin::ref letter = async_queue(scribes, std::string("Barbara"));
  const kin::ref nobody = async_queue(scribes, std::string());
  say("one process waits its turn (sync_queue), two tasks are queued behind it (async_queue):");
  show_state();
  kin::send(first, "go on"s);
  const kin::pid third = kin::receive([](kin::pid worker) { return worker; });
  say("the first is done, so the waiting process got its scribe: ", third);
  say("the second is killed: that frees its place too");
  kin::exit(second, kin::kill);
  kin::send(third, "go on"s);
  while (state_of(scribes).waiting != 0) kin::yield();
  say("so the two queued tasks have got their scribes:");
  show_state();
  for (const auto& worker : workers_of(scribes)) kin::send(worker, "go on"s);
  kin::receive(kin::when(&done<std::string>::task, letter, [](const done<std::string>& end) {
    say("the result of the queued letter came: `", *end.outcome, "`");
  }));
  kin::receive(kin::when(&done<std::string>::task, nobody, [](const done<std::string>& end) {
    say("and of the one that crashed: ", end.outcome.error());
  }));
}

void crash_the_server() {
  const kin::pid before = *kin::whereis(scribes);
  say("the pool's server is killed; its supervisor starts the pool again, clean:");
  kin::exit(before, kin::kill);
  while (kin::whereis(scribes).value_or(before) == before) kin::sleep(1ms);
  say("new server ", *kin::whereis(scribes), " in place of ", before);
  resize(scribes, 3);
  say("its limit is now 3, changed while it runs:");
  show_state();
}

}  // namespace

void tour_pools() {
  chapter("ppool");
  kin::trap_exits();
  const auto all = kin::start_link(pools());
  start_pool(scribes, 2, std::string("Dear"));
  say("a pool of 2 scribes; the fixed argument is `Dear`, each task brings a name.");
  kin::pid first;
  kin::pid second;
  fill_the_pool(first, second);
  queue_up(first, second);
  crash_the_server();
  stop_pool(scribes);
  say("the pool is stopped; its name is ", kin::whereis(scribes) ? "still there" : "free");
  kin::exit(all, kin::shutdown);
  kin::receive([](const kin::exited& end) { say("the supervisor of pools ended: ", end.reason); });
  kin::trap_exits(false);
}

}  // namespace ppool
