// SPDX-License-Identifier: Apache-2.0
// The manager of a gen_event: handlers in a row, each callback on its own, and what it asks for.
#include <kin/gen_event.hpp>
#include <kin/info.hpp>
#include <kin/report.hpp>

#include "report_lines.hpp"
#include "system_state.hpp"

#include <algorithm>
#include <ostream>
#include <sstream>

namespace kin {
namespace detail {

constinit const atom_rep bad_module_rep{"bad_module"};
constinit const atom_rep module_not_found_rep{"module_not_found"};
constinit const atom_rep crash_rep{"crash"};
constinit const atom_rep remove_handler_rep{"remove_handler"};

}  // namespace detail

// ---- what people read ---------------------------------------------------------------------------

std::ostream& handler_id::print(std::ostream& out) const {
  const std::string name = type_name(*type_);
  return id_.empty() ? out << name : out << '{' << name << ", " << id_ << '}';
}

std::ostream& operator<<(std::ostream& out, const handler_end& e) {
  using enum handler_end::cause;
  switch (e.what) {
    case removed:
      return out << atom(remove_handler);
    case stopped:
      return out << "stop";
    case subscriber_ended:
      return out << "{stop, " << e.why << '}';
    case failed:
      return out << "{error, " << e.why << '}';
    case deleted:
    case swapped:
      break;
  }
  return out << e.why;
}
std::ostream& operator<<(std::ostream& out, const handler_exited& e) {
  return out << "{gen_event_EXIT, " << e.handler << ", " << e.reason << '}';
}
std::ostream& operator<<(std::ostream& out, const handler_swapped& s) {
  return out << "{swapped, " << s.by << ", " << s.subscriber << '}';
}
std::ostream& operator<<(std::ostream& out, const handler_failed& f) {
  return out << "{EXIT, " << f.why << '}';
}

// ---- what a callback returns --------------------------------------------------------------------

handled::handled() = default;
handled::handled(noreply_t /*word*/) {}
handled::handled(hibernate_t /*word*/) : wish_(wish::rest) {}
handled::handled(remove_handler_t /*word*/) : wish_(wish::leave) {}
handled::handled(std::unique_ptr<detail::swap_order> swap) : swap_(std::move(swap)) {}
handled::handled(handled&& other) noexcept = default;
handled& handled::operator=(handled&& other) noexcept = default;
handled::~handled() = default;

namespace detail {

/// What a `handled` says.
class swapping {
 public:
  static bool hibernates(const handled& h) { return h.wish_ == handled::wish::rest; }
  static bool leaves(const handled& h) { return h.wish_ == handled::wish::leave; }
  static std::unique_ptr<swap_order> order(handled& h) { return std::move(h.swap_); }
};

std::ostream& operator<<(std::ostream& out, const add_request& r) {
  return out << "add_handler " << r.maker->id;
}
std::ostream& operator<<(std::ostream& out, const delete_request_for& r) {
  return out << "delete_handler " << r.which;
}
std::ostream& operator<<(std::ostream& out, const swap_request& r) {
  return out << "swap_handler " << r.old << " by " << r.maker->id;
}
std::ostream& operator<<(std::ostream& out, const which_handlers_request& /*r*/) {
  return out << "which_handlers";
}

void forget_failure() {
  if (!caught_exit()) throw;  // NOLINT(misc-throw-by-value-catch-by-reference)
}

namespace {

// What `f` has failed with. What ends the process goes its way.
template <class F>
std::optional<exit_reason> failure_of(F f) {
  try {
    f();
    return std::nullopt;
  } catch (...) {
    auto why = caught_exit();
    if (!why) throw;
    return why;
  }
}

std::string state_of(const installed_handler& one) {
  std::ostringstream state;
  if (failure_of([&] { one.print(state); })) return format_failed(one.id.type());
  return std::move(state).str();
}
std::string printed(in_hand shown) {
  std::ostringstream text;
  shown.print(text, shown.value);
  return std::move(text).str();
}

void report_crash(const handler_id& id, const std::string& last, const std::string& state,
                  const exit_reason& why) {
  emit(laid_out({.severity = severity::error,
                 .title = "ERROR REPORT",
                 .label = "gen_event terminate",
                 .domain = "otp",
                 .fields = {{"gen_event handler", to_string(id) + " crashed."},
                            {"installed in", own_name()},
                            {"last handler event", last},
                            {"handler state", state},
                            {"handler reason", to_string(why)}},
                 .lay_out = &lay_out_stars}));
}
void warn_unexpected(const handler_id& id, const message& m) {
  emit(laid_out(
      {.severity = severity::warning,
       .title = "WARNING REPORT",
       .label = "gen_event no_handle_info",
       .domain = "otp",
       .fields = {{"No clause of handle_info in", to_string(id)}, {"unhandled", to_string(m)}},
       .lay_out = &lay_out_stars}));
}

// Past any bound, as the end of a process is told.
void tell(pid subscriber, const handler_id& id, const exit_reason& reason) {
  if (subscriber) post_past_bound(subscriber, box(handler_exited{self(), id, reason}));
}

// A handler that is ready; throws what its constructor and its init do.
std::unique_ptr<installed_handler> made(handler_maker& maker, result<message> before,
                                        bool& hibernates) {
  auto fresh = maker.make(std::move(before));
  handled said = fresh->init();
  if (swapping::leaves(said)) exit(exit_reason(remove_handler));
  if (swapping::order(said) != nullptr) exit(exit_reason(badarg));
  hibernates = swapping::hibernates(said);
  return fresh;
}

result<message> terminated(installed_handler& one, const handler_end& how) {
  message last;
  auto why = failure_of([&] { last = one.terminate(how); });
  if (why) return exit_reason(handler_failed{*std::move(why)});
  return last;
}

next hibernate_if(bool wanted) { return wanted ? next(hibernate) : next(); }

}  // namespace

std::ostream& operator<<(std::ostream& out, const handlers_shown& s) {
  out << '[';
  for (std::size_t at = s.manager->all_.size(); at-- > 0;) {
    const installed_handler& one = *s.manager->all_[at];
    out << '{' << one.id << ", " << state_of(one);
    if (one.subscriber) out << ", " << one.subscriber;
    out << (at == 0 ? "}" : "}, ");
  }
  return out << ']';
}

// ---- the manager --------------------------------------------------------------------------------

struct event_manager::outcome {
  bool hibernates = false;
  std::optional<exit_reason> failure = std::nullopt;
};

event_manager::event_manager(const std::type_info& type) : type_(type) {
  trap_exits();
  const auto linked = info(self())->links;
  if (std::ranges::find(linked, parent()) != linked.end()) linked_parent_ = parent();
}
event_manager::~event_manager() = default;

std::optional<std::size_t> event_manager::find(const handler_id& which) const {
  for (std::size_t at = all_.size(); at-- > 0;) {
    if (all_[at]->id == which) return at;
  }
  return std::nullopt;
}
installed_handler* event_manager::newest(const handler_id& which) const {
  const auto at = find(which);
  return at ? all_[*at].get() : nullptr;
}
std::unique_ptr<installed_handler> event_manager::take(std::size_t at) {
  auto taken = std::move(all_[at]);
  all_.erase(all_.begin() + static_cast<std::ptrdiff_t>(at));
  return taken;
}

// ---- events -------------------------------------------------------------------------------------

// One callback: a failure is the handler's alone.
template <class F>
event_manager::outcome event_manager::run(std::size_t at, F callback, in_hand shown) {
  handled said;
  if (auto why = failure_of([&] { said = callback(*all_[at]); })) {
    drop_failed(at, *why, shown);
    return {.failure = std::move(why)};
  }
  return obey(at, std::move(said), shown);
}

// From the newest, which is the last: whoever leaves moves only those that have had it.
template <class F>
next event_manager::in_all(F callback, in_hand shown) {
  bool hibernates = false;
  for (std::size_t at = all_.size(); at-- > 0;) hibernates |= run(at, callback, shown).hibernates;
  return hibernate_if(hibernates);
}

next event_manager::notify(std::size_t which, const void* event, in_hand shown) {
  return in_all([&](installed_handler& one) { return one.event(which, event); }, shown);
}

next event_manager::hear(const message& m) {
  if (const auto* ended = m.get_if<exited>()) drop_of(*ended);
  const auto print = [](std::ostream& out, const void* value) {
    out << *static_cast<const message*>(value);
  };
  return in_all(
      [&](installed_handler& one) {
        std::optional<handled> said = one.info(m);
        if (!said) warn_unexpected(one.id, m);
        return said ? *std::move(said) : handled();
      },
      {print, &m});
}

std::optional<exit_reason> event_manager::ask(const installed_handler& one, handler_call call,
                                              in_hand shown, next& then) {
  const auto at = std::ranges::find(all_, &one, [](const auto& each) { return each.get(); });
  outcome out = run(
      static_cast<std::size_t>(at - all_.begin()),
      [&](installed_handler& h) { return call.run(h, call.with); }, shown);
  then = hibernate_if(out.hibernates);
  return std::move(out.failure);
}

event_manager::outcome event_manager::obey(std::size_t at, handled said, in_hand shown) {
  if (swapping::leaves(said)) {
    static_cast<void>(drop(at, {handler_end::cause::removed, {}}, normal));
  } else if (auto order = swapping::order(said)) {
    if (!same_type(*order->manager, type_)) {  // it would not know these events by their numbers
      drop_failed(at, badarg, shown);
      return {.failure = badarg};
    }
    return {.hibernates = swap_in_place(at, *order, shown)};
  }
  return {.hibernates = swapping::hibernates(said)};
}

// ---- coming and going ---------------------------------------------------------------------------

// The state is gone before the subscriber hears of it: what it held can be had again.
result<message> event_manager::drop(std::size_t at, const handler_end& how,
                                    const exit_reason& told) {
  auto gone = take(at);
  auto last = terminated(*gone, how);
  const handler_id id = gone->id;
  const pid subscriber = gone->subscriber;
  gone.reset();
  tell(subscriber, id, told);
  return last;
}

void event_manager::drop_failed(std::size_t at, const exit_reason& why, in_hand shown) {
  const std::string state = state_of(*all_[at]);
  report_crash(all_[at]->id, printed(shown), state, why);
  static_cast<void>(drop(at, {handler_end::cause::failed, why}, exit_reason(handler_failed{why})));
}

// The exit of a process that lives still ends its handlers all the same, and it hears of that.
void event_manager::drop_of(const exited& subscriber) {
  for (std::size_t at = all_.size(); at-- > 0;) {
    if (all_[at]->subscriber == subscriber.from)
      static_cast<void>(
          drop(at, {handler_end::cause::subscriber_ended, subscriber.reason}, shutdown));
  }
}

bool event_manager::swap_in_place(std::size_t at, swap_order& order, in_hand shown) {
  const pid subscriber = all_[at]->subscriber;
  auto last = drop(at, {handler_end::cause::swapped, order.why},
                   exit_reason(handler_swapped{order.maker->id, subscriber}));
  bool hibernates = false;
  std::unique_ptr<installed_handler> fresh;
  auto refused = failure_of([&] { fresh = made(*order.maker, std::move(last), hibernates); });
  if (refused) {
    report_crash(order.maker->id, printed(shown), "(starting)", *refused);
    tell(subscriber, order.maker->id, crash);
    return false;
  }
  fresh->subscriber = subscriber;
  all_.insert(all_.begin() + static_cast<std::ptrdiff_t>(at), std::move(fresh));
  return hibernates;
}

replies<result<void>> event_manager::add(handler_maker& maker, pid subscriber,
                                         result<message> before) {
  bool hibernates = false;
  std::unique_ptr<installed_handler> fresh;
  auto refused = failure_of([&] { fresh = made(maker, std::move(before), hibernates); });
  if (refused) return {result<void>(*std::move(refused))};
  fresh->subscriber = subscriber;
  all_.push_back(std::move(fresh));
  return {result<void>(), hibernate_if(hibernates)};
}

// The link is there before the handler is, and stays if there is none.
replies<result<void>> event_manager::handle_call(add_request r, pid caller) {
  if (r.supervised) link(caller);
  return add(*r.maker, r.supervised ? caller : pid(), result<message>(message()));
}

result<message> event_manager::handle_call(delete_request_for r) {
  const auto at = find(r.which);
  if (!at) return exit_reason(module_not_found);
  return drop(*at, {handler_end::cause::deleted, std::move(r.why)}, normal);
}

replies<result<void>> event_manager::handle_call(swap_request r, pid caller) {
  if (r.supervised) link(caller);
  pid subscriber = r.supervised ? caller : pid();
  result<message> last = exit_reason(module_not_found);
  if (const auto at = find(r.old)) {
    const pid before = all_[*at]->subscriber;
    if (!r.supervised) subscriber = before;
    last = drop(*at, {handler_end::cause::swapped, std::move(r.why)},
                exit_reason(handler_swapped{r.maker->id, subscriber}));
  }
  return add(*r.maker, subscriber, std::move(last));
}

std::vector<handler_id> event_manager::handle_call(which_handlers_request /*r*/) const {
  std::vector<handler_id> ids;
  for_each([&](const installed_handler& one) { ids.push_back(one.id); });
  return ids;
}

// Whoever subscribed is not to end with the manager, but for the parent.
void event_manager::terminate(const exit_reason& why) {
  while (!all_.empty()) {
    const pid subscriber = all_.back()->subscriber;
    static_cast<void>(drop(all_.size() - 1, {handler_end::cause::stopped, why}, shutdown));
    if (subscriber && subscriber != linked_parent_) unlink(subscriber);
  }
}

}  // namespace detail
}  // namespace kin
