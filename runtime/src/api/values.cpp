// SPDX-License-Identifier: Apache-2.0
#include <kin/values.hpp>

#include "api/calling_process.hpp"

namespace kin {
namespace detail {

message put_value(std::string_view key, message value) {
  auto& values = calling_process("kin::put").more().values;
  const auto at = values.find(key);
  if (at != values.end()) return std::exchange(at->second, std::move(value));
  values.emplace(key, std::move(value));
  return {};
}

message* find_value(std::string_view key) {
  control_block& p = calling_process("kin::get");
  if (p.extra == nullptr) return nullptr;
  const auto at = p.extra->values.find(key);
  return at == p.extra->values.end() ? nullptr : &at->second;
}

message take_value(std::string_view key) {
  control_block& p = calling_process("kin::erase");
  if (p.extra == nullptr) return {};
  const auto at = p.extra->values.find(key);
  if (at == p.extra->values.end()) return {};
  message value = std::move(at->second);
  p.extra->values.erase(at);
  return value;
}

}  // namespace detail

std::vector<std::string> keys() {
  std::vector<std::string> all;
  const detail::control_block& p = detail::calling_process("kin::keys");
  if (p.extra == nullptr) return all;
  for (const auto& [key, value] : p.extra->values) all.push_back(key);
  return all;
}

}  // namespace kin
