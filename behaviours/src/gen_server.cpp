// SPDX-License-Identifier: Apache-2.0
#include <kin/gen_server.hpp>
#include <kin/process.hpp>
#include <kin/registry.hpp>
#include <kin/report.hpp>
#include <kin/send.hpp>

#include <sstream>
#include <string>

namespace kin::detail {
namespace {

/// The system request that `stop` sends.
struct terminate_request {
  exit_reason why;
};

void warn_unexpected(const behaviour& server, const message& m) {
  std::ostringstream text;
  text << "  server: " << type_name(server.subject()) << ' ' << self()
       << "\n  unexpected message: " << type_name(m.type()) << ' ' << m;
  emit({severity::warning, "WARNING REPORT", std::move(text).str()});
}

}  // namespace

// Runs a callback and what it asks for; an exception, or a stop, ends with terminate.
template <class F>
next server_process::run(F callback) {
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
    return *instead;
  }
  return why;
}

next server_process::start() {
  linked_ = how_->linked;
  if (!how_->name.empty()) {
    if (const auto holder = how_->name.enter(self())) {
      how_->ready.fail(exit_reason(already_started{*holder}));
      return next::stop(normal);
    }
  }
  next then;
  try {
    construct();
    then = init();
  } catch (...) {
    if (how_->gentle) unlink(parent());
    throw;
  }
  if (then.stops()) return not_started(then.reason());
  how_->ready.answer(nothing{});
  how_.reset();
  return run([&] { return std::move(then); });
}

// The starter hears of a failed start when the name is free again: from the end of this process,
// but for `ignored`, which is no reason to end.
next server_process::not_started(const exit_reason& why) {
  if (how_->gentle) unlink(parent());
  if (why != ignored) return next::stop(why);
  if (!how_->name.empty()) how_->name.leave();
  how_->ready.fail(ignored);
  return next::stop(normal);
}

next server_process::handle(incoming& in) {
  const request_type* request = as_request(in);
  if (request == nullptr) return handle_other(in);
  if (!same_type(*request->server, subject())) {
    request_head& head = head_of(in.node());
    const exit_reason why("the server is a " + type_name(subject()) + ", not a " +
                          type_name(*request->server));
    if (head.number != 0) answer_failure(std::exchange(head, {head.caller, 0}), why);
    return {};
  }
  return run([&] { return request->apply(*this, in.node()); });
}

// An exit signal from no process comes of a machine that stops, or from a thread outside: it counts
// as the parent's.
bool server_process::is_from_parent(const incoming& in) const {
  const auto* signal = in.get_if<exited>();
  return signal != nullptr && (!signal->from || (linked_ && signal->from == parent()));
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
  return run([&] {
    next then;
    message m = message::of(timeout{});
    handle_info(m, then);
    return then;
  });
}

result<pid> start_server(std::unique_ptr<server_process> body, start_with with, duration limit) {
  starting& how = body->how();
  if (!how.name.empty()) {
    if (const auto holder = how.name.find()) return exit_reason(already_started{*holder});
  }
  start_request request;
  request.with = with;
  request.with.link = how.linked;
  request.ready = &how.ready;
  request.limit = limit;
  request.body = std::move(body);
  return start_process(std::move(request));
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
  const std::optional<exit_reason> ended = ask_to_end(*p, why, limit);
  if (!ended) return exit_reason(timed_out);
  if (*ended == why) return {};
  return *ended;
}

}  // namespace kin::detail
