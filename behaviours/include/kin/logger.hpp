// SPDX-License-Identifier: Apache-2.0
// The logger of a machine, always there: what a program logs and what kin reports (crashes,
// supervisors, progress) passes its levels and filters, and then its handlers.
//
//   namespace logger = kin::logger;
//   logger::warning("{} has {} eggs left", who, eggs);         // checked when it is compiled
//   logger::error(logger::report{{"disk", "/"}, {"free", 3}});    // fields, not text
//   logger::debug([] { return costly_text(); });                  // only if somebody wants it
//   logger::info.with({.domain = "shop.cart"})("{} is full", cart);
//
// At first everything from notice on goes to the handler "default": the machine's own sink
// (machine_options::reports), and if there is none, spdlog's for standard error, called by whoever
// logs. A machine that was given a sink hands it info, too.
#pragma once

#include <kin/exit_reason.hpp>
#include <kin/export.hpp>
#include <kin/logger_event.hpp>
#include <kin/logger_formatter.hpp>
#include <kin/logger_handler.hpp>
#include <kin/result.hpp>

#include <concepts>
#include <cstddef>
#include <iosfwd>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace KIN_PUBLIC kin {
namespace logger {

namespace detail {

/// Whether an event of that level may be wanted, there.
[[nodiscard]] bool may_want(level l, const char* file);
void log(level l, std::variant<std::string, formatted, report> msg, const place& where,
         const metadata* extra);

// Not constexpr: whoever calls it, while it is compiled, is told its name.
inline void this_is_no_text_with_a_place_for_each_value() {}

/// How many places a text has.
constexpr std::size_t places_in(std::string_view text) {
  std::size_t places = 0;
  for (std::size_t i = 0; i + 1 < text.size(); ++i) {
    if (text[i] == '{' && text[i + 1] == '}') ++places;
    if ((text[i] == '{' || text[i] == '}') &&
        (text[i + 1] == text[i] || (text[i] == '{' && text[i + 1] == '}')))
      ++i;
  }
  return places;
}

/// A text that has a place for each value, and where it is written.
template <class... Values>
struct text_with_a_place_for_each_value {
  template <std::size_t N>
  consteval text_with_a_place_for_each_value(  // NOLINT(google-explicit-constructor): a literal is one
      const char (&literal)[N],                // NOLINT(modernize-avoid-c-arrays): a literal is one
      place here = place::here())
      : text(literal, N - 1), where(here) {
    if (places_in(text) != sizeof...(Values)) this_is_no_text_with_a_place_for_each_value();
  }
  std::string_view text;
  place where;
};

}  // namespace detail

/// What can be called to log.
template <class Self>
class logs {
 public:
  /// A text with a place `{}` for each value, which is printed if somebody may want it.
  template <class... Values>
  void operator()(detail::text_with_a_place_for_each_value<std::type_identity_t<Values>...> text,
                  const Values&... values) const {
    if (!detail::may_want(self().level(), text.where.file)) return;
    formatted made{std::string(text.text), {}};
    (made.args.push_back(shown(values)), ...);
    detail::log(self().level(), std::move(made), text.where, self().extra());
  }
  /// A text that was made before.
  template <std::same_as<std::string> Text>
  void operator()(Text text, place where = place::here()) const {
    if (detail::may_want(self().level(), where.file))
      detail::log(self().level(), std::move(text), where, self().extra());
  }
  /// A report.
  void operator()(report fields) const {
    if (!detail::may_want(self().level(), fields.where.file)) return;
    const place where = fields.where;
    detail::log(self().level(), std::move(fields), where, self().extra());
  }
  /// What a function makes, a std::string or a report; not called if nobody can want it.
  template <std::invocable Make>
  void operator()(const Make& make, place where = place::here()) const {
    using made = std::invoke_result_t<const Make&>;
    static_assert(std::is_convertible_v<made, std::string> || std::is_same_v<made, report>,
                  "kin: what is logged is a text or a kin::logger::report");
    if constexpr (std::is_convertible_v<made, std::string> || std::is_same_v<made, report>) {
      using msg = std::conditional_t<std::is_same_v<made, report>, report, std::string>;
      if (detail::may_want(self().level(), where.file))
        detail::log(self().level(), msg(make()), where, self().extra());
    }
  }

