// SPDX-License-Identifier: Apache-2.0
#include "process/death.hpp"

#include "process/gate.hpp"
#include "process/ledger.hpp"
#include "process/links.hpp"
#include "process/mailbox.hpp"
#include "process/monitors.hpp"
#include "process/name_table.hpp"
#include "process/scheduling.hpp"
#include "process/suspension.hpp"

#include <utility>

namespace kin::detail {
namespace {

void destroy_state(control_block& p) {
  drain(p);  // what came before the end hears its true reason
  p.set(flag_exiting);
  delete std::exchange(p.body, nullptr);
  if (rarities* rare = p.rare()) {
    rare->values.clear();
    rare->aliases.clear();
    rare->down_makers.clear();
  }
}

void release_names(control_block& p, name_table& names) {
  if (p.extra != nullptr && p.extra->name != nullptr)
    names.leave(*std::exchange(p.extra->name, nullptr), p.name());
  drop_tick(p);
  if (p.rare() != nullptr) drop_own_timers(p);
}

void answer_senders(control_block& p) {
  for (const request_head& waiter : std::exchange(p.extra->rare->room_wanted, {}))
    answer(waiter, false);
}

void close_inbox(control_block& p) {
  if (p.is(flag_in_place)) {  // it lies in the inbox still, and is answered from there
    p.clear(flag_in_place);
    p.in_hand = nullptr;
  }
  if (p.is(flag_bounded)) {
    close_gate(p);
    answer_senders(p);
  }
  p.set(flag_dead);
  apply_all(p, reversed(state::die(p.word)));
}

void answer_owed(control_block& p, const exit_reason& why) {
  if (p.in_hand != nullptr) refuse(std::exchange(p.in_hand, nullptr), why);
  while (promise_record* record = p.owed.pop()) {
    answer_failure(record->head, why);
    let_go(*record);
  }
}

bool empty_queue(control_block& p, const exit_reason& why, int& budget) {
  while (signal* s = p.queue_first) {
    if (--budget < 0) return false;
    p.queue_first = s->next;
    strike_off(p, *s, mail_fate::unread);
    refuse(s, why);
  }
  p.queue_last = nullptr;
  p.left = nullptr;
  return true;
}

}  // namespace

bool go_on_dying(control_block& p, name_table& names, int budget) {
  if (!p.is(flag_dead)) {
    destroy_state(p);
    if (p.extra != nullptr || p.timer != nullptr) release_names(p, names);
    close_inbox(p);
    if (p.in_hand != nullptr || p.owed.first() != nullptr) answer_owed(p, reason_of(p));
  }
  if (p.queue_first != nullptr || p.link_count != 0 || p.extra != nullptr) {
    const exit_reason why = reason_of(p);
    if (!empty_queue(p, why, budget) || !stop_watching(p, budget) || !break_links(p, why, budget) ||
        !tell_watchers(p, why, budget)) {
      return false;
    }
    if (p.rare() != nullptr) resume_all(p);
    if (p.extra != nullptr) lineage::release(p.extra->of_children, 1 + p.extra->uses_for_children);
    delete std::exchange(p.extra, nullptr);
  }
  if (p.born_of != nullptr) release_origin(*std::exchange(p.born_of, nullptr));
  return true;
}

}  // namespace kin::detail
