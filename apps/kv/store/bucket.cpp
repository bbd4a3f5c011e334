// SPDX-License-Identifier: Apache-2.0
#include "store/bucket.hpp"

#include <stdexcept>
#include <utility>

namespace kv {

void put(bucket_handle to, std::string key, std::string value) {
  kin::update(to, [key = std::move(key), value = std::move(value)](contents& all) {
    all.insert_or_assign(key, value);
  });
}

std::optional<std::string> fetch(bucket_handle from, std::string key) {
  return kin::get(from, [key = std::move(key)](const contents& all) -> std::optional<std::string> {
    const auto found = all.find(key);
    if (found == all.end()) return std::nullopt;
    return found->second;
  });
}

std::optional<std::string> erase(bucket_handle from, std::string key) {
  return kin::get_and_update(from,
                             [key = std::move(key)](contents& all) -> std::optional<std::string> {
                               const auto gone = all.extract(key);
                               if (gone.empty()) return std::nullopt;
                               return gone.mapped();
                             });
}

std::vector<std::string> keys(bucket_handle of) {
  return kin::get(of, [](const contents& all) {
    std::vector<std::string> only;
    for (const auto& [key, value] : all) only.push_back(key);
    return only;
  });
}

void crash(bucket_handle victim) {
  kin::cast(victim, [](contents& /*lost*/) { throw std::runtime_error("the bucket leaks"); });
}

}  // namespace kv
