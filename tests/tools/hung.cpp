// SPDX-License-Identifier: Apache-2.0
// A program that hangs, for whoever looks into it: a receive that nobody answers, two servers that
// call each other, a server at rest, a sleeper, a process in kin::blocking. When all of them wait it
// calls all_wait_now. What each does stands in a function of its own name.
//
//   hung        stays; to be looked at by a debugger
//   hung end    tells them to end, and ends
//   hung dump   writes kin::dump, and ends
//   hung quit   gets a SIGQUIT when main waits, too
//   hung crash  dies of a null pointer in a process
//   hung abort  calls abort in a process
#include <kin/dump.hpp>
#include <kin/kin.hpp>

#include <atomic>
#include <csignal>
#include <cstdlib>
#include <iostream>
#include <string_view>
#include <vector>

// A debugger stops here. Not inlined, not merged, not empty.
extern "C" __attribute__((noinline)) void all_wait_now() { asm volatile("" ::: "memory"); }

namespace shop {

using namespace kin::literals;

struct parcel {
  int weight = 0;
};
struct ask_other {};
struct get {};

__attribute__((noinline)) int wait_for_parcel() {
  return kin::receive([](parcel p) { return p.weight; });  // WAITS FOR A PARCEL
}

class clerk : public kin::gen_server {
 public:
  void handle_cast(kin::server<clerk> other) { other_ = other; }
  // It puts away whom it owes an answer, so that nobody sees the circle and ends it.
  kin::replies<int> handle_call(ask_other /*request*/, kin::from<int> caller) {
    owed_.push_back(std::move(caller));
    const int said = kin::call(other_, ask_other{}, kin::infinity);  // CALLS THE OTHER
    owed_.back().answer(said);
    return kin::noreply;
  }

 private:
  kin::server<clerk> other_;
  std::vector<kin::from<int>> owed_;
};

class counter : public kin::gen_server {
 public:
  int handle_call(get /*request*/) { return ++count_; }

 private:
  int count_ = 0;
};

std::atomic<bool> gate_open{false};

void sleeper() { kin::sleep(1h); }
void reader() {
  kin::blocking([] { gate_open.wait(false); });
}
void asks(kin::server<clerk> one) { kin::call(one, ask_other{}, kin::infinity); }

// One turn after the other: nobody is told who else waits.
void until_it_waits(kin::pid p, std::string_view in) {
  for (;;) {
    const auto about = kin::info(p);
    if (!about || about->current_function == in) return;
    kin::yield();
  }
}

int* volatile nowhere = nullptr;

void end_as(std::string_view how) {
  if (how == "crash") *nowhere = 1;
  if (how == "abort") std::abort();
  if (how == "quit") {
    kin::spawn([main = kin::self()] {
      until_it_waits(main, "kin::sleep");
      std::raise(SIGQUIT);
    });
    kin::sleep(kin::infinity);
  }
}

void open_shop(std::string_view how) {
  kin::register_name(kin::name<>("main"), kin::self());
  const auto waiter = kin::spawn([] { wait_for_parcel(); });
  kin::send(waiter, 'x');
  const auto one = kin::start_link<clerk>();
  const auto two = kin::start_link<clerk>();
  kin::cast(one, two);
  kin::cast(two, one);
  const auto asker = kin::spawn([one] { asks(one); });
  const kin::server<counter> visits = kin::start_link<counter>();
  kin::call(visits, get{});
  const auto sleeps = kin::spawn(&sleeper);
  const auto reads = kin::spawn(&reader);
  until_it_waits(waiter, "kin::receive");
  until_it_waits(asker, "kin::call");
  until_it_waits(one.pid, "kin::call");
  until_it_waits(two.pid, "kin::call");
  until_it_waits(sleeps, "kin::sleep");
  until_it_waits(reads, "kin::blocking");
  if (how == "dump") kin::dump(std::cout);
  all_wait_now();
  end_as(how);
  if (how.empty()) kin::sleep(kin::infinity);
  gate_open.store(true);
  gate_open.notify_all();
}

}  // namespace shop

int main(int count, char** arguments) {
  const std::string_view how = count > 1 ? arguments[1] : "";
  return kin::run([how] { shop::open_shop(how); }, {.machine = {.workers = 2}});
}
