// SPDX-License-Identifier: Apache-2.0
// The supervision tree of pools: who starts whom, who is started again with whom.
#pragma once

#include <kin/kin.hpp>

#include "pool/pool_server.hpp"

#include <cstddef>
#include <string_view>
#include <tuple>
#include <utility>

namespace ppool {

/// The supervisor of all pools, registered as `ppool`. Start it once, or put it into your tree:
/// `kin::child(pools)`.
kin::supervisor pools();

namespace detail {

/// A pool under the supervisor of pools. Throws kin::error.
void add_pool(std::string_view name, kin::supervisor tree);
void remove_pool(std::string_view name);

/// The worker supervisor of a server, started under the server's own parent, which calls it
/// `workers`.
kin::pid start_workers(kin::pid parent, kin::supervisor workers);

/// How the workers of a pool are made: from the fixed arguments, and then those of each task.
template <class Worker, class... Extra, class... Fixed>
kin::supervisor workers_of(kin::server<pool<Worker, Extra...>> server,
                           const std::tuple<Fixed...>& fixed) {
  const kin::supervisor_options how{.strategy = kin::simple_one_for_one};
  if constexpr (server_worker<Worker>) {
    return std::apply(
        [&](const Fixed&... f) {
          return kin::supervisor{
              how, kin::child_template<Worker(Extra...)>({.restart = kin::temporary}, f...)};
        },
        fixed);
  } else {
    auto work = [server, fixed](Extra... extra) {
      auto worker =
          std::apply([&](const Fixed&... f) { return Worker(f..., std::move(extra)...); }, fixed);
      using result = result_of<Worker>;
      using finished = typename pool<Worker, Extra...>::finished;
      if constexpr (std::is_void_v<result>) {
        worker();
        kin::cast(server, finished{kin::self(), {}});
      } else {
        kin::cast(server, finished{kin::self(), worker()});
      }
    };
    return kin::supervisor{
        how,
        kin::child_template<kin::pid(Extra...)>(
            {.id = kin::type_name(typeid(Worker)), .restart = kin::temporary}, std::move(work))};
  }
}

/// One pool: its server, which has its workers started beside it.
template <class Worker, class... Extra, class... Fixed>
kin::supervisor pool_tree(const kin::name<pool<Worker, Extra...>>& name, std::size_t limit,
                          std::tuple<Fixed...> fixed) {
  using server = pool<Worker, Extra...>;
  auto workers = [fixed = std::move(fixed)](kin::pid parent, kin::server<server> self) {
    return start_workers(parent, workers_of(self, fixed));
  };
  auto worker = [](kin::pid supervisor, typename server::arguments&& extra) {
    return std::apply(
        [&](Extra&... own) {
          return kin::try_start_child(kin::server<kin::supervisor>{supervisor}, std::move(own)...);
        },
        extra);
  };
  return {{.strategy = kin::one_for_all, .intensity = 5, .period = std::chrono::seconds(60)},
          kin::child<server>({.name = name, .id = "server"}, limit,
                             typename server::start_workers(std::move(workers)),
                             typename server::start_worker(std::move(worker)))};
}

}  // namespace detail
}  // namespace ppool
