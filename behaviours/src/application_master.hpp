// SPDX-License-Identifier: Apache-2.0
// The two processes between the controller and an application's tree.
//
//   controller
//     master     traps exits; the group leader of all below; kills who is left at the end
//       guard    runs the application's callbacks, all of them; linked to the top of its tree
//         top
//
// Two, as in OTP: callbacks may take as long as they like, or never return, and the master answers
// meanwhile; and when the master is killed the guard still stops the application in order.
#pragma once

#include <kin/application.hpp>
#include <kin/gen_server.hpp>
#include <kin/link.hpp>
#include <kin/receive.hpp>
#include <kin/send.hpp>

#include "application_table.hpp"

#include <memory>
#include <optional>
#include <vector>

namespace kin::detail {

/// What to start: an application, and those it includes, as deep as that goes, in order.
struct application_parts {
  loaded_application whole;
  std::vector<loaded_application> included;
};

/// What the reason of a master says whose application did not start; inside shutdown(...).
struct did_not_start {
  exit_reason why;
};

/// From a master to the controller: the application is up.
struct application_up {
  pid master;
};

struct get_child {};
/// To end the application in order, and then itself.
struct end_order {};
struct tell_changes {
  app::config_changes changes;
};

class application_master : public gen_server {
 public:
  application_master(application_parts parts, pid controller,
                     std::shared_ptr<application_table> table);
  next init();
  /// The top of the tree; none: it is not up.
  std::optional<pid> handle_call(get_child /*request*/) const { return top_; }
  replies<result<void>> handle_call(tell_changes t, from<result<void>> caller);
  void handle_cast(end_order order);
  auto handle_info() {
    return clauses{[this](const top_is_up& up) {
                     top_ = up.top;
                     kin::send(controller_, application_up{self()});
                   },
                   [this](const exited& e) -> next {
                     if (e.from == guard_) return guard_ended(e.reason);
                     return {};
                   },
                   [](time_is_over /*max_time*/) { return kin::stop(normal); },
                   [](const message& /*of no interest*/) {}};
  }
  void terminate(const exit_reason& why);
  [[nodiscard]] std::string format_status() const { return parts_.whole->name; }

  struct top_is_up {
    pid top;
  };
  struct time_is_over {};

 private:
  next guard_ended(const exit_reason& why);

  application_parts parts_;
  pid controller_;
  std::shared_ptr<application_table> table_;
  pid guard_;
  std::optional<pid> top_;
  bool guarded_ = false;  // the guard has not ended, as far as is known
  bool ending_ = false;
};

}  // namespace kin::detail
