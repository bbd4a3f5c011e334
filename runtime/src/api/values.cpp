// SPDX-License-Identifier: Apache-2.0
#include <kin/values.hpp>

#include "api/calling_process.hpp"

namespace kin {
namespace detail {

message put_value(std::string_view key, message value) {
  auto& values = calling_process("kin::put").make_rare().values;
  const auto at = values.find(key);
  if (at != values.end()) return std::exchange(at->second, std::move(value));
  values.emplace(key, std::move(value));
  return {};
}

message* find_value(std::string_view key) {
  control_block& p = calling_process("kin::get");
  if (p.rare() == nullptr) return nullptr;
  auto& values = p.rare()->values;
  const auto at = values.find(key);
  return at == values.end() ? nullptr : &at->second;
}

message take_value(std::string_view key) {
  control_block& p = calling_process("kin::erase");
  if (p.rare() == nullptr) return {};
  auto& values = p.rare()->values;
  const auto at = values.find(key);
  if (at == values.end()) return {};
  message value = std::move(at->second);
  values.erase(at);
  return value;
}

}  // namespace detail

std::vector<std::string> keys() {
  std::vector<std::string> all;
  const detail::control_block& p = detail::calling_process("kin::keys");
  if (p.rare() == nullptr) return all;
  for (const auto& [key, value] : p.rare()->values) all.push_back(key);
  return all;
}

}  // namespace kin
