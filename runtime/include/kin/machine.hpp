// SPDX-License-Identifier: Apache-2.0
// A machine: workers, processes, names, timers. Programs mostly use kin::run; several machines can
// live in one program.
#pragma once

#include <kin/export.hpp>
#include <kin/process.hpp>
#include <kin/report.hpp>
#include <kin/time.hpp>

#include <cstddef>
#include <cstdint>
#include <iosfwd>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace KIN_PUBLIC kin {

/// How a machine is built; every field may be left out.
struct machine_options {
  unsigned workers = 0;  ///< threads that run processes; 0: one a core this OS process may use
  std::size_t stack_bytes =
      0;  ///< of a process that waits in the middle of a function; 0: 64 KiB, of which 16 guard
  unsigned blocking_threads =
      64;  ///< at most, for kin::blocking; made when needed, gone after 10 s of rest
  duration stop_limit = std::chrono::seconds(10);  ///< stop() gives processes this long to end
  report_sink reports = {};                        ///< print_report if empty
  std::size_t max_processes =
      0;                     ///< alive at once; one more is a system_limit. 0: what memory holds
  bool counts_mail = false;  ///< for machine::mail: each message costs some ns more
};

/// What has become of the messages, calls and casts that were let into the mailboxes of a machine.
/// Replies, ends that are heard and what a process makes for itself are not among them.
struct mail_counts {
  std::uint64_t sent = 0;       ///< let in, or on the way to be
  std::uint64_t received = 0;   ///< taken by a receive, or handled
  std::uint64_t refused = 0;    ///< there was nobody any more, or the alias was off
  std::uint64_t dropped = 0;    ///< the oldest of a mailbox that was full
  std::uint64_t unread = 0;     ///< still in the mailbox when its process ended
  std::uint64_t under_way = 0;  ///< simulated: had not arrived when all had ended
  /// Each became one of those, once: so it is when all processes have ended.
  [[nodiscard]] bool add_up() const {
    return sent == received + refused + dropped + unread + under_way;
  }
  friend bool operator==(const mail_counts&, const mail_counts&) = default;
};
/// All of them, in words.
std::ostream& operator<<(std::ostream& out, const mail_counts& m);

/// Who was still there when a machine's stop ran out of time.
struct straggler {
  kin::pid pid = {};       ///< still alive when the time was up
  std::string name = {};   ///< registered, or what it ran
  std::string doing = {};  ///< in words: runs without a wait, waits for kin::blocking, ...
};

namespace detail {
class machine_core;
}

/// Runs processes. `start` to `stop`; destroying a machine stops it. All members may be called from
/// any thread at any time before that, and what is said to its processes has a meaning always:
///
///                              before start()      while it stops         after stop(), for ever
///   spawn, run, start<Server>  it waits            kin::error, noproc; `try_start` a result
///   send, cast, exit           it waits            as while it runs       nothing, dropped
///   call, is_alive, info       waits, within its   as while it runs; ends noproc, false, nothing
///                              limit, for start()  with the process
///   whereis, register_name     as while it runs    as while it runs       nobody, badarg
///   send_after                 counts from now     as while it runs       never fires
///   start()                    starts              nothing                nothing
///   stop()                     nothing has run     waits for the other    nothing
///
/// A pid outlives its machine, and then means nobody.
class machine {
 public:
  /// Makes the workers, but no thread yet.
  explicit machine(machine_options options = {});
  machine(const machine&) = delete;
  machine& operator=(const machine&) = delete;
  ~machine();

  /// Starts the worker threads. A second call, or one after stop(), does nothing.
  void start();
  /// Starts a process; before start() it waits for that.
  ///
  /// Throws  kin::error with noproc once the machine stops; `body` is destroyed then.
  template <class F>
  pid spawn(F body) {
    return spawn_behaviour(detail::body_of(std::move(body)));
  }
  /// As spawn, for those who write behaviours.
  pid spawn_behaviour(std::unique_ptr<behaviour> body);

  /// Starts if need be, runs `body` as a process, waits for its end, gives the reason.
  ///
  /// Throws  kin::error with badarg in a process, with noproc once the machine stops.
  template <class F>
  exit_reason run(F body) {
    return run_behaviour(detail::body_of(std::move(body)));
  }
  /// As run, for those who write behaviours.
  exit_reason run_behaviour(std::unique_ptr<behaviour> body);

  /// Ends every process, those started by others last: exit signal `shutdown` to those without a
  /// living parent first, so that supervisors stop their children in order; after half the limit
  /// `kill` to all. Then the workers. Returns who did not end within the limit; a later stop() goes
  /// on with them. If the machine is destroyed before they have ended, their threads are left behind
  /// and its memory stays. What was spawned on a machine that never started is destroyed without
  /// having run.
  ///
  /// Throws  kin::error with badarg in a process: it would wait for itself.
  std::vector<straggler> stop();

  /// Threads that run processes, extra ones for stuck workers included; before start() and after
  /// stop(), those there would be and were.
  [[nodiscard]] unsigned workers() const;
  /// Processes that were started and whose end is not told yet.   Cost  one pass over the workers.
  [[nodiscard]] std::size_t process_count() const;
  /// What has become of its mail so far, if its options say that it counts; else all is zero. Exact
  /// when no process is left and nobody sends.   Cost  one pass over the workers.
  [[nodiscard]] mail_counts mail() const;
  [[nodiscard]] detail::machine_core& core() const { return *core_; }

  /// While it lives, names, spawn, start, timers and references on this thread mean this machine.
  /// Of no effect in a process, which has its own. Must end before the machine is destroyed, and on
  /// the thread where it began.
  class enter {
   public:
    /// What was entered before is entered again at the end.
    explicit enter(machine& m);
    enter(const enter&) = delete;
    enter& operator=(const enter&) = delete;
    ~enter();

   private:
    detail::machine_core* before_;
  };

 private:
  std::unique_ptr<detail::machine_core> core_;
};

}  // namespace kin
