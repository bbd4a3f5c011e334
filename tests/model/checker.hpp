// SPDX-License-Identifier: Apache-2.0
// Runs a few small threads in every way that C++ and the kernel allow, and tells of one that is
// wrong.
//
// The code is the real one: stand_in/base/atomic.hpp takes the place of the runtime's, so each
// atomic operation of a header under test stops its thread here, and the checker decides who goes on
// and what a load reads. What is modelled:
//   I1  Stores to a place have one order; each thread has a view, the oldest store of each place
//       that it may still read. A load reads any from there on, so a store may be seen late (as from
//       a store buffer), and two stores in another order than they were made.
//   I2  A release store carries its thread's view, an acquire load takes it over; a chain of
//       read-modify-writes hands it on. seq_cst operations and fences as C++20 has them, no stronger.
//   I3  membarrier is a fence in one thread after the other, in any order, between call and return.
//   I4  Data that is not atomic (`plain`) is checked for races: accesses must be ordered by release
//       and acquire. What the kernel orders does not count.
//   I5  A spinning thread waits until something it has read in this round changes. A futex and a mutex are the kernel's.
// Not modelled: loads that read what is stored later than they stand (no compiler makes them so for
// this code), weak compare-exchanges that fail for nothing, and two stores of one thread whose order
// another thread's two stores decide (2+2W).
// States are remembered by hash: the stores that can still be read, the views, and of each thread
// what it has read so far, which is all that its next steps depend on.
#pragma once

#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace kin::model {

enum class act : std::uint8_t {
  load,
  store,
  exchange,
  add,
  compare,
  lock,
  unlock,
  fence,
  membarrier,
  sleep,
  wake,
  pause,
  choose
};

struct site {
  const char* file = "";
  unsigned line = 0;
  const char* function = "";
};

/// What a thread is about to do.
struct operation {
  act what{};
  std::memory_order order = std::memory_order_relaxed;
  std::memory_order order_failed = std::memory_order_relaxed;
  bool timed = false;
  std::uint16_t place = 0;
  std::uint64_t operand = 0;
  std::uint64_t expected = 0;
  std::uint64_t mask = ~std::uint64_t{0};  // of the type's bits
  site at{};
};
struct outcome {
  std::uint64_t value = 0;
  bool done = true;
};

// The engine's side (checker.cpp).
std::uint16_t new_place(std::uint64_t value);
std::uint16_t new_plain(std::uint64_t value);
outcome perform(const operation& next);
void read_plain(std::uint16_t place);
void write_plain(std::uint16_t place, std::uint64_t value);

/// The thread's own mistake: a counterexample. Does not return to a thread.
void fail(const std::string& what);
inline void expect(bool right, const char* what) {
  if (!right) fail(what);
}
/// The one that calls; 0 while the world is made, or at rest.
unsigned this_thread();
/// One of 0 .. count-1; all are tried.
unsigned choose(unsigned count);
/// The thread's local state is no more than this number: what it has read before is forgotten.
void only_knows(std::uint64_t local_state);
/// The time of a thread: each look at it is `settings::clock_step` later than its last.
std::int64_t later();

extern bool kernel_has_membarrier;

template <class T>
std::uint64_t bits_of(T value) {
  // NOLINTBEGIN(bugprone-sizeof-expression): T may be a pointer
  static_assert(std::is_trivially_copyable_v<T> && sizeof(T) <= 8);
  std::uint64_t bits = 0;
  std::memcpy(&bits, &value, sizeof(T));
  // NOLINTEND(bugprone-sizeof-expression)
  return bits;
}
template <class T>
T from_bits(std::uint64_t bits) {
  std::remove_cv_t<T> value{};
  std::memcpy(&value, &bits, sizeof(T));  // NOLINT(bugprone-sizeof-expression): as above
  return value;
}

// Where an operation stands is the caller's line.
#define KIN_MODEL_HERE model::site here = {__builtin_FILE(), __builtin_LINE(), __builtin_FUNCTION()}

template <class T>
class atomic {
  using order_t = std::memory_order;

 public:
  atomic() noexcept : atomic(T{}) {}
  atomic(T value) noexcept : place_(new_place(bits_of(value))) {}  // NOLINT: as the standard's
  atomic(const atomic&) = delete;
  atomic& operator=(const atomic&) = delete;

  T load(order_t order, KIN_MODEL_HERE) const {
    return value(perform({.what = act::load, .order = order, .place = place_, .at = here}));
  }
  void store(T to, order_t order, KIN_MODEL_HERE) {
    perform(
        {.what = act::store, .order = order, .place = place_, .operand = bits_of(to), .at = here});
  }
  T exchange(T to, order_t order, KIN_MODEL_HERE) {
    return value(perform({.what = act::exchange,
                          .order = order,
                          .place = place_,
                          .operand = bits_of(to),
                          .at = here}));
  }
  T fetch_add(T more, order_t order, KIN_MODEL_HERE) { return add(bits_of(more), order, here); }
  T fetch_sub(T less, order_t order, KIN_MODEL_HERE) {
    return add(~bits_of(less) + 1, order, here);
  }
  bool compare_exchange_strong(T& expected, T to, order_t order, order_t failed, KIN_MODEL_HERE) {
    const outcome o = perform({.what = act::compare,
                               .order = order,
                               .order_failed = failed,
                               .place = place_,
                               .operand = bits_of(to),
                               .expected = bits_of(expected),
                               .at = here});
    if (!o.done) expected = value(o);
    return o.done;
  }
  bool compare_exchange_strong(T& expected, T to, order_t order, KIN_MODEL_HERE) {
    return compare_exchange_strong(expected, to, order, without_release(order), here);
  }
  bool compare_exchange_weak(T& expected, T to, order_t order, order_t failed, KIN_MODEL_HERE) {
    return compare_exchange_strong(expected, to, order, failed, here);
  }
  [[nodiscard]] std::uint16_t place() const { return place_; }

