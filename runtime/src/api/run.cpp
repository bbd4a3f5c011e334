// SPDX-License-Identifier: Apache-2.0
#include <kin/run.hpp>

#include "scheduler/crash_file.hpp"
#include "scheduler/fatal.hpp"
#include "scheduler/fault.hpp"
#include "scheduler/machine_core.hpp"

#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <sstream>
#include <sys/eventfd.h>
#include <thread>
#include <unistd.h>

namespace kin::detail {
namespace {

// SIGINT and SIGTERM become an exit signal to the root; a second one ends the OS process at once.
// The handler only writes to an eventfd, a thread of ours reads it.
class signal_watch {
 public:
  explicit signal_watch(pid root) : root_(root), event_(eventfd(0, EFD_CLOEXEC)) {
    the_event.store(event_, std::memory_order_release);
    struct sigaction action {};
    action.sa_handler = &on_signal;
    action.sa_flags = SA_RESTART;
    sigemptyset(&action.sa_mask);
    for (std::size_t i = 0; i < watched.size(); ++i) {
      sigaction(watched[i], nullptr, &before_[i]);
      // Whoever started the program does not want it to hear of that one, as a shell does for what
      // it puts in the background.
      if (before_[i].sa_handler != SIG_IGN) sigaction(watched[i], &action, nullptr);
    }
    thread_ = std::thread([this] { watch(); });
  }
  signal_watch(const signal_watch&) = delete;
  signal_watch& operator=(const signal_watch&) = delete;
  ~signal_watch() {
    for (std::size_t i = 0; i < watched.size(); ++i) sigaction(watched[i], &before_[i], nullptr);
    the_event.store(-1, std::memory_order_release);
    write_to(event_, end_mark);
    thread_.join();
    close(event_);
  }
  [[nodiscard]] int first_signal() const { return first_.load(std::memory_order_acquire); }

 private:
  static constexpr std::array<int, 2> watched{SIGINT, SIGTERM};
  // An eventfd adds up what is written: each signal in 16 bits of its own.
  static constexpr std::uint64_t end_mark = std::uint64_t{1} << 48U;
  static constexpr std::uint64_t interrupt_mark = 1;
  static constexpr std::uint64_t terminate_mark = std::uint64_t{1} << 16U;

  static void write_to(int event, std::uint64_t mark) {
    static_cast<void>(!::write(event, &mark, sizeof(mark)));
  }
  static void on_signal(int number) {
    const int kept = errno;
    const int event = the_event.load(std::memory_order_acquire);
    if (event >= 0) write_to(event, number == SIGINT ? interrupt_mark : terminate_mark);
    errno = kept;
  }
  void watch() {
    for (;;) {
      std::uint64_t marks = 0;
      if (read(event_, &marks, sizeof(marks)) < 0 && errno == EINTR) continue;
      if (marks >= end_mark) return;
      const int number = (marks & 0xffffU) != 0 ? SIGINT : SIGTERM;
      const auto count = (marks & 0xffffU) + (marks >> 16U);
      if (first_.load(std::memory_order_relaxed) != 0 || count > 1) std::_Exit(128 + number);
      first_.store(number, std::memory_order_release);
      exit(root_, shutdown);
    }
  }

  static std::atomic<int> the_event;
  pid root_;
  int event_;
  std::atomic<int> first_{0};
  std::array<struct sigaction, 2> before_{};
  std::thread thread_;
};
std::atomic<int> signal_watch::the_event{-1};

void name_stragglers(const std::vector<straggler>& left) {
  std::ostringstream text;
  text << "kin: " << left.size() << (left.size() == 1 ? " process" : " processes")
       << " did not stop in time:\n";
  for (const straggler& s : left) {
    text << "  " << s.pid << (s.name.empty() ? "" : " " + s.name) << ": " << s.doing << '\n';
  }
  std::cerr << std::move(text).str();
}

}  // namespace

int run_root(std::unique_ptr<behaviour> root, const run_options& options) {
  if (in_process())
    throw error(badarg, "kin::run was called in a process; kin::spawn starts another one");
  machine m(options.machine);
  if (options.handle_signals) {
    choose_crash_folder(options.crash_dir);
    install_fault_report();
    install_fatal_report();
  }
  machine_core& core = m.core();
  const pid first = core.spawn_from_outside(std::move(root), true);
  exit_reason why;
  int interrupted_by = 0;
  {
    std::optional<signal_watch> watch;
    if (options.handle_signals) watch.emplace(first);
    m.start();  // now that a signal finds its handler
    core.wait_for_root(first, why);
    const auto left = m.stop();
    if (watch) interrupted_by = watch->first_signal();
    if (!left.empty()) {
      name_stragglers(left);
      std::cout.flush();
      std::fflush(nullptr);
      std::_Exit(interrupted_by != 0 ? 128 + interrupted_by : EXIT_FAILURE);
    }
  }
  if (interrupted_by != 0) return 128 + interrupted_by;
  return why.is_orderly() ? EXIT_SUCCESS : EXIT_FAILURE;
}

}  // namespace kin::detail
