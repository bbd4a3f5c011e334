// SPDX-License-Identifier: Apache-2.0
#include "sim/event_log.hpp"

#include <kin/pid.hpp>
#include <kin/print.hpp>

#include <algorithm>
#include <iomanip>
#include <sstream>

namespace kin::detail {
namespace {

constexpr std::uint64_t highest_id = ~(std::uint64_t{1} << 63U);

void print(std::ostream& out, const event& e) {
  out << "  " << std::setw(6) << e.step << "  " << std::setw(12) << seconds(e.time) << "  ";
  const std::string what = e.type == nullptr ? std::string() : type_name(*e.type);
  if (e.is_turn) {
    out << pid_access::make(0, e.to) << " runs " << what;
    return;
  }
  if (e.is_fault) {
    out << pid_access::make(0, e.to) << " is killed by the simulation";
    return;
  }
  out << pid_access::make(0, e.to) << " gets " << (what.empty() ? word_for(e.kind) : what);
  if (e.from <= highest_id) out << " from " << pid_access::make(0, e.from);
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
  }
  return "a signal";
}

}  // namespace kin::detail
