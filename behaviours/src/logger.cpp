// SPDX-License-Identifier: Apache-2.0
// The face of the logger: what programs call, over the front of their machine.
#include <kin/logger.hpp>
#include <kin/process.hpp>
#include <kin/values.hpp>

#include "logger_front.hpp"
#include "logger_queue.hpp"

#include <algorithm>
#include <optional>
#include <ostream>

namespace kin::logger {
namespace {

using detail::front;
using detail::handler_row;
using detail::log_config;

constexpr std::string_view metadata_key = "kin.logger.metadata";

result<void> add_filter(std::vector<named_filter>& to, std::string id, filter use) {
  const bool is_there =
      std::any_of(to.begin(), to.end(), [&](const named_filter& f) { return f.id == id; });
  if (is_there) return exit_reason(already_exist{std::move(id)});
  to.push_back({std::move(id), std::move(use)});
  return {};
}

result<void> remove_filter(std::vector<named_filter>& from, std::string_view id) {
  if (std::erase_if(from, [&](const named_filter& f) { return f.id == id; }) != 0) return {};
  return exit_reason(not_found{std::string(id)});
}

// Changes the configuration of a handler.
result<void> change_handler(std::string_view id,
                            const std::function<result<void>(handler_config&)>& how) {
  return front::here().change([&](log_config& c) -> result<void> {
    for (auto& row : c.handlers) {
      if (row->id != id) continue;
      auto changed = std::make_shared<handler_row>(*row);
      if (auto done = how(changed->how); !done) return done;
      row = std::move(changed);
      return {};
    }
    return exit_reason(not_found{std::string(id)});
  });
}

using levels = std::vector<std::pair<std::string, level>>;
// Nothing: it has none of its own any more.
void change_level(levels log_config::*among, std::string_view of, std::optional<level> l) {
  static_cast<void>(front::here().change([&](log_config& c) -> result<void> {
    std::erase_if(c.*among, [&](const auto& one) { return one.first == of; });
    if (l) (c.*among).emplace_back(of, *l);
    return {};
  }));
}

template <class T>
T value_or_throw(result<T> done, const char* what) {
  if (!done) detail::throw_error(done.error(), what);
  if constexpr (!std::is_void_v<T>) return *std::move(done);
}

}  // namespace

std::ostream& operator<<(std::ostream& out, const already_exist& a) {
  return out << "{already_exist, " << a.id << '}';
}
std::ostream& operator<<(std::ostream& out, const not_found& n) {
  return out << "{not_found, " << n.id << '}';
}

namespace detail {

bool may_want(level l, const char* file) { return front::here().may_want(l, file); }

void log(level l, std::variant<std::string, formatted, report> msg, const place& where,
         const metadata* extra) {
  event e{.level = l, .msg = std::move(msg)};
  e.meta.where = where;
  if (extra != nullptr) merge(e.meta, *extra);
  logger::log(std::move(e));
}

void stop(log_queue& queue) { queue.stop(); }

void throw_error(const exit_reason& why, const char* what) {
  throw kin::error(why, std::string("kin::logger::") + what + ": " + kin::to_string(why));
}

}  // namespace detail

void log(event e) {
  if (e.level == level::none || e.level == level::all)
    throw kin::error(badarg, "kin::logger::log: an event has a level from emergency to debug");
  front& f = front::here();
  f.complete(e);
  f.log(std::move(e));
}

bool allow(level l, place where) { return front::here().is_wanted(l, where, {}); }

// ---- metadata -----------------------------------------------------------------------------------

void set_process_metadata(metadata m) { kin::put(metadata_key, std::move(m)); }

void update_process_metadata(const metadata& m) {
  metadata all = get_process_metadata().value_or(metadata());
  merge(all, m);
  set_process_metadata(std::move(all));
}

std::optional<metadata> get_process_metadata() {
  const auto* kept = kin::get<metadata>(metadata_key);
  return kept == nullptr ? std::nullopt : std::optional(*kept);
}

void unset_process_metadata() { kin::erase<metadata>(metadata_key); }

// ---- what passes --------------------------------------------------------------------------------

primary_config get_primary_config() { return front::here().config()->primary; }

void set_primary_config(primary_config config) {
  value_or_throw(front::here().change([&](log_config& c) -> result<void> {
    c.primary = std::move(config);
    return {};
  }),
                 "set_primary_config");
}

void set_primary_level(level l) {
  value_or_throw(front::here().change([&](log_config& c) -> result<void> {
    c.primary.level = l;
    return {};
  }),
                 "set_primary_level");
}

result<void> try_add_primary_filter(std::string id, filter use) {
  return front::here().change(
      [&](log_config& c) { return add_filter(c.primary.filters, std::move(id), std::move(use)); });
}
void add_primary_filter(std::string id, filter use) {
  value_or_throw(try_add_primary_filter(std::move(id), std::move(use)), "add_primary_filter");
}

result<void> try_remove_primary_filter(std::string_view id) {
  return front::here().change([&](log_config& c) { return remove_filter(c.primary.filters, id); });
}
void remove_primary_filter(std::string_view id) {
  value_or_throw(try_remove_primary_filter(id), "remove_primary_filter");
}

void set_module_level(std::string file, level l) { change_level(&log_config::modules, file, l); }
void unset_module_level(std::string_view file) { change_level(&log_config::modules, file, {}); }
void set_domain_level(std::string domain, level l) {
  change_level(&log_config::domains, domain, l);
}
void unset_domain_level(std::string_view domain) { change_level(&log_config::domains, domain, {}); }

// ---- handlers -----------------------------------------------------------------------------------

result<void> detail::add_handler(std::string id, std::shared_ptr<installed> handler,
                                 handler_config how) {
  front& f = front::here();
  if (f.find(id) != nullptr) return exit_reason(already_exist{std::move(id)});
  if (log_queue* queue = handler->queue()) queue->start(id, f);
  auto row = std::make_shared<handler_row>(handler_row{id, handler, std::move(how)});
  auto done = f.change([&](log_config& c) -> result<void> {
    const bool is_there = std::any_of(c.handlers.begin(), c.handlers.end(),
                                      [&](const auto& one) { return one->id == id; });
    if (is_there) return exit_reason(already_exist{id});
    c.handlers.push_back(row);
    return {};
  });
  if (!done) handler->removing();
  return done;
}

result<void> try_remove_handler(std::string_view id) {
  front& f = front::here();
  std::shared_ptr<const handler_row> gone;
  auto done = f.change([&](log_config& c) -> result<void> {
    for (const auto& row : c.handlers) {
      if (row->id == id) gone = row;
    }
    if (gone == nullptr) return exit_reason(not_found{std::string(id)});
    std::erase(c.handlers, gone);
    return {};
  });
  if (gone != nullptr) gone->handler->removing();
  return done;
}
void remove_handler(std::string_view id) {
  value_or_throw(try_remove_handler(id), "remove_handler");
}

std::vector<std::string> get_handler_ids() {
  std::vector<std::string> all;
  for (const auto& row : front::here().config()->handlers) all.push_back(row->id);
  return all;
}

result<handler_config> try_get_handler_config(std::string_view id) {
  const auto row = front::here().find(id);
  if (row == nullptr) return exit_reason(not_found{std::string(id)});
  return row->how;
}
handler_config get_handler_config(std::string_view id) {
  return value_or_throw(try_get_handler_config(id), "get_handler_config");
}

result<void> try_set_handler_config(std::string_view id, handler_config how) {
  return change_handler(id, [&](handler_config& now) -> result<void> {
    now = std::move(how);
    return {};
  });
}
void set_handler_config(std::string_view id, handler_config how) {
  value_or_throw(try_set_handler_config(id, std::move(how)), "set_handler_config");
}

result<void> try_add_handler_filter(std::string_view id, std::string filter_id, filter use) {
  return change_handler(id, [&](handler_config& now) {
    return add_filter(now.filters, std::move(filter_id), std::move(use));
  });
}
void add_handler_filter(std::string_view id, std::string filter_id, filter use) {
  value_or_throw(try_add_handler_filter(id, std::move(filter_id), std::move(use)),
                 "add_handler_filter");
}

result<void> try_remove_handler_filter(std::string_view id, std::string_view filter_id) {
  return change_handler(id,
                        [&](handler_config& now) { return remove_filter(now.filters, filter_id); });
}
void remove_handler_filter(std::string_view id, std::string_view filter_id) {
  value_or_throw(try_remove_handler_filter(id, filter_id), "remove_handler_filter");
}

result<handler_state> try_get_handler_state(std::string_view id) {
  const auto row = front::here().find(id);
  if (row == nullptr) return exit_reason(not_found{std::string(id)});
  detail::log_queue* queue = row->handler->queue();
  if (queue == nullptr) return exit_reason(badarg);
  return queue->state();
}
handler_state get_handler_state(std::string_view id) {
  return value_or_throw(try_get_handler_state(id), "get_handler_state");
}

}  // namespace kin::logger
