// SPDX-License-Identifier: Apache-2.0
// A server is a plain class. Requests are types; the overload of handle_call that takes one decides
// what call returns:
//
//   R                 handle_call(request)                  the answer
//   R                 handle_call(request, kin::pid)        ... when it matters who asks
//   kin::replies<R>   handle_call(request)                  ... with what comes next, see replies
//   kin::replies<R>   handle_call(request, kin::from<R>)    ... later, through the `from`
//   void | kin::next  handle_cast(message)
//   kin::clauses      handle_info()     what comes from a bare pid, and kin::timeout: as receive's
//   void | kin::next  init()            in the new process; may return ignore(), stop(reason)
//   void              terminate(const kin::exit_reason&)
//   static constexpr bool drops_expired = true    no request whose caller has given up by now
//   auto              format_status() const                 what reports and sys print as the state
//   void              format_status(kin::crash_report&) const, (kin::sys::status&) const
//                                     the same for all that they show: to leave secrets out
//
// Only the constructor is needed. `init` runs after it. `terminate` runs before an end that is no
// kill, and no exit signal either unless the server traps them.
#pragma once

#include <kin/behaviour.hpp>
#include <kin/export.hpp>
#include <kin/gen.hpp>
#include <kin/link.hpp>
#include <kin/process.hpp>
#include <kin/receive.hpp>
#include <kin/server_name.hpp>

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <type_traits>
#include <typeinfo>
#include <utility>

namespace KIN_PUBLIC kin {

/// The tag of a server class; no virtuals, nothing to override.
struct gen_server {};

/// What sys says of a server from its first message on; see sys.hpp.
struct debug_options {
  bool trace = false;            ///< what it gets and sends, on standard output
  std::size_t log = 0;           ///< how many of the last such events it keeps
  bool statistics = false;       ///< how many messages
  std::string log_to_file = {};  ///< the events, a line each; a file that cannot be opened: none
};

/// How a server starts.
template <class Server>
struct start_options {
  server_name<Server> name = {};  ///< or key of a registry: held before the constructor runs
  duration timeout = infinity;    ///< for constructor and init; then it is killed
  kin::priority priority = kin::priority::normal;  ///< who runs first
  mailbox_options mailbox = {};                    ///< no bound, no alarm
  /// After so long without a message it hibernates, unless a callback asked for a timeout.
  duration hibernate_after = infinity;
  debug_options debug = {};  ///< nothing
};

namespace sys {
struct event;
}  // namespace sys

namespace detail {

/// What a server needs until it has started.
struct starting final : beside {
  promise ready;
  start_name name;
  bool linked = false;
  bool monitored = false;
  bool gentle = false;
  std::optional<next> entered;  // of enter_loop: what comes first
  duration hibernate_after = infinity;
  debug_options debug;
};
struct system_state;

/// In place of a state whose format_status has thrown what is caught now.
std::string format_failed(const std::type_info& server);

/// The compiled half of a server: start protocol, dispatch, termination.
class server_process : public behaviour, protected server_host {
 public:
  explicit server_process(std::unique_ptr<starting> how) : server_host(std::move(how)) {}
  next start() final;
  next handle(incoming& in) override;
  next timed_out() final;
  /// Until it has started.
  [[nodiscard]] starting& how() { return static_cast<starting&>(*beside_); }
  /// What sys has kept.
  void format(crash_report& shown) const override;

 protected:
  using server_host::format;
  void* server() override = 0;
  [[nodiscard]] const std::type_info& server_type() const final { return subject(); }
  void print_server(std::ostream& out) const final { print_state(out); }
  virtual void construct() = 0;
  virtual next init() = 0;
  virtual void terminate_server(const exit_reason& why) = 0;
  /// `terminate` has run, and has perhaps failed: this is the reason it ends with.
  virtual void ended(const exit_reason& /*why*/) {}
  /// False: no clause takes it.
  virtual bool handle_info(message& m, next& then) = 0;

