// SPDX-License-Identifier: Apache-2.0
// A process written by hand that sys can look into and hold, as if it were a server: OTP's special
// processes.
//
//   void channels(int free) {
//     kin::sys::special_process me(free);     // its state, for sys::get_state and the like
//     for (;;) {
//       me.receive([&](take t) { ... --free; }, [&](give) { ++free; });
//     }
//   }
//   const kin::server<int> pool{kin::spawn_link([] { channels(7); })};
//   kin::sys::get_state(pool);                // 7
#pragma once

#include <kin/export.hpp>
#include <kin/message.hpp>
#include <kin/print.hpp>
#include <kin/process.hpp>
#include <kin/receive.hpp>
#include <kin/sys.hpp>
#include <kin/wait.hpp>

#include <iosfwd>
#include <typeinfo>
#include <utility>

namespace KIN_PUBLIC kin {
namespace detail {

class special_host : public server_host {
 public:
  static constexpr bool takes_any = true;
  special_host() : server_host(nullptr) {}
  /// True: it was a message of sys, and is served. Ends the process with what kin::stop said.
  bool serve(receiver& mailbox, signal& candidate);

 protected:
  ~special_host() = default;

 private:
  exit_reason terminate(exit_reason why) override { return why; }
  void see_reply(pid /*caller*/, signal& /*reply*/) override {}
  void apply(message m);
  void stay_suspended();
};

}  // namespace detail

namespace sys {

/// Of one process, made and used in it. The state that sys sees lies elsewhere, and must live as
/// long.
template <class State>
class special_process final : private detail::special_host {
 public:
  /// From now on sys sees this state.
  explicit special_process(State& state) : state_(state) {}
  special_process(const special_process&) = delete;
  special_process& operator=(const special_process&) = delete;
  ~special_process() = default;

  /// As kin::receive, but what sys asks meanwhile is answered; then the wait, and its `after`,
  /// begin anew. While the process is suspended nothing is taken.
  ///
  /// Waits  as kin::receive.   Context  the process that has made it.
  template <class... C>
  auto receive(C... c) {
    return detail::receive_beside(static_cast<detail::special_host&>(*this), std::move(c)...);
  }

 private:
  void* server() override { return &state_; }
  [[nodiscard]] const std::type_info& server_type() const override { return typeid(State); }
  void print_server(std::ostream& out) const override { kin::print(out, state_); }
  State& state_;
};

}  // namespace sys
}  // namespace kin
