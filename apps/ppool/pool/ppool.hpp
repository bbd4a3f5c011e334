// SPDX-License-Identifier: Apache-2.0
// ppool, the process pool: lends a bounded number of worker processes, and queues what does not
// fit.
//
//   inline constexpr kin::name<ppool::pool<resizer, image>> resizers{"resizers"};  // worker, what
//   a task brings
//
//   kin::start_link(ppool::pools());                        // once: the supervisor of all pools
//   ppool::start_pool(resizers, 8, quality{90});            // 8 at once; each gets the fixed
//   arguments first auto worker = ppool::run(resizers, image{...});         // a pid, or noalloc
//   when all are taken auto task = ppool::async_queue(resizers, image{...});   // queued; a
//   done<thumbnail> comes back
//
//   pools                one_for_one: the pools, each a supervisor; one pool's trouble never
//   touches another
//     a pool             one_for_all: started clean again when its server crashes
//       its server       who works, who waits; starts the next one's sibling when it is up:
//       its workers      simple_one_for_one, temporary: a crash frees a place and nothing else
#pragma once

#include <kin/kin.hpp>

#include "pool/pool_server.hpp"
#include "pool/tree.hpp"

#include <concepts>
#include <cstddef>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace ppool {

/// Starts a pool of that name under the supervisor of pools.
///
/// `limit`  workers at once; 0 only queues. `fixed` are copied for each worker, and come before
/// what its task brings. Throws   kin::error: the name is taken, or there is no supervisor of
/// pools. Waits.   Context  a process.
template <class Worker, class... Extra, class... Fixed>
void start_pool(const kin::name<pool<Worker, Extra...>>& name, std::size_t limit, Fixed... fixed) {
  static_assert(
      server_worker<Worker> || callable_worker<Worker>,
      "ppool: a worker is a gen_server, or a class with a call operator without arguments");
  static_assert(std::constructible_from<Worker, const Fixed&..., Extra...>,
                "ppool: the worker has no constructor that takes the fixed arguments and then "
                "those of a task");
  if constexpr (std::constructible_from<Worker, const Fixed&..., Extra...>) {
    detail::add_pool(name.text(),
                     detail::pool_tree(name, limit, std::tuple<Fixed...>(std::move(fixed)...)));
  }
}

/// Ends a pool: its workers, then its server. Who waits in its queue hears of the server's end.
/// Throws  kin::error if there is no such pool.   Waits.
template <class Pool>
void stop_pool(const kin::name<Pool>& name) {
  detail::remove_pool(name.text());
}

namespace detail {
template <class Pool, class... Arguments>
constexpr bool check_arguments() {
  constexpr bool fit = sizeof...(Arguments) == std::tuple_size_v<typename Pool::arguments> &&
                       std::is_constructible_v<typename Pool::arguments, Arguments...>;
  static_assert(fit, "ppool: a task of this pool brings other arguments");
  return fit;
}
}  // namespace detail

/// Starts a worker now: its pid, or why not: `noalloc` when all places are taken, or what its start
/// failed with. Throws  kin::call_failed if the pool cannot be called.   Waits.
template <class Worker, class... Extra, class... A>
kin::result<kin::pid> run(const kin::name<pool<Worker, Extra...>>& name, A... extra) {
  using p = pool<Worker, Extra...>;
  if constexpr (detail::check_arguments<p, A...>()) {
    return kin::call(name, typename p::run_now{typename p::arguments(std::move(extra)...)});
  }
}

/// Waits for its turn, then starts a worker: its pid, or what its start failed with.
/// Throws  kin::call_failed if the pool ends before.   Waits  however long the queue takes.
template <class Worker, class... Extra, class... A>
kin::result<kin::pid> sync_queue(const kin::name<pool<Worker, Extra...>>& name, A... extra) {
  using p = pool<Worker, Extra...>;
  if constexpr (detail::check_arguments<p, A...>()) {
    return kin::call(name, typename p::run_in_turn{typename p::arguments(std::move(extra)...)},
                     kin::infinity);
  }
}

/// Queues a task and goes on. One `done<T>` with the returned reference comes to the caller when it
/// is over; none if the pool itself ends before: monitor it if that matters. Throws
/// kin::call_failed if the pool did not accept the task.   Waits  for its being accepted.
template <class Worker, class... Extra, class... A>
[[nodiscard]] kin::ref async_queue(const kin::name<pool<Worker, Extra...>>& name, A... extra) {
  using p = pool<Worker, Extra...>;
  if constexpr (detail::check_arguments<p, A...>()) {
    return kin::call(name,
                     typename p::run_for{typename p::arguments(std::move(extra)...), kin::self()});
  }
}

/// Changes how many may work at once, while the pool runs. Those above a lower limit finish their
/// work.
template <class Pool>
void resize(const kin::name<Pool>& name, std::size_t limit) {
  kin::call(name, typename Pool::resize{limit});
}

/// How the pool stands now.
template <class Pool>
[[nodiscard]] pool_state state_of(const kin::name<Pool>& name) {
  return kin::call(name, typename Pool::look{});
}

/// Who works now, in no order.
template <class Pool>
[[nodiscard]] std::vector<kin::pid> workers_of(const kin::name<Pool>& name) {
  return kin::call(name, typename Pool::list{});
}

}  // namespace ppool
