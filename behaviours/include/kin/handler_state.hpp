// SPDX-License-Identifier: Apache-2.0
// kin::sys, for the handlers of a manager of events, each as a state of its own: to look at them and
// to change them. gen_event.hpp includes this.
#pragma once

#include <kin/event_manager.hpp>
#include <kin/exit_reason.hpp>
#include <kin/export.hpp>
#include <kin/installed_handler.hpp>
#include <kin/registry.hpp>
#include <kin/result.hpp>
#include <kin/sys.hpp>
#include <kin/time.hpp>

#include <chrono>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace KIN_PUBLIC kin {
namespace sys {

/// A handler, as get_state sees it.
template <class H>
struct handler_state {
  std::string id = {};  ///< what it was added under
  H state;              ///< a copy of it
};

}  // namespace sys

namespace detail {

template <class H>
constexpr bool check_copied_handler() {
  constexpr bool copied = std::is_copy_constructible_v<H> && std::is_move_assignable_v<H>;
  static_assert(copied,
                "kin: this copies the handler, which cannot be copied; see kin::sys::inspect");
  return copied;
}
template <class H, class Manager>
std::vector<sys::handler_state<H>> states_of(Manager& manager) {
  std::vector<sys::handler_state<H>> all;
  manager.template for_each_of<H>([&](const std::string& id, H& h) { all.push_back({id, h}); });
  return all;
}
/// In a catch (...): what was thrown is forgotten, unless it ends the process.
void forget_failure();

/// `lenient`: one for which `change` fails stays as it is, and that is all.
template <class H, class To, class F>
result<std::vector<sys::handler_state<H>>> change_handlers(const To& to, F change, bool lenient,
                                                           bool suspended_only, duration limit) {
  using states = std::vector<sys::handler_state<H>>;
  if constexpr (check_manager<To>() && check_copied_handler<H>()) {
    constexpr bool fits = std::is_invocable_r_v<H, F&, H>;
    static_assert(fits, "kin: the function takes the handler, by value, and returns the new one");
    if constexpr (fits) {
      using manager_type = typename server_behind<To>::type;
      auto changed = ask_system<manager_type>(
          whereis(to),
          [change = std::move(change), lenient,
           suspended_only](const system_access& at) mutable -> result<states> {
            if (suspended_only && !at.is_suspended()) return exit_reason(sys::not_suspended);
            auto& manager = *static_cast<manager_type*>(at.server());
            manager.template for_each_of<H>([&](const std::string& /*id*/, H& h) {
              try {
                H changed_to = change(H(h));
                h = std::move(changed_to);
              } catch (...) {
                if (!lenient) throw;
                forget_failure();
              }
            });
            return states_of<H>(manager);
          },
          limit);
      return changed ? *std::move(changed) : result<states>(changed.error());
    }
  }
  return exit_reason(badarg);
}

}  // namespace detail

namespace sys {

/// Copies of all handlers of class H, newest first. Those of other classes: see inspect, and
/// gen_event::find.   See  sys:get_state/1.
template <class H, class To>
result<std::vector<handler_state<H>>> try_get_state(const To& manager,
                                                    duration limit = std::chrono::seconds(5)) {
  if constexpr (detail::check_manager<To>() && detail::check_copied_handler<H>()) {
    using manager_type = typename detail::server_behind<To>::type;
    return detail::ask_system<manager_type>(
        whereis(manager),
        [](const detail::system_access& at) {
          return detail::states_of<H>(*static_cast<manager_type*>(at.server()));
        },
        limit);
  } else {
    return exit_reason(badarg);
  }
}
/// As try_get_state, but its error is thrown.
template <class H, class To>
std::vector<handler_state<H>> get_state(const To& manager,
                                        duration limit = std::chrono::seconds(5)) {
  return detail::value_or_throw(try_get_state<H>(manager, limit), "sys::get_state");
}

/// Runs `change(H) -> H` in the manager on a copy of each handler of class H, puts the result in
/// its place, and gives all of them. One for which `change` throws stays as it is, and that is no
/// error.   See  sys:replace_state/2.
template <class H, class To, class F>
result<std::vector<handler_state<H>>> try_replace_state(const To& manager, F change,
                                                        duration limit = std::chrono::seconds(5)) {
  return detail::change_handlers<H>(manager, std::move(change), true, false, limit);
}
/// As try_replace_state, but its error is thrown.
template <class H, class To, class F>
std::vector<handler_state<H>> replace_state(const To& manager, F change,
                                            duration limit = std::chrono::seconds(5)) {
  return detail::value_or_throw(try_replace_state<H>(manager, std::move(change), limit),
                                "sys::replace_state");
}
/// As replace_state, for a manager that is suspended; else not_suspended. When `change` throws,
/// callback_failed: that handler and those behind it are as they were.   See  sys:change_code/4.
template <class H, class To, class F>
result<std::vector<handler_state<H>>> try_change_code(const To& manager, F change,
                                                      duration limit = std::chrono::seconds(5)) {
  return detail::change_handlers<H>(manager, std::move(change), false, true, limit);
}
/// As try_change_code, but its error is thrown.
template <class H, class To, class F>
std::vector<handler_state<H>> change_code(const To& manager, F change,
                                          duration limit = std::chrono::seconds(5)) {
  return detail::value_or_throw(try_change_code<H>(manager, std::move(change), limit),
                                "sys::change_code");
}

}  // namespace sys
}  // namespace kin
