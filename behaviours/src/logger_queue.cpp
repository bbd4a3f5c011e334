// SPDX-License-Identifier: Apache-2.0
#include "logger_queue.hpp"

#include <kin/gen_server.hpp>
#include <kin/process.hpp>
#include <kin/report_taker.hpp>

#include "logger_front.hpp"

#include <ostream>
#include <sstream>
#include <utility>

namespace kin::logger {

std::ostream& operator<<(std::ostream& out, handler_state::mode m) {
  switch (m) {
    case handler_state::mode::async:
      return out << "async";
    case handler_state::mode::sync:
      return out << "sync";
    case handler_state::mode::drop:
      return out << "drop";
    case handler_state::mode::direct:
      return out << "direct";
  }
  return out;
}

namespace detail {
namespace {

struct there_is_more {};
struct write_up_to_here {};
struct end_now {};

}  // namespace

/// The process of a handler.
class log_writer : public gen_server {
 public:
  explicit log_writer(std::shared_ptr<log_queue> queue) : queue_(std::move(queue)) { trap_exits(); }
  log_writer(const log_writer&) = delete;
  log_writer& operator=(const log_writer&) = delete;
  ~log_writer() {
    if (queue_ != nullptr) queue_->process_gone();
  }
  kin::next handle_cast(there_is_more /*news*/) { return write(); }
  static kin::next handle_cast(end_now /*news*/) { return kin::stop(shutdown); }
  replies<bool> handle_call(write_up_to_here /*wish*/) { return {true, write()}; }
  [[nodiscard]] auto handle_info() {
    return clauses{[this](timeout) { return write(); }, [](const exited&) { return kin::next(); }};
  }
  void terminate(const exit_reason& why) const { queue_->process_ends(why); }
  [[nodiscard]] handler_state format_status() const { return queue_->state(); }

 private:
  kin::next write() const {
    const auto again = queue_->write_all();
    return again ? kin::next(timeout{*again}) : kin::next();
  }

