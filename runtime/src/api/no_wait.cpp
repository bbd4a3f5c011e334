// SPDX-License-Identifier: Apache-2.0
#include <kin/exit_reason.hpp>
#include <kin/no_wait.hpp>

#include "api/calling_process.hpp"
#include "process/unwinding.hpp"

#include <string>
#include <utility>

namespace kin {
namespace detail {

class no_wait_access {
 public:
  static void enter(no_wait& scope) {
    extras& more = scope.process_->more();
    scope.outer_ = std::exchange(more.no_waits, &scope);
    scope.process_->set(flag_no_wait);
  }
  // Members of servers may go in any order.
  static void leave(const no_wait& scope) {
    control_block& p = *scope.process_;
    const no_wait* innermost = p.extra->no_waits;
    if (innermost == &scope) {
      p.extra->no_waits = scope.outer_;
    } else {
      while (innermost->outer_ != &scope) innermost = innermost->outer_;
      const_cast<no_wait*>(innermost)->outer_ = scope.outer_;
    }
    if (p.extra->no_waits == nullptr) p.clear(flag_no_wait);
  }
  static std::string place(const no_wait& scope) {
    return std::string(scope.file_) + ":" + std::to_string(scope.line_);
  }
};

bool refuse_wait(control_block& p) {
  const bool unwinds = p.is(flag_exiting) || this_worker().exceptions->uncaught != 0;
  if (p.is(flag_draining) || unwinds) return false;
  if (p.is(flag_doomed)) throw unwinding{};
  throw error(badarg,
              "a wait (receive, call, sleep, yield or the like) within the kin::no_wait of " +
                  no_wait_access::place(*p.extra->no_waits));
}

}  // namespace detail

no_wait::no_wait(const char* file, unsigned line)
    : file_(file), line_(line), process_(detail::current_process()) {
  if (process_ != nullptr) detail::no_wait_access::enter(*this);
}
no_wait::~no_wait() {
  if (process_ != nullptr) detail::no_wait_access::leave(*this);
}

}  // namespace kin