 private:
  [[nodiscard]] const Self& self() const { return static_cast<const Self&>(*this); }
};

/// Logs at a level, with more to be known of it.
class logs_with : public logs<logs_with> {
 public:
  /// At that level.
  logs_with(logger::level l, metadata extra) : level_(l), extra_(std::move(extra)) {}
  /// At which.
  [[nodiscard]] logger::level level() const { return level_; }
  /// What more is known.
  [[nodiscard]] const metadata* extra() const { return &extra_; }

 private:
  logger::level level_;
  metadata extra_;
};

/// Logs at a level: the objects below, and what `at` returns.
///
/// Throws  nothing of the handlers'; what the values' own printing throws.
/// Thread  any. On one that runs no process, and is not inside machine::enter, it is the logger of
///         all such threads.
/// Waits   in a process, while a handler is in sync mode.
/// Cost    some ns if its level is not wanted.
class logs_at : public logs<logs_at> {
 public:
  /// At that level.
  constexpr explicit logs_at(logger::level l) : level_(l) {}
  /// At which.
  [[nodiscard]] logger::level level() const { return level_; }
  /// Nothing more is known.
  [[nodiscard]] static const metadata* extra() { return nullptr; }
  /// The same, with more to be known of it: what is set there counts.
  [[nodiscard]] logs_with with(metadata extra) const { return {level_, std::move(extra)}; }

 private:
  logger::level level_;
};

/// For a level that is known when the program runs: `logger::at(level)("text")`.
[[nodiscard]] constexpr logs_at at(level l) { return logs_at(l); }
/// The system is unusable.
inline constexpr logs_at emergency{level::emergency};
/// Somebody must act at once.
inline constexpr logs_at alert{level::alert};
/// A part is lost.
inline constexpr logs_at critical{level::critical};
/// Something has failed.
inline constexpr logs_at error{level::error};
/// Something may fail.
inline constexpr logs_at warning{level::warning};
/// Normal, and worth a look.
inline constexpr logs_at notice{level::notice};
/// Normal.
inline constexpr logs_at info{level::info};
/// For who looks for a fault.
inline constexpr logs_at debug{level::debug};

/// Logs an event that was made by hand; what its metadata does not know is added.
///
/// Throws  kin::error with badarg if its level is none or all.
void log(event e);
/// Whether an event of that level, logged here, would pass the primary level.   See  logger:allow/2.
[[nodiscard]] bool allow(level l, place where = place::here());

// ---- metadata -----------------------------------------------------------------------------------

/// Of all events that this process logs from now on.   Context  a process.
/// See  logger:set_process_metadata/1.
void set_process_metadata(metadata m);
/// Adds to it.
void update_process_metadata(const metadata& m);
/// What was set; nothing: nothing.
[[nodiscard]] std::optional<metadata> get_process_metadata();
/// Forgets it.
void unset_process_metadata();

// ---- what passes --------------------------------------------------------------------------------

/// A handler, filter or domain of that name is there already.
struct already_exist {
  std::string id = {};  ///< its name
  friend bool operator==(const already_exist&, const already_exist&) = default;
};
std::ostream& operator<<(std::ostream& out, const already_exist& a);
/// None of that name is there.
struct not_found {
  std::string id = {};  ///< the name
  friend bool operator==(const not_found&, const not_found&) = default;
};
std::ostream& operator<<(std::ostream& out, const not_found& n);

/// What every event must pass before the handlers see it.
struct primary_config {
  logger::level level = level::notice;     ///< what is less bad is not logged
  metadata meta = {};                      ///< of all events
  std::vector<named_filter> filters = {};  ///< in their order
  verdict filter_default = verdict::log;   ///< of what all of them ignore
};
/// Of this machine's logger.
[[nodiscard]] primary_config get_primary_config();
/// Takes effect for what is logged after it, by whomever.
void set_primary_config(primary_config config);
/// The level alone.
void set_primary_level(level l);
/// Behind those there are.   Error  already_exist.
result<void> try_add_primary_filter(std::string id, filter use);
/// As try_add_primary_filter, but its error is thrown.
void add_primary_filter(std::string id, filter use);
/// Error  not_found.
result<void> try_remove_primary_filter(std::string_view id);
/// As try_remove_primary_filter, but its error is thrown.
void remove_primary_filter(std::string_view id);

/// Of what that source file logs: `cart.cpp`, or more of its path. Stands in the place of the primary
/// level, whether it lets more pass or less.   See  logger:set_module_level/2.
void set_module_level(std::string file, level l);
/// The primary level counts again.
void unset_module_level(std::string_view file);
/// Of what is logged in that domain, or below it; stands above the source file's. The longest domain
/// counts.
void set_domain_level(std::string domain, level l);
/// The others count again.
void unset_domain_level(std::string_view domain);

// ---- handlers -----------------------------------------------------------------------------------

namespace detail {

/// A handler that is there.
class installed {
 public:
  installed() = default;
  installed(const installed&) = delete;
  installed& operator=(const installed&) = delete;
  virtual ~installed() = default;
  virtual void log(const event& e, const handler_config& how) = 0;
  /// It is one no more.
  virtual void removing() = 0;
  /// Null: it has none.
  [[nodiscard]] virtual log_queue* queue() const { return nullptr; }
};

/// Writes what is left, ends its process.
void stop(log_queue& queue);

template <class H>
class holds_handler final : public installed {
 public:
  explicit holds_handler(H handler) : handler_(std::move(handler)) {}
  void log(const event& e, const handler_config& how) override { handler_.log(e, how); }
  void removing() override {
    if constexpr (std::is_same_v<H, std_handler>) {
      stop(*handler_.queue());
    } else if constexpr (requires(H & h) { h.removing(); }) {
      handler_.removing();
    }
  }
  [[nodiscard]] log_queue* queue() const override {
    if constexpr (std::is_same_v<H, std_handler>) {
      return handler_.queue().get();
    } else {
      return nullptr;
    }
  }

