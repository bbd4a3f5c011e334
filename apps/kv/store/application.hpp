// SPDX-License-Identifier: Apache-2.0
// The store as two applications. Who subscribes to the events survives a restart of the store, and
// its end, so the event manager is an application of its own, which the store needs.
//
//   events               the application
//     (supervisor)       one_for_one
//       kv_events        the event manager
//   kv                   the application
//     (supervisor)       one_for_all: names without buckets, or buckets without names, are of no use
//       kv_buckets       simple_one_for_one: the buckets, temporary; a crash takes nobody along
//       kv_registry      last, so that it is stopped first: nobody is told of buckets that end then
#pragma once

#include <kin/application.hpp>

namespace kv {

extern const kin::application events_application;
extern const kin::application store_application;

/// The tree of the application kv. `restarts`: how many within 5 s, until it gives up.
kin::supervisor store_tree(unsigned restarts = 1);

}  // namespace kv
