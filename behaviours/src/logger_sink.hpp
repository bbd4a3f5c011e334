// SPDX-License-Identifier: Apache-2.0
// Where the text of a log goes: what spdlog does for us, and nothing else sees it.
#pragma once

#include <kin/logger_handler.hpp>

#include <memory>
#include <string>
#include <string_view>

namespace kin::logger::detail {

/// Throws what it fails with.
class log_sink {
 public:
  log_sink() = default;
  log_sink(const log_sink&) = delete;
  log_sink& operator=(const log_sink&) = delete;
  virtual ~log_sink() = default;
  /// With its line end.
  virtual void write(level l, std::string_view text) = 0;
  /// After a few of them.
  virtual void flush() = 0;
};

/// By how many threads it may be called at a time. What is not asked takes one.
enum class called_by : bool { one, many };

std::unique_ptr<log_sink> stderr_sink(called_by who);
std::unique_ptr<log_sink> stdout_sink();
/// Throws kin::error with cannot_open.
std::unique_ptr<log_sink> file_sink(const std::string& path, file_options options);
std::unique_ptr<log_sink> function_sink(std::function<void(level, std::string_view)> write);

}  // namespace kin::logger::detail
