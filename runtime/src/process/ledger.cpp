// SPDX-License-Identifier: Apache-2.0
#include "process/ledger.hpp"

#include "process/mailbox.hpp"
#include "process/scheduling.hpp"

#include <memory>
#include <mutex>
#include <vector>

namespace kin::detail {
namespace {

struct all_ledgers {
  std::mutex lock;
  std::vector<std::unique_ptr<ledger>> made;
  std::vector<ledger*> free;
};
all_ledgers& all() {
  static auto* const immortal = new all_ledgers;
  return *immortal;
}

}  // namespace

ledger& open_ledger(bool is_driven) {
  all_ledgers& pool = all();
  const std::lock_guard hold(pool.lock);
  if (is_driven && !pool.free.empty()) {
    ledger& l = *pool.free.back();
    pool.free.pop_back();
    for (auto& one : l.of_outsiders) one.store(0, std::memory_order_relaxed);
    return l;
  }
  pool.made.push_back(std::make_unique<ledger>());
  pool.made.back()->is_driven = is_driven;
  pool.free.reserve(pool.made.size());  // so that one can always be closed
  return *pool.made.back();
}

void close_ledger(ledger& l) noexcept {
  if (!l.is_driven) return;
  all_ledgers& pool = all();
  const std::lock_guard hold(pool.lock);
  pool.free.push_back(&l);
}

void enter_in_books(control_block& p, signal& s) noexcept {
  signal* mail = mail_in(s);
  if (mail == nullptr) return;
  mail->flags |= on_the_books;
  count_mail(p, mail_fate::sent, 1);
}

bool hand_in_counted(control_block& p, pid to, signal* s) noexcept {
  enter_in_books(p, *s);
  if (hand_in(to, s)) return true;
  if (signal* mail = mail_in(*s)) {
    mail->flags &= static_cast<std::uint16_t>(~on_the_books);
    count_mail(p, mail_fate::sent, -1);
  }
  return false;
}

void strike_off_entered(control_block& p, signal& mail, mail_fate f) noexcept {
  mail.flags &= static_cast<std::uint16_t>(~on_the_books);
  count_mail(p, f, 1);
}

void strike_off_mail_in(control_block& p, signal& s, mail_fate f) noexcept {
  if (signal* mail = mail_in(s)) strike_off(p, *mail, f);
}

void enter_again(control_block& p, signal& mail) noexcept {
  mail.flags |= on_the_books;
  count_mail(p, mail_fate::received, -1);
}

}  // namespace kin::detail
