// SPDX-License-Identifier: Apache-2.0
#include "process/probe.hpp"

#include <kin/print.hpp>
#include <kin/request.hpp>

#include "process/mailbox.hpp"
#include "process/name_table.hpp"
#include "process/remote.hpp"
#include "process/scheduling.hpp"

#include <algorithm>
#include <new>
#include <optional>
#include <ostream>
#include <utility>

namespace kin::detail {
namespace {

// Of a mailbox: what lies deeper is not looked at, so that a probe costs some 100 us at most.
constexpr int looks_max = 10'000;

bool waits_in_call(const control_block& p) {
  return p.waiting != nullptr && p.waiting->callee && p.waiting->answer == nullptr &&
         !p.waiting->late && !p.is(flag_doomed) && !p.is(flag_exiting);
}

// What a process owes to one that waits for it: the type of the request, and when that came if it
// came late.
struct debt {
  const message_type* request = nullptr;  // null: to have started
  std::optional<std::uint32_t> late;
};

bool is_request_of(const waiting_member& caller, const signal* s) {
  if (s == nullptr || s->kind != signal_kind::request) return false;
  const request_head& head = head_of(*const_cast<signal*>(s));
  return head.number == caller.call && head.caller == caller.who.pid;
}

std::optional<debt> in_mailbox(const control_block& p, const waiting_member& caller) {
  int looks = 0;
  const signal* mark = p.waiting->seen;
  const signal* first_late = mark == nullptr ? p.queue_first : mark->next;
  for (const signal* s = first_late; s != nullptr && ++looks < looks_max; s = s->next)
    if (is_request_of(caller, s)) return debt{s->type, s->to};
  for (const signal* s = p.queue_first; s != first_late && ++looks < looks_max; s = s->next)
    if (is_request_of(caller, s)) return debt{s->type, {}};
  return std::nullopt;
}

std::optional<debt> find_debt(const control_block& p, const waiting_member& caller) {
  if (is_request_of(caller, p.in_hand)) return debt{p.in_hand->type, {}};
  if (p.extra != nullptr && is_request_of(caller, p.extra->in_hand_too))
    return debt{p.extra->in_hand_too->type, {}};
  for (auto* owed = p.owed.first(); owed != nullptr; owed = promise_list::next(*owed)) {
    if (owed->stays && owed->head.number == caller.call && owed->head.caller == caller.who.pid)
      return debt{};
  }
  return in_mailbox(p, caller);
}

waiting_member member_of(const control_block& p) {
  waiting_member me;
  me.who.pid = p.name();
  if (p.extra != nullptr && p.extra->name != nullptr) me.who.name = p.extra->name->text;
  if (p.body != nullptr) me.who.server = type_name(p.body->subject());
  me.call = p.waiting->reply_number;
  return me;
}

void send_on(pid to, std::unique_ptr<probe> what) {
  if (remote_router::is_remote(pid_access::hint(to))) return;
  auto* s = make_signal<probe_signal>(signal_kind::probe);
  s->what = std::move(what);
  if (!post(to, s)) discard_probe(*s);
}

// Its request closed the circle: the latest of those that came late. Which these are, and when they
// came, is the same for every probe.
bool came_sooner(const waiting_member& a, const waiting_member& b) {
  if (a.came_late != b.came_late) return b.came_late;
  if (a.came_at != b.came_at) return a.came_at < b.came_at;
  return a.who.pid < b.who.pid;
}

void fail_call(control_block& p, probe& what) {
  call_cycle why;
  for (waiting_member& m : what.path) why.members.push_back(std::move(m.who));
  auto* s = make_signal<refusal_signal>(signal_kind::refusal);
  s->number = p.waiting->reply_number;
  p.waiting->answer = s;
  s->why = exit_reason(std::move(why));
}

void tell(control_block& p, std::unique_ptr<probe> what) {
  const auto closed_by = std::max_element(what->path.begin(), what->path.end(), came_sooner);
  std::rotate(what->path.begin(), closed_by, what->path.end());
  what->at = probe::stage::tells;
  const pid to = what->path.front().who.pid;
  if (to == p.name()) return fail_call(p, *what);
  send_on(to, std::move(what));
}

void go_around(control_block& p, std::unique_ptr<probe> what) {
  if (what->next == what->path.size()) return tell(p, std::move(what));
  const pid to = what->path[what->next].who.pid;
  send_on(to, std::move(what));
}

void seek_on(control_block& p, std::unique_ptr<probe> what) {
  waiting_member& caller = what->path.back();
  const std::optional<debt> owed = find_debt(p, caller);
  if (!owed) return;
  if (owed->request != nullptr) caller.who.request = type_name(*owed->request->info);
  caller.came_late = owed->late.has_value();
  caller.came_at = owed->late.value_or(0);
  const auto met = std::find_if(what->path.begin(), what->path.end(),
                                [&](const waiting_member& m) { return m.who.pid == p.name(); });
  if (met == what->path.end()) {
    what->path.push_back(member_of(p));
    return send_on(p.waiting->callee, std::move(what));
  }
  if (met->call != p.waiting->reply_number) return;
  what->path.erase(what->path.begin(), met);  // who waits for the circle, and is not part of it
  what->at = probe::stage::confirms;
  what->next = 1;
  go_around(p, std::move(what));
}

void confirm(control_block& p, std::unique_ptr<probe> what) {
  if (p.waiting->reply_number != what->path[what->next].call) return;
  if (!find_debt(p, what->path[what->next - 1])) return;
  ++what->next;
  go_around(p, std::move(what));
}

void pass_on(control_block& p, std::unique_ptr<probe> what) {
  if (!waits_in_call(p)) return;
  switch (what->at) {
    case probe::stage::seeks:
      return seek_on(p, std::move(what));
    case probe::stage::confirms:
      return confirm(p, std::move(what));
    case probe::stage::tells:
      if (p.waiting->reply_number == what->path.front().call) fail_call(p, *what);
  }
}

}  // namespace

void note_late_request(control_block& p, signal& request) {
  // Where it is, its receiver is known. A unit is a microsecond; who is first is decided by it, and
  // nothing else.
  request.to = static_cast<std::uint32_t>(now() / 1000);
  // Nobody waits for a client that serves nobody, unless its request came after its call; and then
  // it asks itself, as this one does if it is such a client.
  if ((request.flags & from_server) != 0 || !p.waiting->serves) p.waiting->seeks = true;
}

void seek_circle(control_block& p) noexcept {
  p.waiting->seeks = false;
  if (!waits_in_call(p)) return;
  try {
    auto what = std::make_unique<probe>();
    what->path.push_back(member_of(p));
    send_on(p.waiting->callee, std::move(what));
  } catch (const std::bad_alloc&) {
    // the call ends by its time
  }
}

void take_probe(control_block& p, probe_signal& s) noexcept {
  std::unique_ptr<probe> what = std::move(s.what);
  discard_probe(s);
  try {
    pass_on(p, std::move(what));
  } catch (const std::bad_alloc&) {
    // as above
  }
}

void discard_probe(probe_signal& s) noexcept {
  s.~probe_signal();
  free_signal(&s);
}

}  // namespace kin::detail

namespace kin {

std::ostream& operator<<(std::ostream& out, const call_cycle& c) {
  out << "call_cycle:";
  const auto print = [&](const call_cycle::member& m) {
    out << ' ' << m.pid;
    if (!m.name.empty()) out << ' ' << m.name;
  };
  const char* begin = "";
  for (std::size_t i = 0; i < c.members.size(); ++i) {
    const call_cycle::member& m = c.members[i];
    if (i == 0) print(m);
    out << begin << (m.request.empty() ? " starts" : " calls");
    print(c.members[(i + 1) % c.members.size()]);
    if (!m.request.empty()) out << " with " << m.request;
    begin = ", which";
  }
  return out;
}

}  // namespace kin
