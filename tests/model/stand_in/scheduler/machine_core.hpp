// SPDX-License-Identifier: Apache-2.0
// Stands in for runtime/src/scheduler/machine_core.hpp: workers, what is injected, and who idles.
#pragma once

#include "base/atomic.hpp"
#include "scheduler/idle.hpp"
#include "scheduler/worker.hpp"

#include <array>
#include <memory>

namespace kin::detail {

/// As queue/inject_queue.hpp, whose queue is another's: here one behind a lock. The count is ours.
class inject_queue {
 public:
  void push(control_block& p) {
    lock_.lock();
    items_[at_++] = &p;
    lock_.unlock();
    count_.fetch_add(1, std::memory_order_seq_cst);
  }
  control_block* pop() {
    if (count_.load(std::memory_order_relaxed) == 0) return nullptr;
    lock_.lock();
    control_block* p = at_ == 0 ? nullptr : items_[--at_];
    lock_.unlock();
    if (p != nullptr) count_.fetch_sub(1, std::memory_order_relaxed);
    return p;
  }
  [[nodiscard]] bool empty() const { return count_.load(std::memory_order_seq_cst) == 0; }

 private:
  mutex lock_;
  std::array<control_block*, 4> items_{};
  std::size_t at_ = 0;
  atomic<std::size_t> count_{0};
};

class machine_core {
 public:
  explicit machine_core(unsigned workers) : idle(*this) {
    options.workers = workers;
    for (unsigned i = 0; i < workers; ++i) all_[i] = std::make_unique<worker>(*this, i);
  }
  [[nodiscard]] unsigned worker_count() const { return options.workers; }
  [[nodiscard]] worker* worker_at(unsigned i) const { return all_[i].get(); }

  struct {
    unsigned workers = 0;
  } options;
  inject_queue injected;
  atomic<bool> stopping{false};
  struct {
    void somebody_runs() {}
  } watch;
  idle_workers idle;

 private:
  std::array<std::unique_ptr<worker>, 4> all_;
};

inline void worker::schedule(control_block& p) {
  if (!queue.push_slot(p)) {
    if (takes_long.load(std::memory_order_relaxed)) machine.idle.wake_helper();
    return;
  }
  machine.idle.offer(*this);
  machine.idle.wake_helper();
}

}  // namespace kin::detail
