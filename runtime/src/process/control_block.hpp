// SPDX-License-Identifier: Apache-2.0
// One process in memory: 128 bytes, two cache lines. What few processes need lies in `extras`, made
// on demand.
//
// The block is touched by its owner only, whoever runs the process now, but for `word`, which any
// thread pushes to. Ownership passes with the word: going idle releases, the push that wakes
// carries that on, running acquires.
#pragma once

#include <kin/alias.hpp>
#include <kin/behaviour.hpp>
#include <kin/link.hpp>
#include <kin/message.hpp>
#include <kin/pid.hpp>
#include <kin/wait.hpp>

#include "base/clock.hpp"
#include "base/pool.hpp"
#include "process/link_pair.hpp"
#include "process/monitor_record.hpp"
#include "process/promise_record.hpp"
#include "process/state.hpp"
#include "queue/run_queue.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace kin {
class no_wait;
}

namespace kin::detail {

struct stack;
struct name_entry;
struct timer_entry;
struct gate;

/// Who started a process, and who started that one. Shared by all children of one parent.
struct lineage {
  std::atomic<std::uint32_t> uses{1};
  kin::pid parent;
  std::string parent_name;  // registered, when its first child was started
  kin::pid group_leader;
  lineage* above = nullptr;  // counted
  std::uint32_t depth = 0;   // how many are above

  // No more are kept: processes that start their successors for ever must not grow.
  static constexpr std::uint32_t deepest = 64;
  // Counted in one go: children end on other cores than they start on, and the count would travel.
  static constexpr std::uint32_t uses_at_once = 1024;

  static lineage* retain(lineage* l, std::uint32_t count = 1) {
    if (l != nullptr) {
      l->uses.fetch_add(count, std::memory_order_relaxed);  // whoever copies holds one already
    }
    return l;
  }
  static void release(lineage* l, std::uint32_t count = 1) noexcept {
    // As two_holders: the last one frees, and sees what the others did.
    while (l != nullptr && l->uses.fetch_sub(count, std::memory_order_acq_rel) == count) {
      count = 1;
      lineage* above = l->above;
      delete l;
      l = above;
    }
  }
};

/// A timer to the process that started it.
struct own_timer {
  std::uint64_t number = 0;
  timer_entry* entry = nullptr;
};

/// What hardly any process needs: large, and made for it alone.
struct rarities {
  std::unordered_multimap<std::uint64_t, link_half*> links_by_peer;    // filled when there are many
  std::unordered_map<std::uint64_t, monitor_record*> monitors_by_ref;  // filled when there are many
  std::unordered_map<std::uint64_t, alias_until> aliases;              // that are on
  std::unordered_map<std::uint64_t, std::unique_ptr<down_maker>> down_makers;  // of monitors
  std::map<std::string, message, std::less<>> values;
  std::unordered_map<pid, std::uint32_t> suspended;  // by this process, how often
  gate* way_in = nullptr;                            // of a bounded mailbox
  std::unordered_set<std::uint64_t> requests;        // whose answers are to be messages
  std::vector<request_head> room_wanted;             // by senders that wait for it
  std::vector<own_timer> own_timers;                 // to this process; some have fired
  std::size_t prune_timers_at = 64;
  std::uint32_t suspensions = 0;  // of this process
  pid group_leader;               // none: the one it inherited
};

/// What most processes never need, and who watches or has children does.
struct extras {
  exit_reason reason;  // while it ends
  name_entry* name = nullptr;
  watching_list monitors;  // this process watches
  watchers_list watchers;  // and is watched
  std::uint32_t monitor_count = 0;
  std::uint32_t uses_for_children = 0;
  lineage* of_children = nullptr;     // with its own use, and those for children to come
  nanotime idle_deadline = never;     // of a handler's timeout{}
  duration idle_limit = infinity;     // which was that long
  std::uint64_t marked_ref = 0;       // no message up to `mark` can carry this reference
  signal* mark = nullptr;             // null: the mailbox was empty
  const no_wait* no_waits = nullptr;  // the innermost that lives
  signal* in_hand_too = nullptr;      // a request that was put aside and is handled now
  std::unique_ptr<rarities> rare;

