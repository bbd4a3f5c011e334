// SPDX-License-Identifier: Apache-2.0
#include "intensity.hpp"

namespace kin::detail {

bool intensity::allows(time now) {
  while (!restarts_.empty() && now - restarts_.front() > period_) restarts_.pop_front();
  restarts_.push_back(now);
  if (restarts_.size() <= limit_) return true;
  // The supervisor ends now; the bound holds all the same. More than one: it was higher before.
  while (restarts_.size() > limit_) restarts_.pop_front();
  return false;
}

}  // namespace kin::detail
