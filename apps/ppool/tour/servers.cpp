// SPDX-License-Identifier: Apache-2.0
// Chapter 2: a gen_server.
#include "tour/chapters.hpp"

#include <deque>
#include <stdexcept>
#include <string>

namespace ppool {
namespace {

using namespace kin::literals;

struct put {
  std::string job;
};
struct take {};
struct length {};
struct spill {};
struct tick {};

/// A queue of jobs: who finds it empty gets the answer when a job comes.
class job_queue : public kin::gen_server {
 public:
  kin::replies<std::string> handle_call(take, kin::from<std::string> caller) {
    if (!jobs_.empty()) {
      caller.answer(std::move(jobs_.front()));
      jobs_.pop_front();
    } else {
      waiting_.push_back(std::move(caller));
    }
    return kin::noreply;
  }
  std::size_t handle_call(length) const { return jobs_.size(); }
  kin::next handle_cast(put message) {
    if (waiting_.empty()) {
      jobs_.push_back(std::move(message.job));
    } else {
      kin::reply(std::move(waiting_.front()), std::move(message.job));
      waiting_.pop_front();
    }
    return kin::noreply;
  }
  void handle_cast(spill) { throw std::logic_error("the bucket has a hole"); }
  auto handle_info() {
    return kin::clauses{[](tick) { say("the queue heard a tick from a bare send"); }};
  }
  void terminate(const kin::exit_reason& why) { say("the queue's terminate runs: ", why); }

 private:
  std::deque<std::string> jobs_;
  std::deque<kin::from<std::string>> waiting_;
};
inline constexpr kin::name<job_queue> jobs{"jobs"};

}  // namespace

void tour_servers() {
  chapter("gen_server");
  kin::trap_exits();
  const auto queue = kin::start_link<job_queue>({.name = jobs});
  say("a server of class job_queue runs as ", queue, ", registered as `jobs`.");
  kin::cast(jobs, put{"sweep"});
  say("I put one job; its length is ", kin::call(jobs, length{}), "; taking it gives `",
      kin::call(jobs, take{}), "`.");
  kin::send(queue, tick{});

  const kin::pid me = kin::self();
  kin::spawn([me] { kin::send(me, kin::call(jobs, take{})); });
  say("somebody else asks the empty queue, and waits; the queue goes on: length ",
      kin::call(jobs, length{}), ".");
  kin::cast(jobs, put{"polish"});
  kin::receive([](const std::string& job) {
    say("a job came, so the deferred reply went out: `", job, "`.");
  });

  say("starting it twice gives: ", kin::try_start_link<job_queue>({.name = jobs}).error());
  kin::cast(jobs, spill{});
  kin::receive([](const kin::exited& end) { say("it crashed; over the link I heard ", end); });
  say("calling it now gives: ", kin::try_call(jobs, length{}).error());
  kin::trap_exits(false);
}

}  // namespace ppool
