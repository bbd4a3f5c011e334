#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Breaks the runtime in one place at a time, and sees the test fail that should.

Each mutation replaces one piece of text that stands in its file once, builds one test, runs it, and puts
the file back, also after Ctrl-C. A mutation whose test passes, or that does not compile, has survived.
Prints a table; the exit status is the number of survivors.

    mutations.py PRESET [WORD...]   those whose name holds one of the words; all without
"""
import re
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 60  # seconds: a lost wake-up lasts for ever


@dataclass(frozen=True)
class Mutation:
    name: str
    file: str           # below runtime/src
    old: str            # stands there once
    new: str
    test: str           # the binary
    only: str = "*"     # --gtest_filter


MUTATIONS = [
    Mutation("biased lock: others come in without a membarrier", "base/biased_lock.hpp",
             "    membarrier_all();\n", "", "biased_lock_model"),
    Mutation("biased lock: its owner does not look for others", "base/biased_lock.hpp",
             "if (!wanted_.load(std::memory_order_acquire)) [[likely]]\n        return;", "return;",
             "biased_lock_model"),
    Mutation("biased lock: its owner leaves without release", "base/biased_lock.hpp",
             "  void leave() noexcept {\n    inside_.store(false, std::memory_order_release);",
             "  void leave() noexcept {\n    inside_.store(false, std::memory_order_relaxed);",
             "biased_lock_model"),
    Mutation("depot: a batch is put aside without the lock", "base/depot.hpp",
             "  void put_aside(magazine<Item>& mine) noexcept {\n"
             "    const std::lock_guard hold(lock_);\n",
             "  void put_aside(magazine<Item>& mine) noexcept {\n", "pool_model"),
    Mutation("magazine: what it has given away stays in it", "base/magazine.hpp",
             "    std::copy_n(items_.begin() + b.count, count_, items_.begin());\n", "", "pool_model"),
    Mutation("run queue: thieves do not lock", "queue/run_queue.hpp",
             "    const other_scope hold(lock_);\n", "", "run_queue_model"),
    Mutation("run queue: the slot is taken and stays", "queue/run_queue.hpp",
             "    slot_.store(nullptr, std::memory_order_relaxed);\n", "", "run_queue_model"),
    Mutation("inbox: a push without release", "process/state.hpp",
             "      std::memory_order_acq_rel,\n      std::memory_order_relaxed));",
             "      std::memory_order_acquire,\n      std::memory_order_relaxed));", "inbox_model"),
    Mutation("inbox: goes idle without release", "process/state.hpp",
             "expected = tag(w.load(std::memory_order_relaxed)) | awake;\n"
             "  return w.compare_exchange_strong(expected, tag(expected) | idle, "
             "std::memory_order_release,",
             "expected = tag(w.load(std::memory_order_relaxed)) | awake;\n"
             "  return w.compare_exchange_strong(expected, tag(expected) | idle, "
             "std::memory_order_relaxed,", "inbox_model"),
    Mutation("inbox: a single mail is read without acquire", "process/state.hpp",
             "w.load(std::memory_order_acquire);  // pairs with the push of that signal",
             "w.load(std::memory_order_relaxed);", "inbox_model"),
    Mutation("inbox: the next user has the same tag", "process/state.hpp",
             " + (std::uint64_t{1} << 48U);\n  if", ";\n  if", "inbox_model"),
    Mutation("mailbox: the bit in_place stays set by a wait", "process/mailbox.cpp",
             "void detach_in_hand(control_block& p) {\n  p.clear(flag_in_place);",
             "void detach_in_hand(control_block& p) {", "handler_test"),
    Mutation("worker: goes idle, and does not look whether something came", "scheduler/worker.cpp",
             "if (!state::go_idle(leaving->word)) schedule(*leaving);",
             "static_cast<void>(state::go_idle(leaving->word));", "migration_test"),
    Mutation("parker: a store ends the sleep", "queue/parker.cpp",
             "state_.exchange(none, std::memory_order_acquire);",
             "state_.store(none, std::memory_order_release);", "parker_model"),
    Mutation("parker: a wake without release", "queue/parker.cpp",
             "exchange(woken, std::memory_order_release)", "exchange(woken, std::memory_order_relaxed)",
             "parker_model"),
    Mutation("idle: parks without a membarrier", "scheduler/idle.cpp",
             "  membarrier_all();", "  ", "idle_model", "*misses*"),
    Mutation("idle: parks without looking once more", "scheduler/idle.cpp",
             "  for (unsigned i = 0; i < count && !work; ++i) {", "  for (unsigned i = count; i < count && !work; ++i) {",
             "idle_model", "*misses*"),
    Mutation("idle: parks and is not counted", "scheduler/idle.cpp",
             "  parked_.fetch_add(1, std::memory_order_seq_cst);", "  ", "idle_model", "*misses*"),
    Mutation("sysmon: one that has retired counts as help", "scheduler/sysmon.cpp",
             "    const bool helps = stuck[i] < long_enough_to_help && "
             "!w.retired.load(std::memory_order_relaxed);\n",
             "    const bool helps = stuck[i] < long_enough_to_help;\n", "migration_test",
             "*extra_worker*"),
    Mutation("handout: asks without release", "scheduler/handout.hpp",
             "asker_.store(&asker, std::memory_order_release)",
             "asker_.store(&asker, std::memory_order_relaxed)", "handout_model"),
    Mutation("handout: an asker leaves without a swap", "scheduler/handout.cpp",
             "return !asker_.compare_exchange_strong(expected, nullptr, std::memory_order_relaxed);",
             "asker_.store(nullptr, std::memory_order_relaxed);\n  return expected == nullptr;",
             "handout_model"),
    Mutation("timers: a swap without acquire", "scheduler/timer_entry.hpp",
             "end, std::memory_order_acq_rel,\n                                         "
             "std::memory_order_acquire);",
             "end, std::memory_order_release,\n                                         "
             "std::memory_order_relaxed);", "timers_model"),
    Mutation("timers: two may settle one", "scheduler/timer_entry.hpp",
             "std::uint64_t expected = number << 2U | armed;",
             "std::uint64_t expected = state.load(std::memory_order_relaxed);", "timers_model"),
    Mutation("records: the last to let go does not see the other", "process/two_holders.hpp",
             "left_.fetch_sub(1, std::memory_order_acq_rel)",
             "left_.fetch_sub(1, std::memory_order_release)", "records_model"),
    Mutation("links: the hold of who ends is lost", "process/links.cpp",
             "    why->release();\n    let_go(pair);\n  }", "    why->release();\n  }", "records_test",
             "link_pair.*"),
    Mutation("links: who links from both sides does not know that there are two", "process/links.cpp",
             "    p.set(flag_doubled);  // both sides linked at once: the dying tells its true reason\n",
             "", "links_model"),
    Mutation("links: of two that are one, one is given up", "process/links.cpp",
             "  while (link_half* half = find_link(p, other)) {\n    const pid peer",
             "  if (link_half* half = find_link(p, other)) {\n    const pid peer", "links_model"),
    Mutation("links: who gives one up does not let go", "process/links.cpp",
             "    remove(p, own);\n    let_go(pair);\n", "    remove(p, own);\n", "links_model"),
    Mutation("links: an end is heard after unlink", "process/links.cpp",
             "  if (!active) return;\n", "", "link_test"),
    Mutation("probes: nobody looks for a circle", "process/probe.cpp",
             "p.waiting->seeks = true;", "p.waiting->seeks = false;", "call_cycle_test"),
    Mutation("probes: whoever finds a circle ends its own call", "process/probe.cpp",
             "  std::rotate(what->path.begin(), closed_by, what->path.end());\n",
             "  static_cast<void>(closed_by);\n", "call_cycle_test"),
    Mutation("names: a holder changes without a version", "process/name_table.cpp",
             "      version + 1,\n", "      version,\n", "names_model"),
]


def run(command, patience):
    """Whether it ended well; None: it did not end."""
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL, start_new_session=True)
    try:
        return process.wait(patience) == 0
    except subprocess.TimeoutExpired:
        return None
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()


def build(preset, test):
    return run(["ninja", "-C", f"build/{preset}", test], 900)


def binary(preset, test):
    folder = ROOT / "build" / preset / "tests"
    return next(p for p in (folder / "model" / test, folder / test) if p.exists())


def outcome(preset, m):
    """How the test ended; upper case: the mutation has survived."""
    if not build(preset, m.test):
        return "DOES NOT COMPILE"
    ended = run([str(binary(preset, m.test)), f"--gtest_filter={m.only}", "--gtest_fail_fast"],
                PATIENCE)
    return {True: "SURVIVED", False: "fails", None: "hangs"}[ended]


def killed(preset, m):
    path = ROOT / "runtime/src" / m.file
    whole = path.read_text()
    if whole.count(m.old) != 1:
        return f"STANDS {whole.count(m.old)} TIMES"
    try:
        path.write_text(whole.replace(m.old, m.new))
        return outcome(preset, m)
    finally:
        path.write_text(whole)


def main():
    preset, words = sys.argv[1], sys.argv[2:]
    chosen = [m for m in MUTATIONS if not words or any(w in m.name for w in words)]
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that files are put back
    for test in sorted({m.test for m in chosen}):
        if not build(preset, test):
            sys.exit(f"{test} does not build as it is")
        if not run([str(binary(preset, test))], 600):
            sys.exit(f"{test} fails as it is")
    survivors = 0
    print("| mutation | test | |\n|---|---|---|", flush=True)
    for m in chosen:
        start = time.monotonic()
        result = killed(preset, m)
        survivors += result.isupper() or bool(re.match("[A-Z]", result))
        print(f"| {m.name} | `{m.test}` | {result}, {time.monotonic() - start:.0f} s |", flush=True)
    for test in sorted({m.test for m in chosen}):
        build(preset, test)
    print(f"{len(chosen)} mutations, {survivors} survived")
    sys.exit(survivors)


if __name__ == "__main__":
    main()
