// SPDX-License-Identifier: Apache-2.0
#include "pool/tree.hpp"

#include <string>

namespace ppool {
namespace {

constexpr kin::name<kin::supervisor> all_pools{"ppool"};

}  // namespace

// A pool that has given up ends in order, and as a transient child it stays ended; the others go
// on. The generous intensity is for pools that are killed by hand.
kin::supervisor pools() {
  return {{.name = all_pools,
           .strategy = kin::one_for_one,
           .intensity = 1000,
           .period = std::chrono::seconds(1)}};
}

namespace detail {

void add_pool(std::string_view name, kin::supervisor tree) {
  kin::child_spec spec = kin::child(std::move(tree));
  spec.id = name;
  spec.restart = kin::transient;
  kin::start_child(all_pools, std::move(spec));
}

void remove_pool(std::string_view name) {
  kin::terminate_child(all_pools, std::string(name));
  kin::delete_child(all_pools, std::string(name));
}

kin::pid start_workers(kin::pid parent, kin::supervisor workers) {
  kin::child_spec spec = kin::child(std::move(workers));
  spec.id = "workers";
  spec.restart = kin::temporary;  // when the pool starts again, its new server asks for them anew
  return kin::start_child(kin::server<kin::supervisor>{parent}, std::move(spec));
}

}  // namespace detail
}  // namespace ppool
