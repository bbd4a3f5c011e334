// SPDX-License-Identifier: Apache-2.0
// The queue between those who log and the process that writes, and what protects the two from each
// other. Who logs decides alone, by the length of the queue at that moment:
//
//   below sync_mode_qlen      puts it in, and goes on
//   below drop_mode_qlen      puts it in, and waits until it is written: so who logs faster than it
//                             can be written is slowed down. Who cannot wait (a process that ends, a
//                             thread of kin's own) goes on
//   from drop_mode_qlen on    counts it, no more
//   from flush_qlen on        throws away what is there: reached if dropping is switched off, by
//                             drop_mode_qlen == flush_qlen: then the newest are what is kept
//
// OTP's handler says what the next ones shall do, from what it finds when it has written one: there a
// single process that never waits can fill the queue without end while one write is slow.
#pragma once

#include <kin/exit_reason.hpp>
#include <kin/logger_handler.hpp>
#include <kin/pid.hpp>
#include <kin/time.hpp>

#include "logger_sink.hpp"

#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

namespace kin::logger::detail {

class front;

/// Thread  any, but where it is said.
class log_queue : public std::enable_shared_from_this<log_queue> {
 public:
  /// Throws kin::error with badarg if the limits are not in their order.
  log_queue(std::unique_ptr<log_sink> sink, const overload& limits);

  /// Starts its process, if this is a machine. Once, before all others.
  void start(std::string id, front& of);
  /// A text of that format. May wait. Throws what the sink does where there is no process.
  void push(level l, std::string text, const formatter& format);
  /// The handler is removed: writes what is left, ends the process. May wait.
  void stop();
  [[nodiscard]] handler_state state();

  // The process's own.
  /// Until the queue is empty; throws what the sink does. Gives how long the window goes on in which
  /// something was lost, if it does.
  std::optional<duration> write_all();
  /// It ends. From now on who logs writes; or nobody, if it has failed.
  void process_ends(const exit_reason& why);
  /// It is gone, however it ended.
  void process_gone() noexcept;

 private:
  struct entry {
    logger::level level;
    std::string text;
  };
  enum class taken : std::uint8_t { no, yes, wait, direct };

  taken put(level l, std::string& text, const formatter& format, bool may_wait, bool& wake);
  void count_lost(std::uint64_t handler_state::*what, std::uint64_t how_many,
                  const formatter& format);
  [[nodiscard]] bool has_lost() const;
  bool is_above_burst_limit(const formatter& format, bool& wake);
  std::optional<entry> next();
  void write(const entry& e);
  std::optional<duration> tell_lost();
  void write_direct();

  overload limits_;
  std::string id_;
  front* front_ = nullptr;

  std::mutex lock_;  // of all below; nobody waits while it is held
  std::deque<entry> queue_;
  pid process_;         // none: who logs writes
  bool woken_ = false;  // the process has been told and has not come yet
  bool failed_ = false;
  handler_state counts_;
  handler_state told_;  // what of it has been told
  clock::time_point window_begin_{};
  std::uint64_t window_count_ = 0;
  clock::time_point tell_burst_at_{};
  formatter lost_format_;  // of the first that was lost since that was told: so it is told

  std::mutex sink_lock_;  // where there is no process; that of a process needs none
  std::unique_ptr<log_sink> sink_;
};

}  // namespace kin::logger::detail
