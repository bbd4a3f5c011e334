// SPDX-License-Identifier: Apache-2.0
// Threads for calls that may block: made when all are busy, gone after 10 s without work.
#pragma once

#include <kin/job.hpp>
#include <kin/pid.hpp>
#include <kin/wait.hpp>

#include "process/signal.hpp"

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <mutex>
#include <thread>
#include <vector>

namespace kin::detail {

struct control_block;

/// The wait of a process for a job; on its stack. The signal that ends it needs no memory.
struct blocking_wait : wait {
  job* work = nullptr;
  bool refused = false;  // it was not run: there was no thread for it
  pid waiter;
  signal done{};
};

class blocking_pool {
 public:
  explicit blocking_pool(unsigned threads_max) : threads_max_(threads_max) {
    served_.reserve(threads_max);  // so that a thread needs no memory to say whom it serves
  }
  blocking_pool(const blocking_pool&) = delete;
  blocking_pool& operator=(const blocking_pool&) = delete;
  ~blocking_pool() { stop(); }

  /// For the process that has just left its stack to wait for its job (landing side), which then
  /// goes idle.
  void submit(control_block& p);
  /// The same on this thread: the job has run when this returns.
  static void run_here(control_block& p);
  /// Owner of a process that waits for its job, and has to end: tells the job.
  static void request_stop(control_block& p) noexcept;
  void stop();
  /// Processes whose jobs have not returned.
  [[nodiscard]] std::vector<pid> waiters();

 private:
  bool enqueue(blocking_wait& w) noexcept;
  void serve();
  static void finish(blocking_wait& w);

  const unsigned threads_max_;
  std::mutex lock_;
  std::condition_variable work_;
  std::condition_variable gone_;
  std::deque<blocking_wait*> queue_;
  std::vector<pid> served_;  // whose job runs
  unsigned threads_ = 0;
  unsigned resting_ = 0;
  bool stopping_ = false;
};

}  // namespace kin::detail
