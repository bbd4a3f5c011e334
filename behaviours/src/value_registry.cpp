// SPDX-License-Identifier: Apache-2.0
#include <kin/value_registry.hpp>

#include <ostream>

namespace kin {

std::ostream& operator<<(std::ostream& out, const already_registered& a) {
  return out << "{already_registered, " << a.pid << '}';
}

namespace detail {

void throw_not_registered(const std::string& key, const exit_reason& why) {
  throw error(why, "register_key: " + key + " is not free: " + to_string(why));
}
void throw_not_updated(const std::string& key) {
  throw error(badarg, "update_value: " + to_string(self()) + " does not hold the key " + key);
}

}  // namespace detail
}  // namespace kin
