// SPDX-License-Identifier: Apache-2.0
// The order of things in a state machine. See statem_process.hpp for its invariants.
#include <kin/gen_statem.hpp>
#include <kin/process.hpp>
#include <kin/report.hpp>
#include <kin/request_in_hand.hpp>
#include <kin/statem_process.hpp>
#include <kin/sys.hpp>
#include <kin/timer.hpp>

#include "report_lines.hpp"

#include <algorithm>
#include <iterator>
#include <memory>
#include <ostream>
#include <sstream>
#include <string>
#include <utility>

namespace kin::detail {
namespace {

/// What a timer of ours sends.
struct timer_fired {
  std::uint64_t number = 0;
  timer_key key;
};
std::ostream& operator<<(std::ostream& out, const timer_key& key) {
  switch (key.what) {
    case timer_key::kind::event:
      return out << "timeout";
    case timer_key::kind::state:
      return out << "state_timeout";
    case timer_key::kind::generic:
      break;
  }
  out << "{timeout, ";
  return key.type == nullptr ? out << '"' << key.name << "\"}" : out << type_name(*key.type) << '}';
}
std::ostream& operator<<(std::ostream& out, const timer_fired& t) { return out << t.key; }

void print_content(std::ostream& out, signal& s) { s.type->print(out, value_of(s)); }

// A turn is lent to others now and then, and exit signals take effect, in a machine that gives
// itself one event after another.
constexpr int events_a_turn = 1000;

}  // namespace

void statem_step::stop(const next& n) {
  if (!n.stops())
    throw error(badarg, "kin: of what a server returns, a state machine returns only kin::stop");
  what = kind::stop;
  why = n.reason();
}

statem_order order_of(timer_key key, duration after, std::optional<clock::time_point> at,
                      message content) {
  if (!at && after.count() < 0) throw error(badarg, "kin: a timeout of a negative time");
  statem_order order;
  order.what = statem_order::kind::set;
  order.key = std::move(key);
  order.after = after;
  order.at = at;
  order.content = std::move(content);
  return order;
}

void throw_unhandled(const std::type_info& event, const std::type_info& state) {
  throw unhandled_event(event, state);
}

// ---- an event comes in --------------------------------------------------------------------------

next statem_process::handle(incoming& in) {
  lent_ = &in;
  next then = server_process::handle(in);
  lent_ = nullptr;
  return then;
}

next statem_process::apply(server_host& host, signal& request) {
  auto& me = static_cast<statem_process&>(host);
  const request_head& head = head_of(request);
  me.current_ = {};
  me.current_.what = head.number != 0 ? statem_event::kind::call : statem_event::kind::cast;
  me.current_.from = head.caller;
  return me.go_on(me.handle_current());
}

bool statem_process::handle_info(message& m, next& then) {
  lent_ = nullptr;  // m is ours
  current_ = {};
  if (const auto* fired = m.get_if<timer_fired>()) {
    const auto found = std::ranges::find(timers_, fired->number, &timer::number);
    if (found == timers_.end()) {  // it was ended after its message had been sent
      then = as_before;
      return true;
    }
    current_.what = statem_event::kind::timeout;
    current_.timer = std::move(found->key);
    current_.content = std::move(found->content);
    timers_.erase(found);
  } else {
    current_.what = statem_event::kind::info;
    current_.content = std::move(m);
  }
  then = go_on(handle_current());
  return true;
}

next statem_process::init() {
  run_init(first_);
  if (first_.what == statem_step::kind::stop) return next::stop(first_.why);
  return continue_with([this] { return begin(); });
}

next statem_process::begin() {
  statem_step step = std::exchange(first_, {});
  return go_on(follow(step, true));
}

// All that is there but messages.
next statem_process::go_on(std::optional<exit_reason> stop) {
  int left = events_a_turn;
  while (!stop) {
    std::deque<statem_event>& from = queue_.empty() ? due_ : queue_;
    if (from.empty()) break;
    if (--left == 0) {
      yield();
      left = events_a_turn;
    }
    lent_ = nullptr;
    current_ = std::move(from.front());
    from.pop_front();
    stop = handle_current();
  }
  if (stop) return next::stop(*std::move(stop));
  current_ = {};
  return hibernates_ ? next(hibernate) : next();
}

// ---- one event ----------------------------------------------------------------------------------

signal& statem_process::node_of(const statem_event& e) const {
  return e.content.empty() ? lent_->node() : e.content.node();
}

// Whether it is a call that the machine wants no more, its caller having given up.
bool statem_process::drops_current() {
  if (current_.what != statem_event::kind::call) return false;
  signal& s = node_of(current_);
  return static_cast<const event_type*>(s.type)->drops_expired && drops(head_of(s));
}

std::optional<exit_reason> statem_process::handle_current() {
  std::optional<in_hand_again> again;
  if (current_.caller.owed()) {
    signal& s = node_of(current_);
    head_of(s) = take_back(current_.caller);
    again.emplace(s);
  }
  if (drops_current()) return std::nullopt;
  // Any event ends the event timeout; so does that itself, which is no more in either list.
  static_cast<void>(stop_timer({timer_key::kind::event}));
  statem_step step;
  try {
    if (current_.what == statem_event::kind::info) {
      run_info(current_.content, step);
    } else {
      signal& s = node_of(current_);
      static_cast<const event_type*>(s.type)->run(*this, s, step);
    }
    return follow(step, false);
  } catch (...) {
    put_current_aside();
    throw;
  }
}

// I3. An event that the mailbox has lent is answered by the process's end from there.
void statem_process::put_current_aside() {
  if (current_.content.empty() || current_.what == statem_event::kind::info) return;
  request_head& head = head_of(current_.content.node());
  if (head.number == 0) return;
  promise duty(head);
  current_.caller = std::move(duty);
  keep_here(current_.caller);
}

// Handled, and not postponed: whoever still waits in it was forgotten.
void statem_process::leave_current() {
  if (current_.what == statem_event::kind::none || current_.what == statem_event::kind::info)
    return;
  request_head& head = head_of(node_of(current_));
  if (head.number != 0) answer_failure(std::exchange(head, {head.caller, 0}), dropped);
}

void statem_process::collect(statem_step& step, wanted& all) {
  if (step.postpones) all.postpones = *step.postpones;
  if (step.hibernates) all.hibernates = true;
  for (statem_order& order : step.orders) {
    switch (order.what) {
      case statem_order::kind::insert:
      case statem_order::kind::info: {
        statem_event e;
        const bool is_info = order.what == statem_order::kind::info;
        const bool is_call = order.caller.owed();
        e.what = is_info   ? statem_event::kind::info
                 : is_call ? statem_event::kind::call
                           : statem_event::kind::inserted;
        e.content = std::move(order.content);
        e.from = order.caller.caller();
        e.caller = std::move(order.caller);
        keep_here(e.caller);
        all.events.push_back(std::move(e));
        break;
      }
      case statem_order::kind::push:
      case statem_order::kind::change:
      case statem_order::kind::pop:
        if (!change_module(order))
          throw error(badarg, "kin: pop_callback_module, and no module was pushed");
        break;
      default:
        all.timers.push_back(std::move(order));
    }
  }
}

// What comes after a handler, in OTP's order: enter calls, the event's fate, timeouts, inserted
// events.
std::optional<exit_reason> statem_process::follow(statem_step& step, bool first) {
  using kind = statem_step::kind;
  if (step.what == kind::stop) {
    put_current_aside();
    return std::move(step.why);
  }
  wanted all;
  collect(step, all);
  const bool changed = step.changed;
  bool enter = enters() && (changed || first || step.what == kind::repeat);
  while (enter) {
    statem_step entered;
    run_enter(entered);
    if (entered.what == kind::stop) {
      put_current_aside();
      return std::move(entered.why);
    }
    collect(entered, all);
    enter = entered.what == kind::repeat;
  }
  if (all.postpones && !first) {
    if (current_.content.empty() && lent_ != nullptr) current_.content = lent_->take();
    if (current_.content.empty())
      throw error(badarg, "kin: a message that a clause of kin::message has taken is postponed");
    put_current_aside();
    postponed_.push_back(std::exchange(current_, {}));
  } else {
    leave_current();
  }
  if (changed) {
    queue_.insert(queue_.begin(), std::make_move_iterator(postponed_.begin()),
                  std::make_move_iterator(postponed_.end()));
    postponed_.clear();
    static_cast<void>(stop_timer({timer_key::kind::state}));
  }
  set_timers(all.timers);
  queue_.insert(queue_.begin(), std::make_move_iterator(all.events.begin()),
                std::make_move_iterator(all.events.end()));
  hibernates_ = all.hibernates;
  return std::nullopt;
}

// ---- timeouts -----------------------------------------------------------------------------------

// Of those that mean the same timeout the last one counts.
void statem_process::set_timers(std::vector<statem_order>& orders) {
  for (auto one = orders.begin(); one != orders.end(); ++one) {
    const bool is_last = std::none_of(std::next(one), orders.end(), [&](const statem_order& later) {
      return later.key == one->key;
    });
    if (is_last) set_timer(*one);
  }
}

void statem_process::set_timer(statem_order& order) {
  using kind = statem_order::kind;
  if (order.what == kind::update) {
    if (message* content = content_of(order.key)) {
      *content = std::move(order.content);
      return;
    }
    order.after = {};
  } else {
    static_cast<void>(stop_timer(order.key));
    if (order.what == kind::cancel || (!order.at && order.after == infinity)) return;
  }
  if (!order.at && order.after.count() == 0) {
    statem_event e;
    e.what = statem_event::kind::timeout;
    e.timer = std::move(order.key);
    e.content = std::move(order.content);
    due_.push_back(std::move(e));
    return;
  }
  timer t{order.key, {}, ++last_timer_, std::move(order.content)};
  timer_fired tells{t.number, std::move(order.key)};
  t.at = order.at ? send_at(*order.at, self(), std::move(tells))
                  : send_after(order.after, self(), std::move(tells));
  timers_.push_back(std::move(t));
}

bool statem_process::stop_timer(const timer_key& key) {
  if (!timers_.empty()) {
    const auto found = std::ranges::find(timers_, key, &timer::key);
    if (found != timers_.end()) {
      static_cast<void>(cancel_timer(found->at));
      timers_.erase(found);
      return true;
    }
  }
  return !due_.empty() &&
         std::erase_if(due_, [&](const statem_event& e) { return e.timer == key; }) != 0;
}

message* statem_process::content_of(const timer_key& key) {
  if (const auto found = std::ranges::find(timers_, key, &timer::key); found != timers_.end())
    return &found->content;
  if (const auto found = std::ranges::find(due_, key, &statem_event::timer); found != due_.end())
    return &found->content;
  return nullptr;
}

// ---- what is told of it -------------------------------------------------------------------------

const char* statem_process::mode() const {
  if (has_several_states()) return enters() ? "[state_functions, state_enter]" : "state_functions";
  return enters() ? "[handle_event_function, state_enter]" : "handle_event_function";
}

void statem_process::print_event(std::ostream& out, const statem_event& e) const {
  out << '{';
  switch (e.what) {
    case statem_event::kind::none:
      break;
    case statem_event::kind::call:
      out << "{call, " << e.from << '}';
      break;
    case statem_event::kind::cast:
      out << "cast";
      break;
    case statem_event::kind::info:
      out << "info";
      break;
    case statem_event::kind::inserted:
      out << "internal";
      break;
    case statem_event::kind::timeout:
      out << e.timer;
  }
  out << ", ";
  if (!e.content.empty() || lent_ != nullptr) print_content(out, node_of(e));
  out << '}';
}

std::string statem_process::events_shown(const std::deque<statem_event>& all) const {
  std::ostringstream out;
  out << '[';
  for (const statem_event& e : all) {
    if (&e != &all.front()) out << ", ";
    print_event(out, e);
  }
  out << ']';
  return std::move(out).str();
}

std::vector<std::string> statem_process::timeouts_shown() const {
  std::vector<std::string> all;
  const auto show = [&](const timer_key& key, const message& content) {
    std::ostringstream text;
    text << '{' << key << ", ";
    print_content(text, content.node());
    text << '}';
    all.push_back(std::move(text).str());
  };
  for (const timer& t : timers_) show(t.key, t.content);
  for (const statem_event& e : due_) show(e.timer, e.content);
  return all;
}

void statem_process::print_state(std::ostream& out) const { print_machine(out); }

void statem_process::format(sys::status& shown) const {
  shown.more.emplace_back("Modules", to_string(module_names()));
  shown.more.emplace_back("Callback mode", mode());
  shown.more.emplace_back("Time-outs", to_string(timeouts_shown()));
  std::vector<std::string> kept;
  for (const statem_event& e : postponed_) {
    std::ostringstream text;
    print_event(text, e);
    kept.push_back(std::move(text).str());
  }
  shown.more.emplace_back("Postponed", to_string(kept));
}

namespace {

// Texts without their quotes.
std::string listed(const std::vector<std::string>& all) {
  std::string text = "[";
  for (const std::string& one : all) text += (&one == &all.front() ? "" : ", ") + one;
  return text + ']';
}

}  // namespace

void statem_process::ended(const exit_reason& why) {
  if (why.is_orderly()) return;
  const sys::status about = system_access(*this).status();
  std::vector<report_field> all{
      {"State machine", (about.name.empty() ? to_string(about.pid) : about.name) + " terminating"}};
  const auto add = [&](const char* key, std::string value) {
    all.push_back({key, std::move(value)});
  };
  if (current_.what != statem_event::kind::none) {
    std::ostringstream event;
    print_event(event, current_);
    add("last event", std::move(event).str());
  }
  add("server state", about.state);
  add("termination", (why.is_error() ? "error:" : "exit:") + to_string(why));
  add("callback modules", listed(module_names()));
  add("callback mode", mode());
  if (!queue_.empty()) add("Queued", events_shown(queue_));
  if (!postponed_.empty()) add("Postponed", events_shown(postponed_));
  if (const std::vector<std::string> timers = timeouts_shown(); !timers.empty())
    add("time-outs", '{' + std::to_string(timers.size()) + ", " + listed(timers) + '}');
  if (!about.log.empty()) add("Log", to_string(about.log));
  emit(laid_out({.severity = severity::error,
                 .title = "ERROR REPORT",
                 .label = "gen_statem terminate",
                 .domain = "otp",
                 .fields = std::move(all),
                 .lay_out = &lay_out_stars}));
}

}  // namespace kin::detail

namespace kin {

unhandled_event::unhandled_event(const std::type_info& event, const std::type_info& state)
    : what_("no handler for " + type_name(event) + " in state " + type_name(state)) {}

}  // namespace kin
