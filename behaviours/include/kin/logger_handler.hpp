// SPDX-License-Identifier: Apache-2.0
// Who does something with what is logged, and what it gets. A handler is a plain class:
//
//   void log(const logger::event&, const logger::handler_config&)    for each event that passes
//   void removing()                                                  once, when it is taken out
//
// Both may run in any process that logs, or on a thread, several at a time, and must not wait: what
// takes long is what to_stderr, to_file and to_function are for, each a process with a queue that
// does not grow without end.
#pragma once

#include <kin/export.hpp>
#include <kin/logger_event.hpp>
#include <kin/logger_formatter.hpp>
#include <kin/time.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <iosfwd>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace KIN_PUBLIC kin {
namespace logger {

// ---- filters ------------------------------------------------------------------------------------

/// What a filter says of an event.
enum class verdict : std::uint8_t {
  stop,    ///< it goes no further
  ignore,  ///< the next filter shall say
  log      ///< it may pass, as the filter has left it, if no later filter stops it
};
/// Looks at an event, and may change it. Called by whoever logs; must not wait. One that throws is
/// removed, and that is told.
using filter = std::function<verdict(event&)>;
/// A filter, and what it is called.
struct named_filter {
  std::string id = {};  ///< one of its kind in a handler
  filter use = {};      ///< what it does
};

/// How two domains, or levels, are compared.
enum class compare : std::uint8_t {
  equal,      ///< the same
  not_equal,  ///< another
  super,      ///< of domains: that of the event is it, or begins with it
  sub,        ///< of domains: it is that of the event, or begins with it
  undefined,  ///< of domains: the event has none
  at_least,   ///< of levels: as bad, or worse
  at_most     ///< of levels: as bad, or less so
};
/// Says `then` of events of such a domain; ignores others.   See  logger_filters:domain/2.
[[nodiscard]] filter domain_filter(verdict then, compare how, std::string domain = {});
/// Says `then` of events of such a level; ignores others.   See  logger_filters:level/2.
[[nodiscard]] filter level_filter(verdict then, compare how, level of);
/// Says `then` of progress reports; ignores others.   See  logger_filters:progress/2.
[[nodiscard]] filter progress_filter(verdict then);

// ---- handlers -----------------------------------------------------------------------------------

/// What a handler gets, and how it shows it.
struct handler_config {
  logger::level level = level::all;        ///< what is less bad does not reach it
  std::vector<named_filter> filters = {};  ///< in their order
  verdict filter_default = verdict::log;   ///< of what all of them ignore: log, or stop
  logger::formatter formatter = {};        ///< for handlers that make text
};

/// From where on a handler's process is protected from those who log. All are lengths of its queue;
/// sync_mode_qlen <= drop_mode_qlen <= flush_qlen.
struct overload {
  std::size_t sync_mode_qlen = 10;  ///< from here on who logs waits, if it can, until it is written
  std::size_t drop_mode_qlen = 200;  ///< from here on events are dropped; as flush_qlen: never
  std::size_t flush_qlen = 1000;     ///< from here on all that waits is thrown away
  bool burst_limit_enable = true;    ///< whether the next two count
  std::size_t burst_limit_max_count = 500;                     ///< no more than that ...
  duration burst_limit_window_time = std::chrono::seconds(1);  ///< ... in so long
  duration sync_limit = std::chrono::seconds(5);               ///< nobody waits for longer
};

/// Of a file that is never shortened, or of some that take turns.
struct file_options {
  std::size_t max_bytes = 0;  ///< then a fresh file is begun, and this is `name.1`; 0: never
  std::size_t max_files = 5;  ///< besides the newest
};

/// Where a handler stands.
struct handler_state {
  /// What it does with the next event.
  enum class mode : std::uint8_t {
    async,  ///< takes it
    sync,   ///< takes it, and who logs waits
    drop,   ///< counts it
    direct  ///< there is no process: who logs writes
  };
  handler_state::mode now = mode::direct;  ///< what it does with the next event
  std::size_t queued = 0;                  ///< events that wait
  std::uint64_t written = 0;               ///< events
  std::uint64_t syncs = 0;                 ///< how often somebody has waited
  std::uint64_t dropped = 0;               ///< events that found the queue full
  std::uint64_t flushed = 0;               ///< events that were thrown away in it
  std::uint64_t burst = 0;                 ///< events above the burst limit
};
std::ostream& operator<<(std::ostream& out, handler_state::mode m);

namespace detail {
class log_queue;
class front;
}  // namespace detail

/// A handler that is a process: who logs makes the text, the process writes it. When it is told to
/// shut down, as the machine stops, it writes what waits, and who logs after that writes itself; so
/// nothing is lost. What is lost to an overload is counted, and told in one line afterwards.
///
/// One whose writing fails is removed, and that is told to the others.
class std_handler {
 public:
  /// For those that make one: to_stderr, to_file, ...
  explicit std_handler(std::shared_ptr<detail::log_queue> queue) : queue_(std::move(queue)) {}
  /// As any handler.
  void log(const event& e, const handler_config& how);
  /// For the logger.
  [[nodiscard]] const std::shared_ptr<detail::log_queue>& queue() const { return queue_; }

 private:
  std::shared_ptr<detail::log_queue> queue_;
};

/// Writes to standard error.   Throws  kin::error with badarg if `limits` are not in their order.
[[nodiscard]] std_handler to_stderr(overload limits = {});
/// Writes to standard output.
[[nodiscard]] std_handler to_stdout(overload limits = {});
/// Appends to a file, or begins it and the folders that it is in.
///
/// Throws  kin::error with cannot_open if it cannot.
[[nodiscard]] std_handler to_file(const std::string& path, file_options options = {},
                                  overload limits = {});
/// Calls a function with each text, one at a time: in the handler's process, where it may wait; when
/// that has ended, or where there is none, in whoever logs, where it must not, and not log either.
[[nodiscard]] std_handler to_function(std::function<void(level, std::string_view)> write,
                                      overload limits = {});

/// A file cannot be written.
struct cannot_open {
  std::string path = {};  ///< of the file
  std::string why = {};   ///< as the system says it
  friend bool operator==(const cannot_open&, const cannot_open&) = default;
};
std::ostream& operator<<(std::ostream& out, const cannot_open& c);

}  // namespace logger
}  // namespace kin
