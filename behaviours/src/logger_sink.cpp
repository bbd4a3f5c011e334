// SPDX-License-Identifier: Apache-2.0
#include "logger_sink.hpp"

#include <kin/exit_reason.hpp>

#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/sinks/rotating_file_sink.h>
#include <spdlog/sinks/stdout_sinks.h>

#include <chrono>
#include <ostream>
#include <utility>

namespace kin::logger {

std::ostream& operator<<(std::ostream& out, const cannot_open& c) {
  return out << "{cannot_open, " << c.path << ", " << c.why << '}';
}

namespace detail {
namespace {

spdlog::level::level_enum as_theirs(level l) {
  if (l <= level::critical) return spdlog::level::critical;
  if (l == level::error) return spdlog::level::err;
  if (l == level::warning) return spdlog::level::warn;
  return l == level::debug ? spdlog::level::debug : spdlog::level::info;
}

// The text is ours to the last byte: theirs is only the writing.
class their_sink final : public log_sink {
 public:
  explicit their_sink(std::unique_ptr<spdlog::sinks::sink> sink) : sink_(std::move(sink)) {
    sink_->set_formatter(std::make_unique<spdlog::pattern_formatter>(
        "%v", spdlog::pattern_time_type::utc, std::string()));
  }
  void write(level l, std::string_view text) override {
    const spdlog::log_clock::time_point no_time{};  // given, so that they ask no clock
    sink_->log(spdlog::details::log_msg(no_time, spdlog::source_loc{}, spdlog::string_view_t(),
                                        as_theirs(l),
                                        spdlog::string_view_t(text.data(), text.size())));
  }
  void flush() override { sink_->flush(); }

 private:
  std::unique_ptr<spdlog::sinks::sink> sink_;
};

class calling_sink final : public log_sink {
 public:
  explicit calling_sink(std::function<void(level, std::string_view)> write)
      : write_(std::move(write)) {}
  void write(level l, std::string_view text) override { write_(l, text); }
  void flush() override {}

 private:
  std::function<void(level, std::string_view)> write_;
};

}  // namespace

std::unique_ptr<log_sink> stderr_sink(called_by who) {
  if (who == called_by::many)
    return std::make_unique<their_sink>(std::make_unique<spdlog::sinks::stderr_sink_mt>());
  return std::make_unique<their_sink>(std::make_unique<spdlog::sinks::stderr_sink_st>());
}

std::unique_ptr<log_sink> stdout_sink() {
  return std::make_unique<their_sink>(std::make_unique<spdlog::sinks::stdout_sink_st>());
}

std::unique_ptr<log_sink> file_sink(const std::string& path, file_options options) {
  try {
    if (options.max_bytes == 0)
      return std::make_unique<their_sink>(
          std::make_unique<spdlog::sinks::basic_file_sink_st>(path));
    return std::make_unique<their_sink>(std::make_unique<spdlog::sinks::rotating_file_sink_st>(
        path, options.max_bytes, options.max_files));
  } catch (const spdlog::spdlog_ex& e) {
    throw kin::error(exit_reason(cannot_open{path, e.what()}), e.what());
  }
}

std::unique_ptr<log_sink> function_sink(std::function<void(level, std::string_view)> write) {
  return std::make_unique<calling_sink>(std::move(write));
}

}  // namespace detail
}  // namespace kin::logger
