// SPDX-License-Identifier: Apache-2.0
// A lock that costs its owner two plain stores and a load, 1 ns; the others a system call.
//
// A worker's run queue and timer wheel are its own nearly always, but must be open to others when
// it is stuck in a callback, and to thieves. So the owner announces itself with a plain store and
// looks whether somebody wants in; whoever wants in says so, makes every thread run a full barrier,
// and waits until the owner is out.
//   I1  owner: inside := 1; (compiler barrier) read wanted.   other: wanted := 1; membarrier; read
//   inside.
//       The membarrier stands between the owner's store and load or before both: one of the two
//       sees the other.
//   I2  At most one other is past `others_`; the owner and it are never both inside.
// Rejected: a 4.8 ns exchange on each push and pop; epochs that move ownership (two owners,
// protocols of the core). Without membarrier the owner uses a sequentially consistent exchange.
#pragma once

#include "base/atomic.hpp"
#include "base/cpu.hpp"
#include "base/membarrier.hpp"

namespace kin::detail {

class biased_lock {
 public:
  /// Owner only.
  void enter() noexcept {
    if (has_membarrier) [[likely]] {
      inside_.store(true, std::memory_order_relaxed);
      std::atomic_signal_fence(
          std::memory_order_seq_cst);  // I1: the hardware half is the other's membarrier
      // acquire: pairs with the release in `leave_other`, what that one did is seen here.
      if (!wanted_.load(std::memory_order_acquire)) [[likely]]
        return;
    }
    enter_slowly();
  }
  void leave() noexcept {
    inside_.store(false, std::memory_order_release);
  }  // pairs with the acquire in enter_other

  /// Any other thread.
  void enter_other() noexcept {
    others_.lock();
    wanted_.store(true, std::memory_order_seq_cst);
    membarrier_all();
    wait_until_clear(inside_);
  }
  void leave_other() noexcept {
    wanted_.store(false, std::memory_order_release);
    others_.unlock();
  }

 private:
  [[gnu::noinline]] void enter_slowly() noexcept {
    for (;;) {
      inside_.exchange(true, std::memory_order_seq_cst);
      if (!wanted_.load(std::memory_order_seq_cst)) return;
      inside_.store(false, std::memory_order_release);
      wait_until_clear(wanted_);
    }
  }
  static void wait_until_clear(const atomic<bool>& flag) noexcept {
    for (int spins = 0; flag.load(std::memory_order_seq_cst); ++spins) {
      if (spins < 100) {
        pause();
      } else {
        yield_core();  // the one inside has lost its core
      }
    }
  }
  atomic<bool> inside_{false};
  atomic<bool> wanted_{false};
  mutex others_;
};

/// The owner's scope.
class owner_scope {
 public:
  explicit owner_scope(biased_lock& lock) noexcept : lock_(lock) { lock_.enter(); }
  owner_scope(const owner_scope&) = delete;
  owner_scope& operator=(const owner_scope&) = delete;
  ~owner_scope() { lock_.leave(); }

 private:
  biased_lock& lock_;
};
/// Everybody else's.
class other_scope {
 public:
  explicit other_scope(biased_lock& lock) noexcept : lock_(lock) { lock_.enter_other(); }
  other_scope(const other_scope&) = delete;
  other_scope& operator=(const other_scope&) = delete;
  ~other_scope() { lock_.leave_other(); }

 private:
  biased_lock& lock_;
};

}  // namespace kin::detail
