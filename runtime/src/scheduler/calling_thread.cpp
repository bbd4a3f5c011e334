// SPDX-License-Identifier: Apache-2.0
#include "scheduler/calling_thread.hpp"

#include "base/clock.hpp"
#include "base/pool.hpp"
#include "process/block_table.hpp"
#include "process/mailbox.hpp"
#include "process/monitors.hpp"

#include <chrono>
#include <condition_variable>
#include <limits>
#include <mutex>
#include <new>
#include <utility>

namespace kin::detail {

// A pid leads to its first member.
struct alignas(128) thread_block {
  control_block block;
  std::mutex lock;
  std::condition_variable news;
  bool attends = false;
  thread_block* next_free = nullptr;
};
static_assert(chunk_bytes % sizeof(thread_block) == 0);
static_assert(sizeof(block_chunk) <= sizeof(thread_block));

namespace {

// Those of threads that are gone, and the chunk that is being cut up.
struct block_store {
  std::mutex lock;
  thread_block* free = nullptr;
  thread_block* cut = nullptr;
  thread_block* cut_end = nullptr;
  std::uint32_t numbers = 0;
};
block_store& store() {
  static auto* const immortal = new block_store;  // threads may end after static destructors ran
  return *immortal;
}

// The chunk's header names no machine.
void add_chunk(block_store& s) {
  auto* header = new (map_chunk(false)) block_chunk;
  auto* first = reinterpret_cast<std::byte*>(header);
  s.cut = reinterpret_cast<thread_block*>(first + sizeof(thread_block));
  s.cut_end = reinterpret_cast<thread_block*>(first + chunk_bytes);
}

thread_block& take_block() {
  block_store& s = store();
  const std::lock_guard hold(s.lock);
  thread_block* t = s.free;
  if (t != nullptr) {
    s.free = t->next_free;
  } else {
    if (s.cut == s.cut_end) add_chunk(s);
    t = new (s.cut++) thread_block;
  }
  control_block& p = t->block;
  p.number.store(++s.numbers, std::memory_order_relaxed);
  p.serial.store(pid_access::of_threads << (pid_access::machine_shift - 32U),
                 std::memory_order_relaxed);
  p.flags = flag_thread;
  const std::lock_guard hold_block(t->lock);  // one that woke the thread before may be late (I1)
  state::revive(p.word);
  static_cast<void>(state::go_idle(p.word));
  return *t;
}

void give_block(thread_block& t) noexcept {
  block_store& s = store();
  const std::lock_guard hold(s.lock);
  t.next_free = std::exchange(s.free, &t);
}

thread_block& block_around(control_block& p) { return reinterpret_cast<thread_block&>(p); }

// The end of the thread: who watches it is told.
void close(thread_block& t) noexcept {
  control_block& p = t.block;
  signal* rest = nullptr;
  signal* late = nullptr;
  {
    const std::lock_guard hold(t.lock);
    rest = drain_for_thread(p);  // a demonitor must be before the monitors are told
    late = reversed(state::die(p.word));
  }
  refuse_for_thread(rest);
  while (late != nullptr) refuse(std::exchange(late, late->next), noproc);
  int all = std::numeric_limits<int>::max();
  tell_watchers(p, normal, all);
  delete std::exchange(p.extra, nullptr);
  give_block(t);
}

// A plain pointer: it can be read when the thread's other variables are destroyed already. A block
// that is taken then is never given back.
thread_local thread_block* of_this_thread = nullptr;

struct closer {
  closer() = default;
  closer(const closer&) = delete;
  closer& operator=(const closer&) = delete;
  ~closer() { close(*std::exchange(of_this_thread, nullptr)); }
};

thread_block& this_thread() {
  if (of_this_thread == nullptr) {
    of_this_thread = &take_block();
    thread_local const closer at_the_end;
  }
  return *of_this_thread;
}

// I1: in the place of its thread.
signal* serve(thread_block& t) noexcept {
  signal* rest = nullptr;
  signal** end = &rest;
  while (state::content(t.block.word.load(std::memory_order_relaxed)) != state::dead) {
    *end = drain_for_thread(t.block);
    while (*end != nullptr) end = &(*end)->next;
    if (state::go_idle(t.block.word)) break;
  }
  return rest;
}

std::chrono::steady_clock::time_point as_time_point(nanotime time) {
  return std::chrono::steady_clock::time_point(std::chrono::nanoseconds(time));
}

}  // namespace

attention::attention() : mine_(this_thread()) {
  const std::lock_guard hold(mine_.lock);
  outer_ = std::exchange(mine_.attends, true);
}

attention::~attention() {
  if (outer_) return;
  signal* rest = nullptr;
  {
    const std::lock_guard hold(mine_.lock);
    mine_.attends = false;
    rest = serve(mine_);
  }
  refuse_for_thread(rest);
}

control_block& attention::block() const { return mine_.block; }

void wait_on_thread(control_block& p, wait& w, duration limit) {
  thread_block& t = block_around(p);
  const nanotime deadline = limit == infinity ? never : add(system_now(), limit);
  thread_wait mine;
  static_cast<wait&>(mine) = w;
  std::unique_lock hold(t.lock);
  mine.outer = static_cast<thread_wait*>(std::exchange(p.waiting, &mine));
  for (;;) {
    signal* rest = drain_for_thread(p);
    if (rest != nullptr) {
      hold.unlock();
      refuse_for_thread(rest);
      hold.lock();
      continue;
    }
    if (mine.answer != nullptr || mine.late) break;
    if (!state::go_idle(p.word)) continue;
    if (deadline == never) {
      t.news.wait(hold);
    } else if (t.news.wait_until(hold, as_time_point(deadline)) == std::cv_status::timeout) {
      mine.late = true;  // but what has come by now still counts
    }
  }
  p.waiting = mine.outer;
  w = mine;
}

void wake_thread(control_block& p) noexcept {
  thread_block& t = block_around(p);
  signal* rest = nullptr;
  {
    const std::lock_guard hold(t.lock);
    if (t.attends) {
      t.news.notify_one();
    } else {
      rest = serve(t);
    }
  }
  refuse_for_thread(rest);
}

}  // namespace kin::detail
