// SPDX-License-Identifier: Apache-2.0
// Watches the workers from a thread of its own: every millisecond while any runs, else asleep.
//
// A worker whose turn has not changed between two looks is in a long callback. What waits behind it
// may then be taken by others, the lone item and the slot too; its timers are fired for it. After
// 10 ms with work waiting and nobody free, an extra worker is started; after 100 ms the process is
// named in a `long_schedule` report, once a callback. A stuck worker is robbed, never replaced: all
// that is its own stays its own.
#pragma once

#include "base/clock.hpp"

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <vector>

namespace kin::detail {

class machine_core;
class worker;

class sysmon {
 public:
  explicit sysmon(machine_core& machine) : machine_(machine) {}
  sysmon(const sysmon&) = delete;
  sysmon& operator=(const sysmon&) = delete;
  ~sysmon() { stop(); }

  void start();
  void stop();
  /// A worker has left its sleep. One load unless the watch sleeps too.
  void somebody_runs();

 private:
  struct seen {
    unsigned long long turn = 0;
    nanotime since = 0;
    bool reported = false;
  };
  void watch();
  /// How long it has been in one callback; 0 if it moves or sleeps.
  static nanotime stuck_for(const worker& w, seen& before, nanotime time);
  void help(worker& w, nanotime stuck, nanotime time, bool all_stuck);
  void look_at_all(std::vector<seen>& before);
  bool everybody_sleeps() const;

  machine_core& machine_;
  std::thread thread_;
  std::mutex lock_;
  std::condition_variable wake_;
  std::atomic<bool> asleep_{false};
  bool stopping_ = false;
};

}  // namespace kin::detail