 private:
  static T value(outcome o) { return from_bits<T>(o.value); }
  static order_t without_release(order_t order) {
    if (order == std::memory_order_acq_rel) return std::memory_order_acquire;
    return order == std::memory_order_release ? std::memory_order_relaxed : order;
  }
  T add(std::uint64_t more, order_t order, site here) {
    constexpr std::uint64_t all = ~std::uint64_t{0} >> (64 - 8 * sizeof(T));
    return value(perform({.what = act::add,
                          .order = order,
                          .place = place_,
                          .operand = more,
                          .mask = all,
                          .at = here}));
  }
  std::uint16_t place_;
};

/// Data that is no atomic: two threads that touch it, one writing, must be ordered.
template <class T>
class plain {
 public:
  plain(T value = T{}) : value_(value), place_(new_plain(bits_of(value))) {}  // NOLINT: as a T
  plain(const plain&) = delete;
  plain& operator=(const plain&) = delete;
  operator T() const {  // NOLINT: as a T
    read_plain(place_);
    return value_;
  }
  T operator->() const { return *this; }
  plain& operator=(T value) {
    write_plain(place_, bits_of(value));
    value_ = value;
    return *this;
  }

 private:
  T value_;
  std::uint16_t place_;
};

class mutex {
 public:
  void lock(KIN_MODEL_HERE) { perform({.what = act::lock, .place = word_.place(), .at = here}); }
  void unlock(KIN_MODEL_HERE) {
    perform({.what = act::unlock, .place = word_.place(), .at = here});
  }

 private:
  atomic<std::uint64_t> word_{0};
};

inline void fence(KIN_MODEL_HERE) { perform({.what = act::fence, .at = here}); }
inline void membarrier(KIN_MODEL_HERE) { perform({.what = act::membarrier, .at = here}); }
/// Until what the thread has read last changes.
inline void wait_for_change(KIN_MODEL_HERE) { perform({.what = act::pause, .at = here}); }

// ---- what is explored -----------------------------------------------------------------------------

/// How a thread stands when nothing moves any more.
enum class rest : std::uint8_t { over, waits, sleeps_for_a_time };

/// Some threads and what they share. It is made anew, at the same address, for each run.
class world {
 public:
  world() = default;
  world(const world&) = delete;
  world& operator=(const world&) = delete;
  virtual ~world() = default;

  [[nodiscard]] virtual unsigned threads() const = 0;
  /// What that thread does.
  virtual void run(unsigned thread) = 0;
  /// Nothing moves any more. Says what is wrong, or nothing; by default, that one waits.
  virtual std::string at_rest(const std::vector<rest>& threads);
  /// Of shared data that is neither atomic nor `plain`.
  [[nodiscard]] virtual std::uint64_t fingerprint() const { return 0; }
};

/// One operation made weaker than it is written.
struct weakening {
  enum how : std::uint8_t { no_acquire, no_release, no_seq_cst, gone };
  std::string file;   // without its folder
  unsigned line = 0;  // 0: wherever in the function
  std::string function;
  act what{};
  how into{};
  friend bool operator==(const weakening&, const weakening&) = default;
};
std::string to_string(const weakening& w);

struct settings {
  std::vector<std::string> names = {};  // of the atomics, in the order that they are made
  bool has_membarrier = true;
  // For worlds with shared data that the checker does not see, and that a lock orders: two states are
  // one only if all that led to them is the same but for the order of what is independent.
  bool by_causes = false;
  // For worlds that are too large: no more than so many times does a thread stop that could go on.
  unsigned most_switches = ~0U;
  std::int64_t clock_step = 1'000'000'000;
  std::optional<weakening> weaker = std::nullopt;
  std::size_t most_states = 3'000'000;
};

struct verdict {
  std::string wrong;  // empty: nothing; else what, and the steps to it
  std::size_t states = 0;
  std::size_t steps = 0;             // between different states
  std::vector<weakening> orderings;  // all that could be weaker
};

/// Makes a world in that memory.
using maker = std::function<world*(void* memory)>;
inline constexpr std::size_t world_bytes = std::size_t{1} << 18U;
verdict explore(const maker& make, const settings& how = {});

template <class World, class... Args>
verdict explore_all(const settings& how, Args... args) {
  static_assert(sizeof(World) <= world_bytes);
  return explore([=](void* memory) -> world* { return new (memory) World(args...); }, how);
}

}  // namespace kin::model
