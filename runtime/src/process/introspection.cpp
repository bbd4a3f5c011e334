// SPDX-License-Identifier: Apache-2.0
#include "process/introspection.hpp"

#include <kin/print.hpp>
#include <kin/request.hpp>

#include "context/backtrace.hpp"
#include "process/gate.hpp"
#include "process/name_table.hpp"

#include <sstream>
#include <utility>

namespace kin::detail {
namespace {

constexpr std::size_t frames_max = 64;

// It waits in kin::hibernate: no callback of its runs, and no message is there.
bool sleeps(const control_block& p) {
  return p.is(flag_hibernates) && p.stopped_on == nullptr && p.in_hand == nullptr &&
         p.queue_first == nullptr;
}

process_status status_of(control_block& p) {
  if (p.is(flag_suspended)) return process_status::suspended;
  if (p.is(flag_fresh)) {
    return sleeps(p) ? process_status::waiting : process_status::runnable;
  }
  if (p.stopped_on != nullptr) {
    return p.waiting->kind == wait_kind::turn ? process_status::runnable : process_status::waiting;
  }
  if (!p.is(flag_handles) || p.in_hand != nullptr) return process_status::running;
  // What the handler has left where it is waits for another message, as it does.
  const signal* to_handle = p.left == nullptr ? p.queue_first : p.left->next;
  return to_handle == nullptr ? process_status::waiting : process_status::runnable;
}

std::string printed(const signal& s) {
  std::ostringstream out;
  s.type->print(out, value_of(const_cast<signal&>(s)));
  return std::move(out).str();
}

void describe_ties(control_block& p, process_info& about) {
  for (auto* half = p.links.first(); half != nullptr; half = link_list::next(*half))
    about.links.push_back(half->peer());
  // A call is watched by its caller, as long as it is not answered.
  for (auto* promise = p.owed.first(); promise != nullptr; promise = promise_list::next(*promise))
    about.monitored_by.push_back(promise->head.caller);
  if (p.in_hand != nullptr && p.in_hand->kind == signal_kind::request &&
      head_of(*p.in_hand).number != 0)
    about.monitored_by.push_back(head_of(*p.in_hand).caller);
  if (p.extra == nullptr) return;
  for (auto* r = p.extra->monitors.first(); r != nullptr; r = watching_list::next(*r))
    about.monitors.push_back(r->watched);
  for (auto* r = p.extra->watchers.first(); r != nullptr; r = watchers_list::next(*r))
    about.monitored_by.push_back(r->watcher);
}

void describe_mailbox(control_block& p, process_info& about, bool messages) {
  for (signal* s = p.queue_first; s != nullptr; s = s->next) {
    ++about.message_queue_len;
    if (messages) about.messages.push_back(printed(*s));
    if (s->kind == signal_kind::request && head_of(*s).number != 0)
      about.monitored_by.push_back(head_of(*s).caller);
  }
}

}  // namespace

const char* function_of(const control_block& p) {
  // One that has a wait and is on its stack still serves its signals before it leaves it.
  if (p.waiting == nullptr) return sleeps(p) ? "kin::hibernate" : "";
  switch (p.waiting->kind) {
    case wait_kind::message:
      return "kin::receive";
    case wait_kind::reply:
      return "kin::call";
    case wait_kind::time:
      return "kin::sleep";
    case wait_kind::blocking:
      return "kin::blocking";
    case wait_kind::turn:
      return "kin::yield";
  }
  return "";
}

namespace {

constexpr std::size_t links_of_neighbour = 20;

// What a crash report has room for; its cost has a bound, but for the count of its messages.
void describe_as_neighbour(control_block& p, process_info& about) {
  for (auto* half = p.links.first(); half != nullptr && about.links.size() < links_of_neighbour;
       half = link_list::next(*half))
    about.links.push_back(half->peer());
  for (const signal* s = p.queue_first; s != nullptr; s = s->next) ++about.message_queue_len;
  if (p.extra != nullptr && p.extra->name != nullptr) about.registered_name = p.extra->name->text;
}

}  // namespace

std::optional<description> describe(control_block& p, const info_signal& wanted) {
  if (p.is(flag_doomed) || p.is(flag_exiting)) return std::nullopt;
  if (wanted.as_neighbour && p.is(flag_traps)) return std::nullopt;
  description about;
  about.pid = p.name();
  about.status = status_of(p);
  if (p.body != nullptr) about.subject = type_name(p.body->subject());
  for (const lineage* l = p.born_of; l != nullptr; l = l->above) {
    about.ancestors.push_back(l->parent_name.empty() ? to_string(l->parent) : l->parent_name);
  }
  if (p.born_of != nullptr) about.parent = p.born_of->parent;
  about.group_leader = group_leader_of(p);
  about.priority = {static_cast<std::uint8_t>(p.at())};
  about.traps_exits = p.is(flag_traps);
  about.reductions = p.reductions();
  about.message_queue_data =
      p.is(flag_off_heap) ? message_queue_data::off_heap : message_queue_data::on_heap;
  about.holds_stack = p.stopped_on != nullptr;
  about.current_function = function_of(p);
  if (wanted.stack && p.stopped_on != nullptr) {
    about.frames.resize(frames_max);
    about.frames.resize(backtrace_of(*p.stopped_on, about.frames));
  }
  if (wanted.as_neighbour) {
    describe_as_neighbour(p, about);
    return about;
  }
  describe_ties(p, about);
  describe_mailbox(p, about, wanted.messages);
  if (p.extra == nullptr) return about;
  if (p.extra->name != nullptr) about.registered_name = p.extra->name->text;
  const rarities* rare = p.rare();
  if (rare == nullptr) return about;
  if (rare->way_in != nullptr)
    about.dropped = rare->way_in->dropped.load(std::memory_order_relaxed);
  if (wanted.dictionary) {
    for (const auto& [key, value] : rare->values)
      about.dictionary.emplace_back(key, printed(value.node()));
  }
  return about;
}

pid group_leader_of(const control_block& p) {
  if (p.rare() != nullptr && p.rare()->group_leader) return p.rare()->group_leader;
  return p.born_of == nullptr ? pid{} : p.born_of->group_leader;
}

void set_group_leader(control_block& p, pid leader) {
  p.make_rare().group_leader = leader;
  extras& more = p.more();
  lineage::release(std::exchange(more.of_children, nullptr),
                   1 + std::exchange(more.uses_for_children, 0));
}

}  // namespace kin::detail
