// SPDX-License-Identifier: Apache-2.0
// The registry: which bucket a name means. It has buckets started by their supervisor and monitors
// them; one that crashes loses its name and touches nobody else.
#pragma once

#include <kin/kin.hpp>

#include "store/bucket.hpp"

#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

namespace kv {

/// Who starts the buckets.
inline constexpr kin::name<kin::supervisor_of<bucket()>> bucket_supervisor{"kv_buckets"};

class registry : public kin::gen_server {
 public:
  struct create {
    std::string name;
  };
  struct find {
    std::string name;
  };
  struct list {};
  struct crash {};

  /// The bucket of that name: it is started if there is none.
  kin::result<bucket_handle> handle_call(create request);
  std::optional<bucket_handle> handle_call(find request) const;
  /// The names, in order.
  std::vector<std::string> handle_call(list request) const;
  void handle_cast(crash message);
  auto handle_info() {
    return kin::clauses{[this](kin::down end) { forget(std::move(end)); }};
  }

  /// What a crash report shows of it: the names.
  [[nodiscard]] std::vector<std::string> format_status() const { return handle_call(list{}); }

 private:
  void forget(kin::down end);

  std::map<std::string, bucket_handle> buckets_;
  std::unordered_map<kin::ref, std::string> names_;  // of those in buckets_, by their monitors
};
inline constexpr kin::name<registry> the_registry{"kv_registry"};

}  // namespace kv
