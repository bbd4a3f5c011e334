// SPDX-License-Identifier: Apache-2.0
#include <kin/gen_server.hpp>
#include <kin/process.hpp>
#include <kin/registry.hpp>
#include <kin/report.hpp>
#include <kin/send.hpp>
#include <kin/start_process.hpp>
#include <kin/sys.hpp>

#include "system_state.hpp"

#include <sstream>
#include <string>

namespace kin::detail {

std::string format_failed(const std::type_info& server) {
  return type_name(server) + "::format_status threw";
}

namespace {

void warn_unexpected(const behaviour& server, const message& m) {
  std::ostringstream text;
  text << "  server: " << type_name(server.subject()) << ' ' << self()
       << "\n  unexpected message: " << type_name(m.type()) << ' ' << m;
  emit({.severity = severity::warning,
        .title = "WARNING REPORT",
        .text = std::move(text).str(),
        .label = "gen_server no_handle_info",
        .domain = "otp"});
}

}  // namespace

// Runs a callback and what it asks for; an exception, or a stop, ends with terminate.
template <class F>
[[gnu::always_inline]] inline next server_process::run(F callback) {
  std::optional<exit_reason> why;
  try {
    next then = callback();
    if (!then.wishes()) [[likely]]
      return then;
    while (then.continues()) then = then.take_continuation()->run();
    if (!then.stops() || terminated_) return then;
    why = then.reason();
  } catch (...) {
    why = caught_exit();
    if (!why) throw;
  }
  return next::stop(terminate(*std::move(why)));
}

exit_reason server_process::terminate(exit_reason why) {
  if (std::exchange(terminated_, true)) return why;
  try {
    terminate_server(why);
  } catch (...) {
    auto instead = caught_exit();
    if (!instead) throw;
    why = *std::move(instead);
  }
  ended(why);
  return why;
}

next server_process::start() {
  has_parent_ = how().linked || how().monitored || how().entered;
  if (how().entered) {
    construct();
    return serve(*std::exchange(how().entered, std::nullopt));
  }
  if (!how().name.empty()) {
    if (const auto holder = how().name.enter(self())) {
      how().ready.fail(exit_reason(already_started{*holder}));
      return next::stop(normal);
    }
  }
  next then;
  try {
    construct();
    then = init();
  } catch (...) {
    if (how().gentle) unlink(parent());
    throw;
  }
  if (then.stops()) return not_started(then.reason());
  how().ready.answer(nothing{});
  return serve(std::move(then));
}

// It has started; `then` comes before its first message.
next server_process::serve(next then) {
  beside_ = system_state::of(how());
  if (beside_ == nullptr) [[likely]]
    return run([&] { return std::move(then); });
  watched_ = known()->watches();
  return unless_idle(run([&] { return std::move(then); }));
}

// The starter hears of a failed start when the name is free again: from the end of this process,
// but for `ignored`, which is no reason to end.
next server_process::not_started(const exit_reason& why) {
  if (how().gentle) unlink(parent());
  if (why != ignored) return next::stop(why);
  if (!how().name.empty()) how().name.leave();
  how().ready.fail(ignored);
  return next::stop(normal);
}

// With `run` in it, on the way of each message: one call, not three.
[[gnu::always_inline]] inline next server_process::take(incoming& in) {
  const request_type* request = as_request(in);
  if (request == nullptr) return handle_other(in);
  if (!same_type(*request->server, subject()) && refused(*this, in.node())) [[unlikely]]
    return as_before;
  return run([&] { return request->apply(*this, in.node()); });
}

next server_process::handle(incoming& in) {
  if (beside_ != nullptr) [[unlikely]]
    return handle_known(in);
  return take(in);
}

// ---- what sys knows of ---------------------------------------------------------------------------

system_state* server_process::known() const { return static_cast<system_state*>(beside_.get()); }

next server_process::handle_known(incoming& in) {
  const request_type* request = as_request(in);
  if (request != nullptr && request->is_system) return take(in);
  if (known()->suspended && !is_from_parent(in) && in.get_if<terminate_request>() == nullptr) {
    in.leave();
    return {};
  }
  if (!watched_) return unless_idle(take(in));
  see_message(in);
  next then = take(in);
  if (!then.stops() && !known()->replied) see({.what = sys::event::kind::state});
  return unless_idle(std::move(then));
}

void server_process::see_message(const incoming& in) {
  std::ostringstream text;
  in.type().print(text, value_of(in.node()));
  sys::event e{.text = std::move(text).str()};
  if (as_request(in) != nullptr) {
    e.who = head_of(in.node()).caller;
    e.what = head_of(in.node()).number != 0 ? sys::event::kind::call : sys::event::kind::cast;
  }
  known()->replied = false;
  see(std::move(e));
}

void server_process::see_reply(pid caller, signal& reply) {
  std::ostringstream text;
  if (same_type(*reply.type->info, typeid(nothing))) {
    text << "ok";
  } else {
    reply.type->print(text, value_of(reply));
  }
  known()->replied = true;
  see({.what = sys::event::kind::reply, .who = caller, .text = std::move(text).str()});
}

void server_process::see(sys::event e) {
  known()->see(std::move(e), [this] {
    std::ostringstream state;
    print_state(state);
    return std::move(state).str();
  });
  watched_ = known()->watches();
}

// A server that asks for no timeout hibernates by itself, if it was started so.
next server_process::unless_idle(next then) {
  if (then.is_as_before()) return then;
  const duration limit = known()->hibernate_after;
  known()->waits_to_hibernate = limit != infinity && !then.wishes();
  return known()->waits_to_hibernate ? next(timeout{limit}) : std::move(then);
}

void server_process::format(crash_report& shown) const {
  const auto* state = dynamic_cast<const system_state*>(beside_.get());
  if (state == nullptr) return;
  for (const sys::event& e : state->kept) shown.log.push_back(to_string(e));
}

// ---- what comes in ------------------------------------------------------------------------------

// An exit signal from no process comes of a machine that stops, or from a thread outside: it counts
// as the parent's.
bool server_process::is_from_parent(const incoming& in) const {
  const auto* signal = in.get_if<exited>();
  return signal != nullptr && (!signal->from || (has_parent_ && signal->from == parent()));
}

next server_process::handle_other(incoming& in) {
  if (is_from_parent(in)) return next::stop(terminate(in.get_if<exited>()->reason));
  if (const auto* request = in.get_if<terminate_request>())
    return next::stop(terminate(request->why));
  return run([&] { return info(in.take()); });
}

next server_process::info(message m) {
  next then;
  if (!handle_info(m, then)) warn_unexpected(*this, m);
  return then;
}

next server_process::timed_out() {
  if (beside_ != nullptr) [[unlikely]] {
    if (known()->suspended) return as_before;
    if (known()->waits_to_hibernate) return hibernate;
    if (watched_) see({.text = "timeout"});
  }
  next then = run([&] {
    next asked;
    message m = message::of(timeout{});
    handle_info(m, asked);
    return asked;
  });
  return beside_ == nullptr ? std::move(then) : unless_idle(std::move(then));
}

result<spawned> start_server(std::unique_ptr<server_process> body, start_with with,
                             duration limit) {
  starting& how = body->how();
  if (!how.name.empty()) {
    if (const auto holder = how.name.find()) return exit_reason(already_started{*holder});
  }
  spawned made;
  start_request request;
  request.with = with;
  request.with.link = how.linked;
  request.with.monitor = how.monitored;
  request.ready = &how.ready;
  request.limit = limit;
  request.body = std::move(body);
  const result<pid> started = start_process(std::move(request), made);
  if (started) return made;
  if (made.ref) demonitor(made.ref, {.flush = true});
  return started.error();
}

void throw_not_started(const exit_reason& why, const std::type_info& server) {
  throw error(why, type_name(server) + " did not start: " + to_string(why));
}

namespace {

std::optional<exit_reason> ask_to_end(pid p, const exit_reason& why, duration limit) {
  if (!in_process()) return end_of(p, box(terminate_request{why}), limit);
  const ref watch = monitor(p);
  post_past_bound(p, box(terminate_request{why}));
  std::optional<exit_reason> ended =
      receive(when(&down::ref, watch, [](down d) { return std::optional(d.reason); }),
              after(limit, [] { return std::optional<exit_reason>(); }));
  if (!ended) demonitor(watch, {.flush = true});
  return ended;
}

}  // namespace

result<void> stop_process(std::optional<pid> p, exit_reason why, duration limit) {
  if (!p) return exit_reason(noproc);
  if (in_process() && *p == self()) return exit_reason(calling_self);
  if (limit.count() < 0) throw error(timeout_value, "kin::stop: its time is negative");
  const std::optional<exit_reason> ended = ask_to_end(*p, why, limit);
  if (!ended) return exit_reason(timed_out);
  if (*ended == why) return {};
  return *ended;
}

}  // namespace kin::detail
