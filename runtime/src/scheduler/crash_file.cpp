// SPDX-License-Identifier: Apache-2.0
#include "scheduler/crash_file.hpp"

#include "base/plain_text.hpp"
#include "context/backtrace.hpp"
#include "process/name_table.hpp"
#include "scheduler/all_machines.hpp"
#include "scheduler/events_text.hpp"
#include "scheduler/machine_core.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <climits>
#include <cstdlib>
#include <ctime>
#include <dlfcn.h>
#include <fcntl.h>
#include <filesystem>
#include <link.h>
#include <unistd.h>

namespace kin::detail {
namespace {

constexpr std::size_t processes_max = 20'000;
constexpr std::size_t mailbox_max = 1'000'000;

std::array<char, PATH_MAX> folder{};  // empty: no file
std::array<char, PATH_MAX> program{};
std::array<char, 4096> last_words{};
std::size_t last_words_length = 0;
std::atomic<bool> written{false};

template <std::size_t Size>
void keep(std::array<char, Size>& place, std::string_view text) {
  const std::size_t length = std::min(text.size(), Size - 1);
  std::copy_n(text.begin(), length, place.begin());
  place[length] = '\0';
}

// Whose virtual functions can be called: it may be just made or destroyed by another worker.
void write_subject(plain_text& out, const control_block& p) noexcept {
  const behaviour* body = p.body;
  if (body == nullptr || p.is(flag_exiting)) return;
  const void* table = *reinterpret_cast<const void* const*>(body);
  if (table != nullptr && is_loaded(table)) out.add(", ").add_name(body->subject().name());
}

const char* state_of(const control_block& p, bool runs) noexcept {
  if (runs) return "runs";
  if (p.is(flag_exiting)) return "ends";
  if (p.is(flag_suspended)) return "is suspended";
  const wait* w = p.waiting;
  if (p.stopped_on != nullptr && w != nullptr) {
    switch (w->kind) {
      case wait_kind::message:
        return "waits in kin::receive";
      case wait_kind::reply:
        return "waits in kin::call";
      case wait_kind::time:
        return "waits in kin::sleep";
      case wait_kind::blocking:
        return "waits in kin::blocking";
      case wait_kind::turn:
        return "has given way";
    }
  }
  if (p.is(flag_fresh)) return p.is(flag_hibernates) ? "hibernates" : "has not started";
  const std::uint64_t content = state::content(p.word.load(std::memory_order_relaxed));
  return content == state::idle ? "waits for its next message" : "can run";
}

// Of what others change meanwhile: nodes stay nodes, but a chain could become a circle.
std::size_t length_of(const signal* s) noexcept {
  std::size_t count = 0;
  for (; s != nullptr && count < mailbox_max; s = s->next) ++count;
  return count;
}

std::size_t mailbox_of(const control_block& p) noexcept {
  const std::uint64_t word = p.word.load(std::memory_order_acquire);
  return length_of(p.queue_first) +
         (state::holds_signal(word) ? length_of(state::newest(word)) : 0);
}

bool is_running(const machine_core& machine, const control_block& p) noexcept {
  for (unsigned i = 0; i < machine.worker_count(); ++i) {
    if (machine.worker_at(i)->running.load(std::memory_order_relaxed) == &p) return true;
  }
  return false;
}

void write_process(plain_text& out, const machine_core& machine, const control_block& p) noexcept {
  out.add("  ");
  write_name(out, p);
  write_subject(out, p);
  out.add(": ").add(state_of(p, is_running(machine, p)));
  if (const std::size_t length = mailbox_of(p); length != 0)
    out.add("; ").add(std::uint64_t{length}).add(" in its mailbox");
  out.add("\n");
}

void write_processes(plain_text& out, const machine_core& machine) noexcept {
  std::size_t count = 0;
  machine.blocks.for_each_in_fault([&](const control_block& p) {
    if (state::content(p.word.load(std::memory_order_relaxed)) == state::dead) return;
    if (++count <= processes_max) write_process(out, machine, p);
  });
  if (count > processes_max)
    out.add("  and ").add(std::uint64_t{count - processes_max}).add(" more\n");
}

void write_backtrace(plain_text& out) noexcept {
  std::array<const void*, 64> frames{};
  const std::size_t count = backtrace_here(frames);
  for (std::size_t i = 0; i < count; ++i) {
    const auto address = reinterpret_cast<std::uint64_t>(frames[i]);
    out.add("  ");
    dl_find_object found{};
    if (_dl_find_object(const_cast<void*>(frames[i]), &found) == 0) {
      const char* name = found.dlfo_link_map->l_name;
      out.add(name == nullptr || *name == '\0' ? program.data() : name);
      out.add("+").add_hex(address - found.dlfo_link_map->l_addr).add("\n");
    } else {
      out.add_hex(address).add("\n");
    }
  }
  out.add("  (addr2line -Cfie FILE OFFSET tells function and line.)\n");
}

// Who has done it, if the fault is in a process.
void write_culprit(plain_text& out) noexcept {
  const worker* w = here();
  if (w == nullptr) {
    out.add("in a thread that runs no process\n");
  } else if (w->current == nullptr) {
    out.add("in a worker between two processes\n");
  } else {
    out.add("in process ");
    write_name(out, *w->current);
    write_subject(out, *w->current);
    out.add("\n");
  }
}

void write_reason(plain_text& out, const char* reason, const void* address) noexcept {
  out.add(reason);
  if (address != nullptr) out.add(" at address ").add_hex(reinterpret_cast<std::uint64_t>(address));
  out.add(" ");
  write_culprit(out);
}

void write_all(plain_text& out, const char* reason, const void* address) noexcept {
  out.add("=KIN CRASH 1====\n");
  write_reason(out, reason, address);
  out.add("program ").add(program.data()).add(", OS process ");
  out.add(static_cast<std::uint64_t>(getpid())).add(", ");
  out.add(static_cast<std::uint64_t>(::time(nullptr))).add(" s after 1970\n");
  if (last_words_length != 0) {
    out.add("=LAST WORDS====\n").add({last_words.data(), last_words_length});
  }
  out.add("=BACKTRACE==== innermost first\n");
  write_backtrace(out);
  for (const auto& listed : all_machines()) {
    const machine_core* machine = listed.load(std::memory_order_acquire);
    if (machine == nullptr) continue;
    out.add("=EVENTS==== of each worker, oldest first\n");
    write_events(out, *machine);
    out.add("=PROCESSES====\n");
    write_processes(out, *machine);
  }
  out.add("=END==== (c++filt < FILE makes names of _ZTI...)\n");
}

int open_file(std::array<char, PATH_MAX + 64>& name) noexcept {
  std::size_t used = 0;
  const auto add = [&](std::string_view text) {
    for (const char c : text) {
      if (used + 1 < name.size()) name[used++] = c;
    }
  };
  add(folder.data());
  add("/kin_crash.");
  std::array<char, 20> digits{};
  std::size_t at = digits.size();
  for (auto number = static_cast<std::uint64_t>(getpid()); number != 0; number /= 10)
    digits[--at] = static_cast<char>('0' + number % 10);
  add({digits.data() + at, digits.size() - at});
  add(".txt");
  name[used] = '\0';
  return open(name.data(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
}

}  // namespace

void write_name(plain_text& out, const control_block& p) noexcept {
  const pid name = p.name_seen_from_outside();
  out.add("<").add(std::uint64_t{name.machine()}).add(".");
  out.add(std::uint64_t{name.number()}).add(".").add(std::uint64_t{name.serial()}).add(">");
  if (p.extra != nullptr && p.extra->name != nullptr)
    out.add(" registered as ").add(p.extra->name->text);
}

void choose_crash_folder(const std::string& wanted) {
  std::string chosen = wanted;
  const char* environment = std::getenv("KIN_CRASH_DIR");  // NOLINT(concurrency-mt-unsafe)
  if (chosen.empty() && environment != nullptr) chosen = environment;
  std::error_code failed;
  const bool none = wanted.empty() && environment != nullptr && chosen.empty();
  if (!none) {
    const auto here = std::filesystem::current_path(failed);
    keep(folder, (chosen.empty() ? here : here / chosen).lexically_normal().string());
  } else {
    folder[0] = '\0';
  }
  keep(program, std::filesystem::read_symlink("/proc/self/exe", failed).string());
}

void note_last_words(std::string_view text) noexcept {
  last_words_length = std::min(text.size(), last_words.size());
  std::copy_n(text.begin(), last_words_length, last_words.begin());
}

void write_crash_file(const char* reason, const void* address) noexcept {
  if (written.exchange(true)) return;
  plain_text said(STDERR_FILENO);
  said.add("\n=CRASH====\n  ");
  write_reason(said, reason, address);
  said.flush();
  if (folder[0] == '\0') return;
  std::array<char, PATH_MAX + 64> name{};
  const int file = open_file(name);
  if (file < 0) {
    said.add("  No crash file: ").add(name.data()).add(" cannot be written.\n");
    return;
  }
  {
    plain_text out(file);
    write_all(out, reason, address);
  }
  close(file);
  said.add("  More is in ").add(name.data()).add("\n");
}

}  // namespace kin::detail