 private:
  exit_reason terminate(exit_reason why) override;
  template <class F>
  next run(F callback);
  next not_started(const exit_reason& why);
  next serve(next then);
  next take(incoming& in);
  next handle_other(incoming& in);
  next info(message m);
  [[nodiscard]] bool is_from_parent(const incoming& in) const;

  [[nodiscard]] system_state* known() const;
  next handle_known(incoming& in);
  next unless_idle(next then);
  void see_message(const incoming& in);
  void see_reply(pid caller, signal& reply) override;
  void see(sys::event e);

  bool has_parent_ = false;  // whose exit ends it; linked or not
  bool terminated_ = false;
};

/// Holds what the server is made of until it is made, and then the server.
template <class Base, class S, class... A>
class holds_server : public Base {
 public:
  holds_server(std::unique_ptr<starting> how, std::tuple<A...> arguments)
      : Base(std::move(how)), arguments_(std::move(arguments)) {}
  holds_server(const holds_server&) = delete;
  holds_server& operator=(const holds_server&) = delete;
  ~holds_server() override {
    if (stage_ == stage::arguments) std::destroy_at(&arguments_);
    if (stage_ == stage::server) std::destroy_at(&server_);
  }
  [[nodiscard]] const std::type_info& subject() const override { return typeid(S); }
  void format(crash_report& shown) const override {
    Base::format(shown);
    format_all(shown);
  }

 protected:
  [[nodiscard]] bool is_made() const { return stage_ == stage::server; }
  /// Only when it is made.
  [[nodiscard]] S& made() { return server_; }
  [[nodiscard]] const S& made() const { return server_; }
  /// What stands for the state if its class says so; false: it does not.
  bool print_formatted(std::ostream& out) const {
    if (stage_ != stage::server) {
      out << "(starting)";
      return true;
    }
    if constexpr (requires { server_.format_status(); }) {
      try {
        kin::print(out, server_.format_status());
      } catch (...) {
        out << format_failed(subject());
      }
      return true;
    } else {
      return false;
    }
  }

 private:
  template <class Shown>
  void format_all([[maybe_unused]] Shown& shown) const {
    if constexpr (requires { server_.format_status(shown); }) {
      if (stage_ != stage::server) return;
      try {
        Shown changed = shown;
        server_.format_status(changed);
        shown = std::move(changed);
      } catch (...) {
        shown.state = format_failed(subject());
      }
    }
  }
  void format(sys::status& shown) const override {
    Base::format(shown);
    format_all(shown);
  }
  void* server() override { return &server_; }
  void construct() override {
    std::tuple<A...> arguments = std::move(arguments_);
    std::destroy_at(&arguments_);
    stage_ = stage::nothing;
    std::apply([this](A&... a) { new (&server_) S(std::move(a)...); }, arguments);
    stage_ = stage::server;
  }

  enum class stage : unsigned char { nothing, arguments, server };
  stage stage_ = stage::arguments;
  union {
    std::tuple<A...> arguments_;  // NOLINT(readability-identifier-naming): private, if in a union
    S server_;                    // NOLINT(readability-identifier-naming)
  };
};

template <class S, class... A>
class server_body final : public holds_server<server_process, S, A...> {
 public:
  using holds_server<server_process, S, A...>::holds_server;
  void print_state(std::ostream& out) const override {
    if (!this->print_formatted(out)) kin::print(out, this->made());
  }

