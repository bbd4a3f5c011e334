// SPDX-License-Identifier: Apache-2.0
#include "logger_front.hpp"

#include <kin/behaviour.hpp>
#include <kin/process.hpp>
#include <kin/values.hpp>

#include "logger_filter.hpp"
#include "logger_sink.hpp"

#include <algorithm>
#include <optional>

namespace kin::logger::detail {
namespace {

constexpr std::string_view metadata_key = "kin.logger.metadata";

level level_of(severity s) {
  switch (s) {
    case severity::info:
      return level::info;
    case severity::notice:
      return level::notice;
    case severity::warning:
      return level::warning;
    case severity::error:
      break;
  }
  return level::error;
}
severity severity_of(level l) {
  if (l <= level::error) return severity::error;
  if (l == level::warning) return severity::warning;
  return l == level::notice ? severity::notice : severity::info;
}

// The title of print_report is never an event's level where kin itself has something to say.
std::string title_of(const event& e) {
  if (!e.meta.title.empty()) return e.meta.title;
  std::string title = kin::to_string(e.level);
  std::transform(title.begin(), title.end(), title.begin(),
                 [](char c) { return static_cast<char>(c - 'a' + 'A'); });
  return title + " REPORT";
}

/// The handler that is there at first: the machine's own sink, or spdlog's for standard error.
class outlet_handler final : public installed {
 public:
  explicit outlet_handler(kin::detail::report_outlet outlet)
      : outlet_(outlet), stderr_(outlet.prints() ? stderr_sink(called_by::many) : nullptr) {}
  void log(const event& e, const handler_config& how) override {
    if (stderr_ != nullptr) return stderr_->write(e.level, how.formatter.format(e));
    const std::string title = title_of(e);
    kin::report r{.severity = severity_of(e.level), .title = title, .text = message_of(e, {})};
    r.domain = e.meta.domain;
    if (const auto* said = std::get_if<report>(&e.msg)) {
      r.fields = said->fields;
      r.label = said->label;
    }
    outlet_.tell(r);
  }
  void removing() override {}