  static void* operator new(std::size_t bytes) { return take_memory(bytes, class_for(bytes)); }
  static void operator delete(void* memory) { give_memory(memory, class_for(sizeof(extras))); }
};

/// Facts of one bit about a process; its owner's.
enum flag : std::uint32_t {
  flag_fresh = 1U << 0U,          // has not started
  flag_handles = 1U << 1U,        // has started, and handles messages without a stack
  flag_traps = 1U << 2U,          // exit signals are messages
  flag_doomed = 1U << 3U,         // it ends: no more user code at the next chance
  flag_exiting = 1U << 4U,        // runs only destructors now
  flag_dead = 1U << 5U,           // its word says DEAD; links and watchers are still to be told
  flag_struck = 1U << 6U,         // a fatal signal was drained: who links after it finds nobody
  flag_spoke = 1U << 7U,          // an exception of its own ended it: worth a report
  flag_own_exit = 1U << 8U,       // kin::exit doomed it, not a signal
  flag_root = 1U << 9U,           // somebody outside waits for its end
  flag_in_place = 1U << 10U,      // in_hand is still the head of the inbox
  flag_draining = 1U << 11U,      // signals take effect: what their destructors wait for fails
  flag_idle_timer = 1U << 12U,    // its last callback asked for timeout{}
  flag_idle_passed = 1U << 13U,   // and that has passed
  flag_doubled = 1U << 14U,       // some link of its may have two records
  flag_suspended = 1U << 15U,     // signals only, until it is resumed
  flag_signals_only = 1U << 16U,  // was taken out of turn: nothing of its own runs
  flag_bounded = 1U << 17U,       // its mailbox has a gate
  flag_carried = 1U << 18U,       // what is sent to it is carried by a driver, or counted
  flag_thread = 1U << 19U,        // no process: a thread calls from it (scheduler/calling_thread)
  flag_no_wait = 1U << 20U,       // it must not wait now
  flag_hibernates = 1U << 21U,    // until its next callback; with flag_fresh, until there is mail
  flag_off_heap = 1U << 22U,      // of its mailbox, as somebody wished: nothing follows from it
};

/// Six more bits count what it has done since it was last noted in `noted_reductions`; the flag above
/// them says that it is time to. On the first cache line, beside flags that are written anyway.
inline constexpr unsigned count_shift = 23;
inline constexpr std::uint32_t one_reduction = 1U << count_shift;
inline constexpr std::uint32_t flag_count_full = 1U << 29U;
inline constexpr std::uint32_t count_mask = flag_count_full | (flag_count_full - one_reduction);

/// Two more bits say its level; zero: normal.
inline constexpr unsigned level_shift = 30;

static_assert(sizeof(extras) <= 128);

struct alignas(128) control_block {
  std::atomic<std::uint64_t> word{0};  // state.hpp
  signal* queue_first = nullptr;       // received, not yet taken
  signal* queue_last = nullptr;
  signal* in_hand = nullptr;  // the message that is being handled
  behaviour* body = nullptr;
  stack* stopped_on = nullptr;  // waits in the middle of a function, there
  wait* waiting = nullptr;      // for this; on that stack
  std::uint32_t flags = 0;
  std::atomic<std::uint32_t> number{0};  // low half of its id

  std::atomic<std::uint32_t> serial{0};  // high half; cold from here
  std::uint32_t link_count = 0;
  signal* left =
      nullptr;  // the last one that a handler left; those up to it are offered again later
  link_list links;
  extras* extra = nullptr;
  lineage* born_of = nullptr;
  timer_entry* timer = nullptr;        // the earliest outstanding one for its own waits
  std::uint64_t noted_reductions = 0;  // without those that the flags count; numbers calls, too
  promise_list owed;

