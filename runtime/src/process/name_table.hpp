// SPDX-License-Identifier: Apache-2.0
// Registered names of one machine. Looking one up is on the way of every send by name: one probe,
// no lock.
//
// A name, once used, keeps its entry as long as the machine (as Erlang keeps its atoms), so the
// table only grows and readers need no protection against removal; who holds the name is a value in
// the entry, read under a version.
//   I1  `version` is odd while the holder is being changed; a reader that saw the same even version
//       twice read one pid.
//   I2  Slots go from null to an entry once; a table that is grown stays readable until the machine
//       ends.
#pragma once

#include <kin/pid.hpp>
#include <kin/registry.hpp>

#include "base/atomic.hpp"

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_set>
#include <vector>

namespace kin::detail {

struct name_entry {
  std::string text;
  std::uint64_t hash = 0;
  atomic<std::uint32_t> version{0};
  atomic<std::uint64_t> holder_hint{0};
  atomic<std::uint64_t> holder_id{0};

  [[nodiscard]] pid holder() const noexcept;
};

class name_table {
 public:
  name_table();
  name_table(const name_table&) = delete;
  name_table& operator=(const name_table&) = delete;
  ~name_table();

  /// The entry if the name was ever used. Lock-free.
  [[nodiscard]] name_entry* find(const name_text& name) const noexcept;
  /// Gives the name to `p`, which must live; the entry. Or null, and why: the holder, or none if
  /// `p` has a name already.
  name_entry* enter(const name_text& name, pid p, pid& holder);
  /// Nobody holds it from now on; false if `p` did not.
  bool leave(name_entry& entry, pid p) noexcept;
  [[nodiscard]] std::vector<std::string> held() const;

 private:
  struct slots {
    explicit slots(std::size_t count) : mask(count - 1), at(count) {}
    std::size_t mask;
    std::vector<atomic<name_entry*>> at;
  };
  name_entry& entry_for(const name_text& name);
  static void place(slots& table, name_entry* entry);

  mutable std::mutex lock_;  // writers
  atomic<slots*> current_;
  std::vector<std::unique_ptr<slots>> all_;
  std::vector<std::unique_ptr<name_entry>> entries_;
  std::unordered_set<pid> holders_;  // one name a process
};

/// What a `named` signal carries: its receiver releases the name when it ends.
struct name_grant {
  name_table* table;
  name_entry* entry;
};

}  // namespace kin::detail