  std::shared_ptr<log_queue> queue_;
};

log_queue::log_queue(std::unique_ptr<log_sink> sink, const overload& limits)
    : limits_(limits), sink_(std::move(sink)) {
  if (limits.sync_mode_qlen <= limits.drop_mode_qlen &&
      limits.drop_mode_qlen <= limits.flush_qlen && limits.flush_qlen != 0)
    return;
  throw kin::error(badarg,
                   "kin::logger: sync_mode_qlen <= drop_mode_qlen <= flush_qlen, which is not 0");
}

void log_queue::start(std::string id, front& of) {
  id_ = std::move(id);
  front_ = &of;
  if (!of.is_machines()) return;
  const auto writer = kin::start<log_writer>(shared_from_this());
  const std::lock_guard hold(lock_);
  process_ = writer.pid;
}

// ---- those who log ------------------------------------------------------------------------------

bool log_queue::has_lost() const {
  return counts_.burst != told_.burst || counts_.dropped != told_.dropped ||
         counts_.flushed != told_.flushed;
}
void log_queue::count_lost(std::uint64_t handler_state::*what, std::uint64_t how_many,
                           const formatter& format) {
  if (!has_lost()) lost_format_ = format;
  counts_.*what += how_many;
}

bool log_queue::is_above_burst_limit(const formatter& format, bool& wake) {
  if (!limits_.burst_limit_enable) return false;
  const auto time = clock::now();
  if (window_count_ == 0 || time - window_begin_ >= limits_.burst_limit_window_time) {
    window_begin_ = time;
    window_count_ = 0;
  }
  if (++window_count_ <= limits_.burst_limit_max_count) return false;
  if (counts_.burst == told_.burst) {
    tell_burst_at_ = window_begin_ + limits_.burst_limit_window_time;
    wake = true;  // it tells when that time has come
  }
  count_lost(&handler_state::burst, 1, format);
  return true;
}

log_queue::taken log_queue::put(level l, std::string& text, const formatter& format, bool may_wait,
                                bool& wake) {
  const std::lock_guard hold(lock_);
  if (failed_ || is_above_burst_limit(format, wake)) return taken::no;
  std::size_t length = queue_.size();
  if (length >= limits_.flush_qlen) {
    count_lost(&handler_state::flushed, std::exchange(length, 0), format);
    queue_.clear();
  } else if (length >= limits_.drop_mode_qlen) {
    count_lost(&handler_state::dropped, 1, format);
    return taken::no;
  }
  queue_.push_back({l, std::move(text)});
  if (!process_) return taken::direct;
  wake = !std::exchange(woken_, true) || wake;
  if (length < limits_.sync_mode_qlen || !may_wait) return taken::yes;
  ++counts_.syncs;
  return taken::wait;
}

void log_queue::push(level l, std::string text, const formatter& format) {
  bool wake = false;
  const pid process = [&] {
    const std::lock_guard hold(lock_);
    return process_;
  }();
  const bool is_own = in_process() && self() == process;
  const taken done = put(l, text, format, !is_own && kin::detail::may_wait_now(), wake);
  if (done == taken::direct) return write_direct();
  if (wake && process) cast(server<log_writer>{process}, there_is_more{});
  // Whatever comes of it: what it has waited for is written, or the process is gone, or slow.
  if (done == taken::wait)
    static_cast<void>(
        try_call(server<log_writer>{process}, write_up_to_here{}, limits_.sync_limit));
}

void log_queue::write_direct() {
  const std::lock_guard one(sink_lock_);
  while (const auto e = next()) write(*e);
  tell_lost();
  sink_->flush();
}

void log_queue::stop() {
  const pid process = [&] {
    const std::lock_guard hold(lock_);
    return process_;
  }();
  if (!process) return;
  if (!kin::detail::may_wait_now() && in_process()) {
    cast(server<log_writer>{process}, end_now{});
  } else {
    static_cast<void>(kin::try_stop(process, shutdown));
  }
}

handler_state log_queue::state() {
  const std::lock_guard hold(lock_);
  handler_state shown = counts_;
  shown.queued = queue_.size();
  using enum handler_state::mode;
  shown.now = !process_                                ? direct
              : shown.queued >= limits_.drop_mode_qlen ? drop
              : shown.queued >= limits_.sync_mode_qlen ? sync
                                                       : async;
  return shown;
}

// ---- the process --------------------------------------------------------------------------------

std::optional<log_queue::entry> log_queue::next() {
  const std::lock_guard hold(lock_);
  if (queue_.empty()) {
    woken_ = false;
    return std::nullopt;
  }
  entry oldest = std::move(queue_.front());
  queue_.pop_front();
  return oldest;
}

void log_queue::write(const entry& e) {
  sink_->write(e.level, e.text);
  const std::lock_guard hold(lock_);
  ++counts_.written;
}

std::optional<duration> log_queue::write_all() {
  while (const auto e = next()) write(*e);
  const auto again = tell_lost();
  sink_->flush();
  return again;
}

// In one line, when it is over.
std::optional<duration> log_queue::tell_lost() {
  std::ostringstream text;
  formatter format;
  {
    const std::lock_guard hold(lock_);
    const auto fresh = [&](std::uint64_t handler_state::*of) { return counts_.*of - told_.*of; };
    const std::uint64_t burst = fresh(&handler_state::burst);
    const std::uint64_t dropped = fresh(&handler_state::dropped);
    const std::uint64_t flushed = fresh(&handler_state::flushed);
    if (!has_lost()) return std::nullopt;
    const auto time = clock::now();
    if (burst != 0 && time < tell_burst_at_) return tell_burst_at_ - time;
    text << "Handler " << id_ << " was overloaded: " << dropped << " events dropped, " << flushed
         << " flushed, " << burst << " above the burst limit";
    told_ = counts_;
    format = lost_format_;
  }
  event e{.level = level::notice, .msg = std::move(text).str()};
  front_->complete(e);
  write({e.level, format.format(e)});
  return std::nullopt;
}

void log_queue::process_ends(const exit_reason& why) {
  if (why.is_orderly()) {
    static_cast<void>(write_all());
    return;
  }
  {
    const std::lock_guard hold(lock_);
    failed_ = true;
    queue_.clear();
  }
  front_->remove_failed(id_, why);
}

void log_queue::process_gone() noexcept {
  const std::lock_guard one(sink_lock_);
  try {
    {
      const std::lock_guard hold(lock_);
      process_ = {};
      if (failed_) return;
    }
    while (const auto e = next()) write(*e);
    sink_->flush();
  } catch (...) {
    const std::lock_guard hold(lock_);
    failed_ = true;
  }
}

}  // namespace detail

// ---- the handler --------------------------------------------------------------------------------

void std_handler::log(const event& e, const handler_config& how) {
  queue_->push(e.level, how.formatter.format(e), how.formatter);
}

namespace {

std_handler over(std::unique_ptr<detail::log_sink> sink, const overload& limits) {
  return std_handler(std::make_shared<detail::log_queue>(std::move(sink), limits));
}

}  // namespace

std_handler to_stderr(overload limits) {
  return over(detail::stderr_sink(detail::called_by::one), limits);
}
std_handler to_stdout(overload limits) { return over(detail::stdout_sink(), limits); }
std_handler to_file(const std::string& path, file_options options, overload limits) {
  return over(detail::file_sink(path, options), limits);
}
std_handler to_function(std::function<void(level, std::string_view)> write, overload limits) {
  return over(detail::function_sink(std::move(write)), limits);
}

}  // namespace kin::logger
