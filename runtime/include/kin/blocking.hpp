// SPDX-License-Identifier: Apache-2.0
// kin::blocking: a call that may block its thread, made on a thread for such calls.
#pragma once

#include <kin/export.hpp>

#include <exception>
#include <optional>
#include <type_traits>
#include <utility>

namespace KIN_PUBLIC kin {

namespace detail {
class job {
 public:
  job() = default;
  job(const job&) = delete;
  job& operator=(const job&) = delete;
  virtual ~job() = default;
  virtual void run() noexcept = 0;
};
/// Runs it on a thread of the machine's pool, or right here outside a process. Waits; not even kill
/// interrupts.
void run_blocking(job& j);
}  // namespace detail

/// Runs `f` on a thread where blocking does no harm, and returns what it returns or throws what it
/// throws. For file access, DNS, a foreign library: what takes long without computing. `f` may use
/// what the caller's stack holds.
///
/// A process that is killed meanwhile dies when `f` has returned. Inside `f` the caller is not a
/// process but a thread inside machine::enter: kin::self and kin::receive are errors there,
/// kin::send works, and kin::call blocks that thread. Waits.
///
/// Context  a process; elsewhere `f` runs right here.   Cost  two thread switches, some 10 µs.
template <class F>
auto blocking(F f) {
  static_assert(std::is_invocable_v<F&>,
                "kin: what runs in blocking is called without arguments: capture what it needs");
  using R = typename std::conditional_t<std::is_invocable_v<F&>, std::invoke_result<F&>,
                                        std::type_identity<void>>::type;
  struct call final : detail::job {
    explicit call(F& f) : function(f) {}
    void run() noexcept override {
      try {
        if constexpr (std::is_void_v<R>) {
          function();
        } else {
          value.emplace(function());
        }
      } catch (...) {
        thrown = std::current_exception();
      }
    }
    F& function;
    std::optional<std::conditional_t<std::is_void_v<R>, bool, R>> value;
    std::exception_ptr thrown;
  };
  call c(f);
  detail::run_blocking(c);
  if (c.thrown) std::rethrow_exception(c.thrown);
  if constexpr (!std::is_void_v<R>) return *std::move(c.value);
}

}  // namespace kin
