// SPDX-License-Identifier: Apache-2.0
#include <kin/alias.hpp>
#include <kin/process.hpp>

#include "api/calling_process.hpp"
#include "process/mailbox.hpp"

namespace kin {

namespace detail {
void post_to_alias(ref alias, signal* s) { post_aliased(alias, s); }
}  // namespace detail

ref alias(alias_until until) {
  detail::control_block& p = detail::calling_process("kin::alias");
  const std::uint64_t number = detail::ref_access::number(make_ref());
  p.make_rare().aliases.emplace(number, until);
  return detail::ref_access::make(number, detail::pid_access::hint(p.name()));
}

bool unalias(ref alias) {
  detail::control_block& p = detail::calling_process("kin::unalias");
  detail::drain(p);  // what came before it is off is in the mailbox
  return p.rare() != nullptr && p.rare()->aliases.erase(detail::ref_access::number(alias)) != 0;
}

}  // namespace kin
