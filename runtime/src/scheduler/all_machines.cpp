// SPDX-License-Identifier: Apache-2.0
#include "scheduler/all_machines.hpp"

#include "scheduler/machine_core.hpp"

#include <cstddef>
#include <cstdint>

// Of classes that are no plain structs, too: GCC and clang lay them out as one would think.
#pragma GCC diagnostic ignored "-Winvalid-offsetof"

// What gdb finds by name, in programs without debug information too.
extern "C" {

/// Zeroes, and the machines that live.
__attribute__((used, visibility("default"))) kin::detail::machine_list kin_debug_machines{};

struct kin_debug_entry {
  const char* name;
  std::uint64_t value;
};
}

namespace kin::detail {

const machine_list& all_machines() noexcept { return kin_debug_machines; }

void enlist(machine_core& machine) noexcept {
  for (auto& place : kin_debug_machines) {
    machine_core* nobody = nullptr;
    if (place.compare_exchange_strong(nobody, &machine, std::memory_order_acq_rel)) return;
  }
}

void strike_off(machine_core& machine) noexcept {
  for (auto& place : kin_debug_machines) {
    machine_core* it = &machine;
    if (place.compare_exchange_strong(it, nullptr, std::memory_order_acq_rel)) return;
  }
}

// A friend of those whose members it names.
struct debug_layout {
  static constexpr std::uint64_t chunks =
      offsetof(machine_core, blocks) + offsetof(block_table, newest_);
  static constexpr std::uint64_t workers = offsetof(machine_core, workers_);
  static constexpr std::uint64_t worker_count = offsetof(machine_core, count_);
  static constexpr std::uint64_t recorder_next = offsetof(flight_recorder, next_);
  static constexpr std::uint64_t recorder_ring = offsetof(flight_recorder, ring_);
  static constexpr std::uint64_t recorder_what = offsetof(flight_recorder::entry, what);
  static constexpr std::uint64_t recorder_who = offsetof(flight_recorder::entry, who);
  static constexpr std::uint64_t recorder_type = offsetof(flight_recorder::entry, type);
  static constexpr std::uint64_t recorder_bytes = sizeof(flight_recorder::entry);
};

}  // namespace kin::detail

using namespace kin::detail;  // NOLINT(google-build-using-namespace): a table at the end of a file

extern "C" {
/// Offsets in bytes, and numbers; ends with a null.
// NOLINTNEXTLINE(modernize-avoid-c-arrays): a debugger reads it
__attribute__((visibility("default"))) extern const kin_debug_entry kin_debug_layout[];

// NOLINTNEXTLINE(modernize-avoid-c-arrays)
__attribute__((used)) const kin_debug_entry kin_debug_layout[] = {
    {"format", 1},
    {"machines", machines_listed},
    {"machine.chunks", debug_layout::chunks},
    {"machine.workers", debug_layout::workers},
    {"machine.worker_count", debug_layout::worker_count},
    {"chunk.older", offsetof(block_chunk, older)},
    {"chunk.used", offsetof(block_chunk, used)},
    {"chunk.blocks", sizeof(block_chunk)},
    {"block.bytes", sizeof(control_block)},
    {"block.word", offsetof(control_block, word)},
    {"block.queue_first", offsetof(control_block, queue_first)},
    {"block.in_hand", offsetof(control_block, in_hand)},
    {"block.body", offsetof(control_block, body)},
    {"block.stopped_on", offsetof(control_block, stopped_on)},
    {"block.waiting", offsetof(control_block, waiting)},
    {"block.flags", offsetof(control_block, flags)},
    {"block.number", offsetof(control_block, number)},
    {"block.serial", offsetof(control_block, serial)},
    {"block.extra", offsetof(control_block, extra)},
    {"extras.name", offsetof(extras, name)},
    {"name.text", offsetof(name_entry, text)},
    {"signal.next", offsetof(signal, next)},
    {"signal.kind", offsetof(signal, kind)},
    {"signal.last_mail", static_cast<std::uint64_t>(signal_kind::request)},
    {"wait.kind", offsetof(wait, kind)},
    {"wait.message", static_cast<std::uint64_t>(wait_kind::message)},
    {"wait.reply", static_cast<std::uint64_t>(wait_kind::reply)},
    {"wait.time", static_cast<std::uint64_t>(wait_kind::time)},
    {"wait.blocking", static_cast<std::uint64_t>(wait_kind::blocking)},
    {"wait.turn", static_cast<std::uint64_t>(wait_kind::turn)},
    {"flag.fresh", flag_fresh},
    {"flag.exiting", flag_exiting},
    {"flag.suspended", flag_suspended},
    {"flag.thread", flag_thread},
    {"flag.hibernates", flag_hibernates},
    {"stack.context", offsetof(stack, context)},
    {"worker.index", offsetof(worker, index)},
    {"worker.current", offsetof(worker, current)},
    {"worker.recorder", offsetof(worker, recorder)},
    {"recorder.capacity", flight_recorder::capacity},
    {"recorder.next", debug_layout::recorder_next},
    {"recorder.ring", debug_layout::recorder_ring},
    {"recorder.what", debug_layout::recorder_what},
    {"recorder.who", debug_layout::recorder_who},
    {"recorder.type", debug_layout::recorder_type},
    {"recorder.bytes", debug_layout::recorder_bytes},
#if defined(__x86_64__)
    // Where Boost.Context 1.81 stores the registers of who leaves a stack.
    {"context.r12", 0x10},
    {"context.r13", 0x18},
    {"context.r14", 0x20},
    {"context.r15", 0x28},
    {"context.rbx", 0x30},
    {"context.rbp", 0x38},
    {"context.rip", 0x40},
    {"context.bytes", 0x48},
#endif
    {nullptr, 0},
};
}
