// SPDX-License-Identifier: Apache-2.0
#include "scheduler/blocking_pool.hpp"

#include "process/mailbox.hpp"
#include "process/scheduling.hpp"

#include <chrono>
#include <exception>
#include <new>

namespace kin::detail {
namespace {

constexpr auto rest_limit = std::chrono::seconds(10);

}  // namespace

void blocking_pool::submit(control_block& p) {
  auto* w = static_cast<blocking_wait*>(p.waiting);
  if (!enqueue(*w)) {
    w->refused = true;
    finish(*w);
  }
  // The job may be done already: then the inbox is not empty, and the process runs at once.
  if (!state::go_idle(p.word)) schedule(p);
}

// False: nobody will ever serve it.
bool blocking_pool::enqueue(blocking_wait& w) noexcept {
  const std::lock_guard hold(lock_);
  try {
    queue_.push_back(&w);
  } catch (const std::bad_alloc&) {
    return false;
  }
  if (resting_ >= queue_.size() || threads_ == threads_max_) {
    work_.notify_one();
    return true;
  }
  try {
    std::thread([this] { serve(); }).detach();  // stop() waits until threads_ is 0
    ++threads_;
  } catch (
      const std::exception&) {  // no memory, or no more threads: those there are will come to it
    if (threads_ == 0) queue_.pop_back();
  }
  return threads_ != 0;
}

void blocking_pool::run_here(control_block& p) {
  auto* w = static_cast<blocking_wait*>(p.waiting);
  w->work->run();
  finish(*w);
  schedule(p);
}

void blocking_pool::serve() {
  std::unique_lock hold(lock_);
  for (;;) {
    if (!queue_.empty()) {
      blocking_wait* w = queue_.front();
      queue_.pop_front();
      const pid waiter = w->waiter;
      served_.push_back(waiter);
      hold.unlock();
      w->work->run();
      finish(*w);
      hold.lock();
      std::erase(served_, waiter);
      continue;
    }
    if (stopping_) break;
    ++resting_;
    const bool rested_long = work_.wait_for(hold, rest_limit) == std::cv_status::timeout;
    --resting_;
    if (rested_long && queue_.empty()) break;
  }
  --threads_;
  gone_.notify_all();
}

std::vector<pid> blocking_pool::waiters() {
  const std::lock_guard hold(lock_);
  std::vector<pid> all = served_;
  for (const blocking_wait* w : queue_) all.push_back(w->waiter);
  return all;
}

void blocking_pool::finish(blocking_wait& w) {
  const pid waiter = w.waiter;  // the frame of `w` may be gone as soon as this is posted
  w.done.kind = signal_kind::job_done;
  static_cast<void>(post(waiter, &w.done));  // it waits for this, so it is there
}

void blocking_pool::request_stop(control_block& p) noexcept {
  p.set(flag_draining);  // the callbacks of its token run here, on no stack of the process's own
  static_cast<blocking_wait*>(p.waiting)->work->request_stop();
  p.clear(flag_draining);
}

void blocking_pool::stop() {
  std::unique_lock hold(lock_);
  stopping_ = true;
  work_.notify_all();
  gone_.wait(hold, [this] { return threads_ == 0; });
}

}  // namespace kin::detail
