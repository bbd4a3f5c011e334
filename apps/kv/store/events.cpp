// SPDX-License-Identifier: Apache-2.0
#include "store/events.hpp"

namespace kv {
namespace {

class forwarder {
 public:
  explicit forwarder(kin::pid to) : to_(to), watch_(kin::monitor(to)) {}

  void handle_event(const created& event) const { kin::send(to_, event); }
  void handle_event(const ended& event) const { kin::send(to_, event); }
  auto handle_info() {
    return kin::clauses{kin::when(&kin::down::ref, watch_,
                                  [](const kin::down& /*gone*/) { return kin::remove_handler; })};
  }

 private:
  kin::pid to_;
  kin::ref watch_;
};

}  // namespace

kin::result<void> subscribe(kin::pid who) {
  return kin::try_add_handler<forwarder>(news, {.id = kin::to_string(who)}, who);
}

}  // namespace kv
