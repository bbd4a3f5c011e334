// SPDX-License-Identifier: Apache-2.0
// A bucket: keys and their values, in an agent. All functions wait, may be called on any thread,
// and throw kin::call_failed with what a bucket has died of, or noproc.
#pragma once

#include <kin/agent.hpp>
#include <kin/kin.hpp>

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace kv {

using contents = std::map<std::string, std::string>;
using bucket = kin::agent<contents>;
using bucket_handle = kin::server<bucket>;

void put(bucket_handle to, std::string key, std::string value);
std::optional<std::string> fetch(bucket_handle from, std::string key);
/// Gives the value that is no more.
std::optional<std::string> erase(bucket_handle from, std::string key);
/// In order.
std::vector<std::string> keys(bucket_handle of);

/// Has it crash; does not wait for that.
void crash(bucket_handle victim);

}  // namespace kv
