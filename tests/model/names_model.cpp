// SPDX-License-Identifier: Apache-2.0
// runtime/src/process/name_table.cpp: who looks a name up reads one holder, whole, while it changes,
// and never an earlier one than it has seen. The entry is the real one; the table around it, which
// only grows, is left out.
#include "model/orderings.hpp"
#include "process/name_table.cpp"  // NOLINT(bugprone-suspicious-include): among stand-ins

namespace kin::model {
namespace {

using detail::pid_access;

pid some_pid(std::uint64_t n) { return pid_access::make(n << 4U, n); }

struct name : world {
  detail::name_entry entry;
  [[nodiscard]] unsigned threads() const override { return 2; }
  void run(unsigned thread) override {
    if (thread == 0) {
      detail::set_holder(entry, some_pid(1));
      detail::set_holder(entry, pid{});
      detail::set_holder(entry, some_pid(2));
      return;
    }
    std::uint64_t last = 0;
    for (int i = 0; i < 2; ++i) {
      only_knows(last << 1U | static_cast<unsigned>(i));
      const pid seen = entry.holder();
      const std::uint64_t id = pid_access::id(seen);
      expect(pid_access::hint(seen) == id << 4U, "half of one and half of another");
      expect(id == 0 || id >= last, "it goes back");
      last = id == 0 ? last : id;
    }
  }
};

settings how(std::optional<weakening> weaker = std::nullopt) {
  return {.names = {"version", "hint", "id"}, .weaker = std::move(weaker)};
}

TEST(name, is_read_whole_while_it_changes) { holds(explore_all<name>(how())); }

}  // namespace
}  // namespace kin::model
