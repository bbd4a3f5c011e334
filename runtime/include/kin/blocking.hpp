// SPDX-License-Identifier: Apache-2.0
// kin::blocking: a call that may block its thread, made on a thread for such calls.
#pragma once

#include <kin/export.hpp>
#include <kin/job.hpp>

#include <concepts>
#include <stop_token>
#include <type_traits>
#include <utility>

namespace KIN_PUBLIC kin {

namespace detail {
/// Runs it on a thread of the machine's pool, or right here outside a process. Waits; not even kill
/// interrupts.
void run_blocking(job& j);

template <class F>
class stoppable_job final : public job_of<F> {
 public:
  stoppable_job(F& function, std::stop_source& stop) : job_of<F>(function), stop_(stop) {}
  void request_stop() noexcept override { stop_.request_stop(); }

 private:
  std::stop_source& stop_;
};
}  // namespace detail

/// Runs `f()`, or `f(stop_token)`, on a thread where blocking does no harm, and returns what it
/// returns or throws what it throws. For file access, DNS, a foreign library: what takes long
/// without computing. `f` may use what the caller's stack holds.
///
/// Nothing interrupts `f`: a process that is killed meanwhile dies when `f` has returned. An `f`
/// that takes a std::stop_token hears of it: stop is requested as soon as an exit signal has come
/// that ends the process. A std::stop_callback of `f` then runs on a worker: it should be brief, may
/// send, cannot wait and must not throw.
///
/// Inside `f` the caller is not a process but a thread inside machine::enter: kin::self and
/// kin::receive are errors there, kin::send works, and kin::call blocks that thread. Waits.
///
/// Context  a process; elsewhere `f` runs right here, and its token never asks for a stop.
/// Cost     two thread switches, some 10 µs; with a token one allocation more.
template <class F>
auto blocking(F f) {
  static_assert(std::invocable<F&> || std::invocable<F&, std::stop_token>,
                "kin: what kin::blocking runs takes nothing, or a std::stop_token");
  if constexpr (std::invocable<F&, std::stop_token>) {
    std::stop_source stop;
    const auto call = [&] { return f(stop.get_token()); };
    detail::stoppable_job<decltype(call)> j(call, stop);
    detail::run_blocking(j);
    return j.outcome();
  } else if constexpr (std::invocable<F&>) {
    detail::job_of<F> j(f);
    detail::run_blocking(j);
    return j.outcome();
  }
}

}  // namespace kin
