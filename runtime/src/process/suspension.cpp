// SPDX-License-Identifier: Apache-2.0
#include "process/suspension.hpp"

#include <kin/request.hpp>

#include "process/mailbox.hpp"

namespace kin::detail {

void take_suspend(control_block& p, question_signal& s) {
  const bool lives = !p.is(flag_doomed) && !p.is(flag_exiting);
  if (lives) {
    ++p.make_rare().suspensions;
    p.set(flag_suspended);
  }
  answer(request_head{s.caller, s.number}, lives);
  free_signal(&s);
}

void resume_once(control_block& p) {
  if (p.is(flag_suspended) && --p.rare()->suspensions == 0) p.clear(flag_suspended);
}

void resume_all(control_block& p) noexcept {
  for (const auto& [other, times] : p.rare()->suspended) {
    for (std::uint32_t i = 0; i < times; ++i) {
      auto* s = make_signal<signal>(signal_kind::resume);
      if (!post(other, s)) free_signal(s);
    }
  }
  p.rare()->suspended.clear();
}

}  // namespace kin::detail
