// SPDX-License-Identifier: Apache-2.0
#include "store/registry.hpp"

#include "store/events.hpp"

#include <stdexcept>
#include <utility>

namespace kv {
namespace {

// Returns when all subscribers have been told, so that who hears of a bucket by an answer of the
// registry has heard of it as a subscriber. If there is no event manager, nobody wants to know.
template <class Event>
void tell(Event event) {
  static_cast<void>(kin::try_sync_notify(news, std::move(event)));
}

}  // namespace

kin::result<bucket_handle> registry::handle_call(create request) {
  const auto known = buckets_.find(request.name);
  if (known != buckets_.end()) return known->second;
  auto fresh = kin::try_start_child(bucket_supervisor);
  if (!fresh) return fresh;
  names_.emplace(kin::monitor(*fresh), request.name);
  buckets_.emplace(request.name, *fresh);
  tell(created{std::move(request.name)});
  return fresh;
}

std::optional<bucket_handle> registry::handle_call(find request) const {
  const auto known = buckets_.find(request.name);
  if (known == buckets_.end()) return std::nullopt;
  return known->second;
}

std::vector<std::string> registry::handle_call(list /*request*/) const {
  std::vector<std::string> all;
  for (const auto& [name, handle] : buckets_) all.push_back(name);
  return all;
}

void registry::handle_cast(crash /*message*/) {
  throw std::runtime_error("the registry has lost its names");
}

void registry::forget(kin::down end) {
  auto name = names_.extract(end.ref);
  if (name.empty()) return;
  buckets_.erase(name.mapped());
  tell(ended{std::move(name.mapped()), std::move(end.reason)});
}

}  // namespace kv