 private:
  next init() override {
    S& server = this->made();
    if constexpr (requires { server.init(); }) {
      if constexpr (std::is_void_v<decltype(server.init())>) {
        server.init();
      } else {
        return server.init();
      }
    }
    return {};
  }
  void terminate_server([[maybe_unused]] const exit_reason& why) override {
    if (!this->is_made()) return;
    if constexpr (requires(S & server) { server.terminate(why); }) this->made().terminate(why);
  }
  bool handle_info([[maybe_unused]] message& m, [[maybe_unused]] next& then) override {
    if constexpr (requires(S & server) { server.handle_info(); }) {
      auto clauses = this->made().handle_info();
      const std::size_t at = clauses.match(m.node());
      if (at == decltype(clauses)::none) return false;
      clauses.run(at, m,
                  [&]<class... V>(V&&... value) { ((then = next(std::forward<V>(value))), ...); });
      return true;
    } else {
      return false;
    }
  }
};
template <class S, class... A>
struct process_of : std::type_identity<server_body<S, A...>> {};
template <is_machine S, class... A>
struct process_of<S, A...> : machine_rules<S>::template process_of<A...> {};

/// As OTP's gen:start: the name is looked at here first, and registered before the constructor
/// runs.
result<spawned> start_server(std::unique_ptr<server_process> body, start_with with, duration limit);

template <class S>
concept has_handle_info = requires {
  &S::handle_info;
};
template <class S>
concept gives_clauses = requires(S& s, message& m) {
  s.handle_info().match(m.node());
};
template <class S>
concept has_init = requires {
  &S::init;
};
template <class S>
concept has_good_init = requires(S& s) {
  requires says_what_is_next<decltype(s.init())>;
};
template <class S>
concept has_terminate = requires {
  &S::terminate;
};
template <class S>
concept hears_its_end = requires(S& s, const exit_reason& why) {
  s.terminate(why);
};
/// What a class may get wrong so that it is not seen, or seen too late.
template <is_machine S>
constexpr bool check_server() {
  return machine_rules<S>::check();
}
template <class S>
constexpr bool check_server() {
  static_assert(std::is_base_of_v<gen_server, S>, "kin: a server derives from kin::gen_server");
  static_assert(!has_handle_info<S> || gives_clauses<S>,
                "kin: handle_info takes nothing and returns kin::clauses{...}");
  static_assert(!has_init<S> || has_good_init<S>,
                "kin: init takes nothing, and returns nothing or what comes next: kin::ignore(), "
                "kin::stop(why)");
  static_assert(!has_terminate<S> || hears_its_end<S>,
                "kin: terminate takes a const kin::exit_reason&");
  static_assert(!has_drops_expired<S> || has_good_drops_expired<S>,
                "kin: drops_expired is a static constexpr bool");
  return std::is_base_of_v<gen_server, S> && (!has_init<S> || has_good_init<S>);
}

struct start_kind {
  bool linked = false;
  bool monitored = false;
  bool gentle = false;
};
template <class S, class... A>
result<spawned> start(const start_options<S>& options, start_kind kind, A... arguments) {
  static_assert(std::constructible_from<S, A...>,
                "kin: the server has no constructor that takes these arguments");
  if constexpr (check_server<S>() && std::constructible_from<S, A...>) {
    auto how = std::make_unique<starting>();
    how->name = options.name.untyped();
    how->linked = kind.linked;
    how->monitored = kind.monitored;
    how->gentle = kind.gentle;
    how->hibernate_after = options.hibernate_after;
    how->debug = options.debug;
    auto body = std::make_unique<typename process_of<S, A...>::type>(
        std::move(how), std::tuple<A...>(std::move(arguments)...));
    return start_server(std::move(body),
                        {.level = options.priority.level, .mailbox = &options.mailbox},
                        options.timeout);
  } else {
    return exit_reason(badarg);
  }
}

[[noreturn]] void throw_not_started(const exit_reason& why, const std::type_info& server);

template <class S>
server<S> started_or_throw(const result<spawned>& r) {
  if (!r) throw_not_started(r.error(), typeid(S));
  return {r->pid};
}
template <class S>
result<server<S>> started_or_not(const result<spawned>& r) {
  if (!r) return r.error();
  return server<S>{r->pid};
}

}  // namespace detail

/// Starts a server in a process of its own, linked to this one, and waits until its constructor and
/// `init` are done. What the constructor throws, or `init` returns, ends the new process; this one
/// hears of it twice, by the error here and over the link, as in OTP: it dies of the link unless it
/// traps exits. See try_start_link.
///
/// Throws   kin::error whose reason is what the start failed with: already_started{pid}, ignored,
///          timed_out, or what init failed with.
/// Waits    until then, or `options.timeout`.   Context  a process.   See  gen_server:start_link/4.
template <class S, class... A>
server<S> start_link(start_options<S> options, A... arguments) {
  return detail::started_or_throw<S>(
      detail::start<S>(options, {.linked = true}, std::move(arguments)...));
}
/// The same where nothing needs to be said.
template <class S, class... A>
server<S> start_link(A... arguments) {
  return start_link<S>(start_options<S>{}, std::move(arguments)...);
}
/// As start_link, but a failed start is a result, and no exit signal comes of it: the new process
/// unlinks first.
template <class S, class... A>
result<server<S>> try_start_link(start_options<S> options, A... arguments) {
  return detail::started_or_not<S>(
      detail::start<S>(options, {.linked = true, .gentle = true}, std::move(arguments)...));
}
/// The same where nothing needs to be said.
template <class S, class... A>
result<server<S>> try_start_link(A... arguments) {
  return try_start_link<S>(start_options<S>{}, std::move(arguments)...);
}
/// As start_link, without the link: the server has no parent whose end would end it.
///
/// Context  a process, or a thread inside machine::enter, which blocks.   See  gen_server:start/4.
template <class S, class... A>
server<S> start(start_options<S> options, A... arguments) {
  return detail::started_or_throw<S>(detail::start<S>(options, {}, std::move(arguments)...));
}
/// The same where nothing needs to be said.
template <class S, class... A>
server<S> start(A... arguments) {
  return start<S>(start_options<S>{}, std::move(arguments)...);
}
/// As start, but a failed start is a result.
template <class S, class... A>
result<server<S>> try_start(start_options<S> options, A... arguments) {
  return detail::started_or_not<S>(detail::start<S>(options, {}, std::move(arguments)...));
}
/// The same where nothing needs to be said.
template <class S, class... A>
result<server<S>> try_start(A... arguments) {
  return try_start<S>(start_options<S>{}, std::move(arguments)...);
}

/// What start_monitor returns.
template <class S>
struct monitored_server {
  kin::server<S> server = {};  ///< the new one
  kin::ref ref = {};           ///< of the monitor: what its kin::down carries
};
/// As start, and monitored, in one step. This process is the server's parent though there is no
/// link: an exit signal of it ends the server. Of a start that fails no kin::down is left.
///
/// Context  a process.   See  gen_server:start_monitor/4.
template <class S, class... A>
[[nodiscard]] monitored_server<S> start_monitor(start_options<S> options, A... arguments) {
  const auto r = detail::start<S>(options, {.monitored = true}, std::move(arguments)...);
  return {detail::started_or_throw<S>(r), r->ref};
}
/// The same where nothing needs to be said.
template <class S, class... A>
[[nodiscard]] monitored_server<S> start_monitor(A... arguments) {
  return start_monitor<S>(start_options<S>{}, std::move(arguments)...);
}
/// As start_monitor, but a failed start is a result.
template <class S, class... A>
result<monitored_server<S>> try_start_monitor(start_options<S> options, A... arguments) {
  const auto r = detail::start<S>(options, {.monitored = true}, std::move(arguments)...);
  if (!r) return r.error();
  return monitored_server<S>{server<S>{r->pid}, r->ref};
}
/// The same where nothing needs to be said.
template <class S, class... A>
result<monitored_server<S>> try_start_monitor(A... arguments) {
  return try_start_monitor<S>(start_options<S>{}, std::move(arguments)...);
}

namespace detail {
result<void> stop_process(std::optional<pid> p, exit_reason why, duration limit);
}
/// Ends a server in order: its `terminate` runs, and it ends with `why`. Returns when it is gone.
///
/// Throws   call_failed: noproc; timed_out, and it may end yet; or the reason it ended
///          with instead.
/// Waits    up to `limit`.   Thread  any; one that runs no process blocks.   See  gen_server:stop/3.
template <address To, class Why = atom>
void stop(const To& server, Why why = normal, duration limit = infinity) {
  detail::stop_process(whereis(server), exit_reason(std::move(why)), limit).value();
}
/// As stop, but a failure is the reason in the result.
template <address To, class Why = atom>
result<void> try_stop(const To& server, Why why = normal, duration limit = infinity) {
  return detail::stop_process(whereis(server), exit_reason(std::move(why)), limit);
}

}  // namespace kin