 private:
  H handler_;
};

result<void> add_handler(std::string id, std::shared_ptr<installed> handler, handler_config how);
void throw_error(const exit_reason& why, const char* what);

}  // namespace detail

/// Adds a handler, behind those there are: see logger_handler.hpp.
///
/// Error    already_exist.
/// Context  a process, or a thread; the process of a std_handler is one of the machine's, under no
///          supervisor, and on a thread outside all machines it has none.
template <class H>
result<void> try_add_handler(std::string id, H handler, handler_config how = {}) {
  constexpr bool logs = requires(H & h, const event& e, const handler_config& c) { h.log(e, c); };
  static_assert(logs,
                "kin: a handler has a log(const kin::logger::event&, const "
                "kin::logger::handler_config&)");
  if constexpr (logs) {
    return detail::add_handler(std::move(id),
                               std::make_shared<detail::holds_handler<H>>(std::move(handler)),
                               std::move(how));
  } else {
    return {};
  }
}
/// As try_add_handler, but its error is thrown.
template <class H>
void add_handler(std::string id, H handler, handler_config how = {}) {
  const auto done = try_add_handler(std::move(id), std::move(handler), std::move(how));
  if (!done) detail::throw_error(done.error(), "add_handler");
}
/// Takes a handler out: nothing reaches it any more, and what waits is written.
///
/// Error  not_found.   Waits  for its process to end.
result<void> try_remove_handler(std::string_view id);
/// As try_remove_handler, but its error is thrown.
void remove_handler(std::string_view id);
/// In the order in which events come to them.
[[nodiscard]] std::vector<std::string> get_handler_ids();
/// Error  not_found.
result<handler_config> try_get_handler_config(std::string_view id);
/// As try_get_handler_config, but its error is thrown.
[[nodiscard]] handler_config get_handler_config(std::string_view id);
/// Takes effect for what is logged after it.   Error  not_found.
result<void> try_set_handler_config(std::string_view id, handler_config how);
/// As try_set_handler_config, but its error is thrown.
void set_handler_config(std::string_view id, handler_config how);
/// Behind those there are.   Error  not_found, already_exist.
result<void> try_add_handler_filter(std::string_view id, std::string filter_id, filter use);
/// As try_add_handler_filter, but its error is thrown.
void add_handler_filter(std::string_view id, std::string filter_id, filter use);
/// Error  not_found.
result<void> try_remove_handler_filter(std::string_view id, std::string_view filter_id);
/// As try_remove_handler_filter, but its error is thrown.
void remove_handler_filter(std::string_view id, std::string_view filter_id);
/// Where a std_handler stands, and what it has counted.   Error  not_found; badarg: it is none.
result<handler_state> try_get_handler_state(std::string_view id);
/// As try_get_handler_state, but its error is thrown.
[[nodiscard]] handler_state get_handler_state(std::string_view id);

}  // namespace logger
}  // namespace kin