  [[nodiscard]] bool is(flag f) const { return (flags & f) != 0; }
  void set(flag f) { flags |= f; }
  void clear(flag f) { flags &= ~static_cast<std::uint32_t>(f); }
  [[nodiscard]] level at() const {
    return static_cast<level>(flags >> level_shift ^ static_cast<unsigned>(level::normal));
  }
  void set_level(level l) {
    flags = (flags & ~(3U << level_shift)) |
            (static_cast<unsigned>(l) ^ static_cast<unsigned>(level::normal)) << level_shift;
  }
  /// A number that no call of it had before; a reduction.
  std::uint64_t fresh_call() { return ++noted_reductions; }
  /// One thing done: a message handled, a receive.
  void count_reduction() {
    flags += one_reduction;
    if ((flags & flag_count_full) != 0) [[unlikely]]
      note_reductions();
  }
  /// To be called before more are counted when flag_count_full is set.
  void note_reductions() {
    noted_reductions = reductions();
    flags &= ~count_mask;
  }
  [[nodiscard]] std::uint64_t reductions() const {
    return noted_reductions + ((flags & count_mask) >> count_shift);
  }
  extras& more() {
    if (extra == nullptr) extra = new extras;
    return *extra;
  }
  /// Null: it has none.
  [[nodiscard]] rarities* rare() const { return extra == nullptr ? nullptr : extra->rare.get(); }
  rarities& make_rare() {
    extras& here = more();
    if (here.rare == nullptr) here.rare = std::make_unique<rarities>();
    return *here.rare;
  }
  [[nodiscard]] std::uint32_t low_id() const { return number.load(std::memory_order_relaxed); }
  [[nodiscard]] std::uint64_t id() const {
    return std::uint64_t{serial.load(std::memory_order_relaxed)} << 32U | low_id();
  }
  /// Owner.
  [[nodiscard]] pid name() const {
    if ((flags & (flag_bounded | flag_carried)) != 0) [[unlikely]]
      return name_by_detour();
    return name_seen_from_outside();
  }
  /// Any thread. Equal to `name`, but leads to the block, past a gate and a carrier.
  [[nodiscard]] pid name_seen_from_outside() const {
    return pid_access::make(tag() | reinterpret_cast<std::uint64_t>(this), id());
  }
  /// Of a hint: straight to a block, by no detour; or to nobody.
  static bool leads_here(std::uint64_t hint) { return hint != 0 && (hint & detours) == 0; }
  static control_block& at(std::uint64_t hint) {
    return *reinterpret_cast<control_block*>(address_in(hint));
  }
  /// Of a hint: the gate it leads to, or null.
  static gate* gate_at(std::uint64_t hint) {
    return (hint & to_a_gate) == 0 ? nullptr : reinterpret_cast<gate*>(address_in(hint));
  }
  /// Of a hint: what is sent there is carried by the machine's driver, or counted.
  static bool is_carried(std::uint64_t hint) { return (hint & by_a_carrier) != 0; }

 private:
  [[nodiscard]] std::uint64_t tag() const {
    return state::tag(word.load(std::memory_order_relaxed));
  }
  [[nodiscard]] pid name_by_detour() const {
    const std::uint64_t first =
        is(flag_bounded) ? reinterpret_cast<std::uint64_t>(extra->rare->way_in) | to_a_gate
                         : reinterpret_cast<std::uint64_t>(this);
    return pid_access::make(tag() | first | (is(flag_carried) ? by_a_carrier : 0), id());
  }
  static std::uint64_t address_in(std::uint64_t hint) { return hint & ~state::tag_mask & ~detours; }
  // Blocks, gates and routers are aligned: their addresses have room.
  static constexpr std::uint64_t to_a_router = 1;  // remote.hpp
  static constexpr std::uint64_t to_a_gate = 2;
  static constexpr std::uint64_t by_a_carrier = 4;
  static constexpr std::uint64_t detours = 7;
};
static_assert(sizeof(control_block) == 128);

control_block& block_behind(const gate& g) noexcept;
inline control_block& block_of(pid p) {
  if (const gate* g = control_block::gate_at(pid_access::hint(p))) [[unlikely]]
    return block_behind(*g);
  return control_block::at(pid_access::hint(p));
}

}  // namespace kin::detail
