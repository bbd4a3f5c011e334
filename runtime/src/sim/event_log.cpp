// SPDX-License-Identifier: Apache-2.0
#include "sim/event_log.hpp"

#include <kin/pid.hpp>
#include <kin/print.hpp>

#include <algorithm>
#include <iomanip>
#include <sstream>

namespace kin::detail {
namespace {

std::string signal_of(const event& e) {
  return e.type == nullptr ? word_for(e.kind) : type_name(*e.type);
}

void print_sender(std::ostream& out, const event& e) {
  if ((e.from & from_outside) == 0) out << " from " << pid_access::make(0, e.from);
}

void print_fault(std::ostream& out, const event& e) {
  const pid who = pid_access::make(0, e.to);
  switch (e.what) {
    case choice_kind::kill:
      out << who << " is killed by the simulation";
      break;
    case choice_kind::delay:
      out << signal_of(e) << " to " << who;
      print_sender(out, e);
      out << " is delayed by " << e.amount << " us";
      break;
    case choice_kind::late_timer:
      out << "a timer of " << who << " is late by " << e.amount << " us";
      break;
    case choice_kind::failed_spawn:
      out << "a spawn by " << who << " fails";
      break;
    case choice_kind::full_mailbox:
      out << "the mailbox of " << who << " is found full";
      break;
    case choice_kind::failed_allocation:
      out << "an allocation by " << who << " fails: " << *e.place;
      break;
    case choice_kind::next:
    case choice_kind::cut:
      break;
  }
}

void print(std::ostream& out, const event& e) {
  out << "  " << std::setw(6) << e.step << "  " << std::setw(12) << seconds(e.time) << "  ";
  if (e.what != choice_kind::next) return print_fault(out, e);
  const pid who = pid_access::make(0, e.to);
  if (e.is_turn) {
    out << who << " runs " << (e.type == nullptr ? std::string() : type_name(*e.type));
    if (e.amount != 0) out << ", up to " << e.amount << " messages";
    return;
  }
  out << who << " gets " << signal_of(e);
  print_sender(out, e);
}

}  // namespace

std::string event_log::text() const {
  std::ostringstream out;
  for (std::size_t i = count_ - std::min(count_, events_.size()); i < count_; ++i) {
    print(out, events_[i % events_.size()]);
    out << '\n';
  }
  return std::move(out).str();
}

std::string event_log::told_text() const {
  std::ostringstream out;
  for (const event& e : told_) {
    print(out, e);
    out << '\n';
  }
  return std::move(out).str();
}

std::string seconds(nanotime time) {
  std::ostringstream out;
  constexpr nanotime second = 1'000'000'000;
  out << time / second << '.' << std::setfill('0') << std::setw(6) << time % second / 1000 << " s";
  return std::move(out).str();
}

const char* word_for(signal_kind kind) {
  switch (kind) {
    case signal_kind::message:
      return "a message";
    case signal_kind::request:
      return "a request";
    case signal_kind::reply:
      return "a reply";
    case signal_kind::refusal:
      return "a refusal";
    case signal_kind::exit:
      return "an exit signal";
    case signal_kind::stop:
      return "the order to stop";
    case signal_kind::link:
      return "a link";
    case signal_kind::unlink:
      return "an unlink";
    case signal_kind::link_broken:
      return "an exit signal of a link";
    case signal_kind::monitor:
      return "a monitor";
    case signal_kind::demonitor:
      return "a demonitor";
    case signal_kind::monitor_fired:
      return "a DOWN";
    case signal_kind::promise_kept:
      return "word of a reply that was given elsewhere";
    case signal_kind::tick:
      return "a tick";
    case signal_kind::job_done:
      return "the end of a blocking call";
    case signal_kind::alive_question:
      return "is_alive";
    case signal_kind::info_question:
      return "info";
    case signal_kind::suspend:
      return "suspend";
    case signal_kind::resume:
      return "resume";
    case signal_kind::group_leader:
      return "a group leader";
    case signal_kind::room_wanted:
      return "a question for room in its mailbox";
    case signal_kind::aliased:
      return "a message by an alias";
    case signal_kind::named:
      return "a name";
    case signal_kind::probe:
      return "a probe for a circle of calls";
  }
  return "a signal";
}

}  // namespace kin::detail
