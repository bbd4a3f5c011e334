// SPDX-License-Identifier: Apache-2.0
#include "store/application.hpp"

#include "store/bucket.hpp"
#include "store/events.hpp"
#include "store/registry.hpp"

namespace kv {

using namespace kin::literals;

kin::supervisor store_tree(unsigned restarts) {
  return {
      {.strategy = kin::one_for_all, .intensity = restarts, .period = 5s},
      kin::supervisor_of<bucket()>{
          {.name = bucket_supervisor},
          kin::child_template<bucket()>({.id = "bucket", .restart = kin::temporary}, contents{})},
      kin::child<registry>({.name = the_registry})};
}

const kin::application events_application{
    .name = "events",
    .description = "tells subscribers what becomes of buckets",
    .vsn = "0.1.0",
    .registered = {"kv_events"},
    .start =
        [] {
          return kin::supervisor{{}, kin::child<events>({.name = news})};
        },
};

const kin::application store_application{
    .name = "kv",
    .description = "buckets of keys and values",
    .vsn = "0.1.0",
    .applications = {&events_application},
    .registered = {"kv_buckets", "kv_registry"},
    .start = [] { return store_tree(); },
};

}  // namespace kv
