// SPDX-License-Identifier: Apache-2.0
#include <kin/deadline.hpp>
#include <kin/request.hpp>
#include <kin/request_in_hand.hpp>
#include <kin/response.hpp>
#include <kin/send.hpp>

#include "api/calling_process.hpp"
#include "api/mail.hpp"
#include "api/promise_access.hpp"
#include "process/mailbox.hpp"
#include "process/probe.hpp"
#include "process/promise_record.hpp"

#include <algorithm>
#include <utility>

namespace kin::detail {

const request_type* as_request(const signal& message) {
  if (message.kind != signal_kind::request) return nullptr;
  return static_cast<const request_type*>(message.type);
}

void post_reply(pid caller, signal* reply) {
  reply->kind = signal_kind::reply;
  if (post(caller, reply)) [[likely]]
    return;
  destroy_signal(reply);
  expect_in_reach(caller);
}

void answer_failure(const request_head& head, const exit_reason& why) noexcept {
  auto* s = make_signal<refusal_signal>(signal_kind::refusal);
  s->number = head.number;
  s->why = why;
  if (!post(head.caller, s)) refuse(s, why);
}

promise_record* promise::take_away() noexcept {
  request_head* head = std::exchange(in_hand_, nullptr);
  if (head == nullptr) return std::exchange(record_, nullptr);
  if (head->number == 0) return nullptr;
  control_block& p = calling_process("kin::from");
  promise_record* record = make_promise(*head, p.name());
  p.owed.push(*record);
  head->number = 0;
  return record;
}

bool has_given_up(const request_head& head) noexcept {
  return head.deadline != never && head.deadline <= now();
}
std::optional<clock::time_point> deadline_of(const request_head& head) {
  if (head.deadline == never) return std::nullopt;
  return clock::time_point(duration(head.deadline));
}

std::optional<clock::time_point> promise::deadline() const {
  if (in_hand_ != nullptr) return deadline_of(*in_hand_);
  return record_ == nullptr ? std::nullopt : deadline_of(record_->head);
}

pid promise::caller() const {
  if (in_hand_ != nullptr) return in_hand_->caller;
  return record_ == nullptr ? pid{} : record_->head.caller;
}
const request_head& promise::head() const { return record_->head; }

void promise::fail(const exit_reason& why) noexcept {
  if (in_hand_ != nullptr) {
    if (in_hand_->number != 0) answer_failure(std::exchange(*in_hand_, {in_hand_->caller, 0}), why);
    return;
  }
  if (record_ == nullptr) return;
  control_block* me = current_process();
  // The owner's end answers for it, with its reason, once its name is free; so also when an
  // exception that will end the owner throws it away.
  const bool owner_ends =
      me != nullptr && me->name() == record_->owner &&
      (me->is(flag_exiting) || me->is(flag_doomed) || this_worker().exceptions->uncaught != 0);
  if (owner_ends) {
    let_go(*std::exchange(record_, nullptr));
    return;
  }
  answer_failure(record_->head, why);
  settle();
}

request_head take_back(promise& duty) noexcept { return start_access::take_back(duty); }

void keep_here(promise& duty) noexcept {
  if (promise_record* record = start_access::record(duty)) record->stays = true;
}

in_hand_again::in_hand_again(signal& request) {
  calling_process("kin::detail::in_hand_again").more().in_hand_too = &request;
}
in_hand_again::~in_hand_again() { current_process()->extra->in_hand_too = nullptr; }

void promise::settle() noexcept {
  promise_record* record = std::exchange(record_, nullptr);
  control_block* me = current_process();
  if (me != nullptr && me->name() == record->owner) {
    if (!me->is(flag_dead)) me->owed.remove(*record);
    let_go(*record);
    let_go(*record);
    return;
  }
  // Elsewhere: the record itself tells the owner, who takes it out of its list. Our hold goes with
  // it.
  if (!post(record->owner, record)) let_go(*record);
}

namespace {

// A request that was not posted at once. `normal`: it is now; else why not, and it is destroyed.
// What it waits for room counts against the limit of the call.
exit_reason deliver_request(pid to, signal* request, duration& limit, posted done) {
  message held(request);
  const nanotime start = time_here();
  exit_reason why = deliver_slowly(to, request, limit, done);
  if (why == normal) {
    static_cast<void>(held.release());
  } else {
    head_of(*request).number = 0;
  }
  if (limit != infinity) limit = std::max(duration(0), limit - duration(time_here() - start));
  return why;
}

// What a wait for an answer came to.
reply outcome(const wait& w, bool waited) {
  if (w.answer == nullptr) return reply(waited ? exit_reason(timed_out) : exit_reason(killed));
  return as_reply(w.answer);
}

reply exchange_from_thread(pid to, signal* request, duration limit) {
  message held(request);
  const caller me("kin::call");
  control_block& p = me.block();
  wait w;
  w.kind = wait_kind::reply;
  w.reply_number = p.fresh_call();
  head_of(*request) = {p.name(), w.reply_number, add(time_here(), limit)};
  static_cast<void>(held.release());
  if (const posted done = post_mail(to, request); done != posted::yes) {
    exit_reason why = deliver_request(to, request, limit, done);
    if (why != normal) return reply(std::move(why));
  }
  return outcome(w, wait_for(p, w, limit));
}

}  // namespace

reply exchange(pid to, signal* request, duration limit) {
  control_block* me = current_process();
  if (me == nullptr) [[unlikely]]
    return exchange_from_thread(to, request, limit);
  control_block& p = *me;
  message held(request);
  if (!may_wait(p)) return reply(exit_reason(killed));
  if (to == p.name()) return reply(exit_reason(calling_self));
  static_cast<void>(held.release());
  wait w;
  w.kind = wait_kind::reply;
  w.reply_number = p.fresh_call();
  w.callee = to;
  w.seen = p.queue_last;
  w.until = deadline_in(limit);
  if (serves(p)) {
    w.serves = true;
    request->flags = from_server;
  }
  head_of(*request) = {p.name(), w.reply_number, w.until};
  if (const posted done = post_mail(to, request); done != posted::yes) [[unlikely]] {
    exit_reason why = deliver_request(to, request, limit, done);
    if (why != normal) return reply(std::move(why));
  }
  --this_worker().budget;
  return outcome(w, wait_for(p, w, limit));
}

std::uint64_t post_request(std::optional<pid> to, signal* request) {
  message held(request);
  control_block& p = calling_process("kin::send_request");
  const std::uint64_t number = p.fresh_call();
  p.make_rare().requests.insert(number);
  head_of(*request) = {p.name(), number};
  static_cast<void>(held.release());
  if (!to) {
    refuse(request, noproc);
  } else if (const posted done = post_mail(*to, request); done != posted::yes) [[unlikely]] {
    duration limit = infinity;
    exit_reason why = deliver_request(*to, request, limit, done);
    if (why != normal) answer_failure({p.name(), number}, why);
  }
  return number;
}

void abandon_request(std::uint64_t number) {
  calling_process("kin::receive_response").make_rare().requests.erase(number);
}

void reply::print(std::ostream& out) const {
  if (signal_ == nullptr) {
    out << why_;
  } else {
    signal_->type->print(out, value_of(*signal_));
  }
}

void post_cast(pid to, signal* request) { post_message(to, request); }

void post_past_bound(pid to, signal* mail) noexcept {
  if (!post(to, mail)) refuse(mail, noproc);
}

}  // namespace kin::detail

namespace kin {

std::ostream& operator<<(std::ostream& out, const response& r) {
  out << "response " << r.number_ << ": ";
  r.outcome_.print(out);
  return out;
}

std::optional<clock::time_point> request_deadline() {
  using namespace detail;  // NOLINT(google-build-using-namespace): of this file's own
  const control_block* p = current_process();
  if (p == nullptr) return std::nullopt;
  signal* in_hand =
      p->extra != nullptr && p->extra->in_hand_too != nullptr ? p->extra->in_hand_too : p->in_hand;
  if (in_hand == nullptr || in_hand->kind != signal_kind::request) return std::nullopt;
  return deadline_of(head_of(*in_hand));
}

duration inherit_t::operator()(duration own) const {
  const auto deadline = request_deadline();
  if (!deadline) return own;
  return std::clamp(*deadline - clock::now(), duration(0), std::max(own, duration(0)));
}

}  // namespace kin
