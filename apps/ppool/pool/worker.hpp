// SPDX-License-Identifier: Apache-2.0
// What can be a pool's worker, and what comes of it.
//
//   a gen_server class   started with the fixed and the extra arguments; the task is done when it
//   ends a callable class     made with them in a process of its own, then called once; what it
//   returns is the result
#pragma once

#include <kin/kin.hpp>

#include <concepts>
#include <type_traits>

namespace ppool {

template <class Worker>
concept server_worker = std::derived_from<Worker, kin::gen_server>;
template <class Worker>
concept callable_worker = !server_worker<Worker> && std::invocable<Worker&>;

namespace detail {
template <class Worker>
struct result_of : std::type_identity<void> {};
template <callable_worker Worker>
struct result_of<Worker> : std::type_identity<std::invoke_result_t<Worker&>> {};
}  // namespace detail

/// What a task gives: what the worker's call operator returns; void for a gen_server.
template <class Worker>
using result_of = typename detail::result_of<Worker>::type;

/// What comes back of a task given to async_queue: exactly one for each, also when its worker
/// crashed or could not be started. `outcome` is the result, or the reason the worker ended for.
template <class T>
struct done {
  kin::ref task;
  kin::result<T> outcome;
};

}  // namespace ppool