 private:
  kin::detail::report_outlet outlet_;
  std::unique_ptr<log_sink> stderr_;
};

bool is_of_file(std::string_view path, std::string_view file) {
  return path.ends_with(file) &&
         (path.size() == file.size() || path[path.size() - file.size() - 1] == '/');
}

// A report of kin's as a program sees it.
event event_of(const kin::report& r) {
  event e{.level = level_of(r.severity), .msg = r.text};
  e.meta.title = r.title;
  e.meta.domain = r.domain;
  if (r.fields.empty()) return e;
  report said;
  said.fields = r.fields;
  said.label = r.label;
  if (r.lay_out != nullptr) {
    said.text = [lay_out = r.lay_out](const report& now, const report_layout& layout) {
      kin::report shown{.label = now.label, .fields = now.fields};
      return lay_out(shown, layout);
    };
  }
  e.msg = std::move(said);
  return e;
}

std::unique_ptr<kin::detail::report_taker> make_front(kin::detail::report_outlet outlet) {
  return std::make_unique<front>(outlet, outlet.is_machines());
}

}  // namespace

front::front(kin::detail::report_outlet outlet, bool machines)
    : outlet_(outlet), machines_(machines) {
  auto first = std::make_shared<log_config>();
  // Who gave a sink gets what that gets without a logger: info too.
  if (!outlet.prints()) first->primary.level = level::info;
  first->handlers.push_back(std::make_shared<handler_row>(
      handler_row{"default",
                  std::make_shared<outlet_handler>(outlet),
                  {.formatter = formatter({.single_line = false, .legacy_header = true})}}));
  most_.store(first->primary.level, std::memory_order_relaxed);
  config_ = std::move(first);
}

front& front::here() { return static_cast<front&>(kin::detail::taker_of_reports(&make_front)); }

// ---- configuration ------------------------------------------------------------------------------

std::shared_ptr<const log_config> front::config() const {
  const std::lock_guard hold(lock_);
  return config_;
}

result<void> front::change(const std::function<result<void>(log_config&)>& how) {
  std::shared_ptr<const log_config> old;  // destroyed outside the lock: I2
  const std::lock_guard hold(lock_);
  auto fresh = std::make_shared<log_config>(*config_);
  if (auto done = how(*fresh); !done) return done;
  level most = fresh->primary.level;
  for (const auto* levels : {&fresh->modules, &fresh->domains}) {
    for (const auto& [of, l] : *levels) most = std::max(most, l);
  }
  same_everywhere_.store(fresh->modules.empty() && fresh->domains.empty(),
                         std::memory_order_relaxed);
  most_.store(most, std::memory_order_relaxed);
  old = std::exchange(config_, std::move(fresh));
  return {};
}

std::shared_ptr<const handler_row> front::find(std::string_view id) const {
  const auto now = config();
  const auto found = std::find_if(now->handlers.begin(), now->handlers.end(),
                                  [&](const auto& row) { return row->id == id; });
  return found == now->handlers.end() ? nullptr : *found;
}

// ---- the way of an event ------------------------------------------------------------------------

bool front::is_wanted(level l, const place& where, std::string_view domain) const {
  const auto now = config();
  level limit = now->primary.level;
  for (const auto& [file, of] : now->modules) {
    if (is_of_file(where.file, file)) limit = of;
  }
  std::size_t longest = 0;
  for (const auto& [name, of] : now->domains) {
    if (name.size() < longest || !is_within(domain, name)) continue;
    longest = name.size();
    limit = of;
  }
  return l <= limit;
}

bool front::may_want(level l, const char* file) const {
  if (l > most_.load(std::memory_order_relaxed)) return false;
  if (same_everywhere_.load(std::memory_order_relaxed)) return true;
  const auto now = config();
  return !now->domains.empty() || is_wanted(l, {.file = file}, {});
}

void front::complete(event& e) const {
  metadata known;
  known.time = kin::detail::time_of_day();
  if (in_process()) {
    known.pid = self();
    known.gl = group_leader();
    known.registered_name = kin::detail::own_registered_name();
    if (const auto* mine = kin::get<metadata>(metadata_key)) {
      merge(known, config()->primary.meta);
      merge(known, *mine);
      merge(known, e.meta);
      e.meta = std::move(known);
      return;
    }
  }
  merge(known, config()->primary.meta);
  merge(known, e.meta);
  e.meta = std::move(known);
}

void front::take(const kin::report& r) noexcept {
  const level l = level_of(r.severity);
  if (!may_want(l, "")) return;
  try {
    event e = event_of(r);
    complete(e);
    log(std::move(e));
  } catch (...) {
    // No memory: a report that cannot be made must not take the program down. Or an exit signal came
    // while a handler was waited for: it takes effect at the next wait.
  }
}

void front::log(event e) {
  if (!is_wanted(e.level, e.meta.where, e.meta.domain)) return;
  const auto now = config();
  const auto failed = [&](const named_filter& one, const exit_reason& why) {
    remove_filter({}, one.id);
    tell_failed("Filter", one.id, why);
  };
  if (!passes(now->primary.filters, now->primary.filter_default, e, failed)) return;
  for (const auto& row : now->handlers) {
    if (e.level <= row->how.level) hand_to(*row, e);
  }
}

void front::hand_to(const handler_row& row, event e) {
  const auto failed = [&](const named_filter& one, const exit_reason& why) {
    remove_filter(row.id, one.id);
    tell_failed("Filter", one.id, why);
  };
  if (!passes(row.how.filters, row.how.filter_default, e, failed)) return;
  if (const auto why = failure_of([&] { row.handler->log(e, row.how); }))
    remove_failed(row.id, *why);
}

// ---- what fails ---------------------------------------------------------------------------------

void front::remove_failed(std::string_view id, const exit_reason& why) {
  bool was_there = false;
  static_cast<void>(change([&](log_config& c) -> result<void> {
    was_there = std::erase_if(c.handlers, [&](const auto& row) { return row->id == id; }) != 0;
    return {};
  }));
  if (was_there) tell_failed("Handler", id, why);  // else another has told it
}

void front::remove_filter(const std::string& handler, const std::string& filter) {
  const auto is_it = [&](const named_filter& f) { return f.id == filter; };
  static_cast<void>(change([&](log_config& c) -> result<void> {
    if (handler.empty()) std::erase_if(c.primary.filters, is_it);
    for (auto& row : c.handlers) {
      if (row->id != handler) continue;
      auto changed = std::make_shared<handler_row>(*row);
      std::erase_if(changed->how.filters, is_it);
      row = std::move(changed);
    }
    return {};
  }));
}

void front::tell_failed(const char* what, std::string_view id, const exit_reason& why) {
  event e{.level = level::error,
          .msg = std::string(what) + ' ' + std::string(id) +
                 " has failed and was removed: " + kin::to_string(why)};
  complete(e);
  if (!config()->handlers.empty()) return log(std::move(e));
  const std::string title = title_of(e);
  outlet_.tell({.severity = severity::error, .title = title, .text = message_of(e, {})});
}

}  // namespace kin::logger::detail
