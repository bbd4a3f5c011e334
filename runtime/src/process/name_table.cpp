// SPDX-License-Identifier: Apache-2.0
#include "process/name_table.hpp"

#include "base/cpu.hpp"

namespace kin::detail {
namespace {

void set_holder(name_entry& entry, pid p) {
  const auto version = entry.version.load(std::memory_order_relaxed);
  entry.version.store(
      version + 1,
      std::memory_order_seq_cst);  // I1: before the parts; rare, so the strongest will do
  entry.holder_hint.store(pid_access::hint(p), std::memory_order_seq_cst);
  entry.holder_id.store(pid_access::id(p), std::memory_order_seq_cst);
  entry.version.store(version + 2, std::memory_order_seq_cst);
}

}  // namespace

pid name_entry::holder() const noexcept {
  for (;;) {
    // Loads in order: on x86 these are plain loads.
    const auto before = version.load(std::memory_order_seq_cst);
    const auto hint = holder_hint.load(std::memory_order_seq_cst);
    const auto id = holder_id.load(std::memory_order_seq_cst);
    if ((before & 1U) == 0 && before == version.load(std::memory_order_seq_cst))
      return pid_access::make(hint, id);
    pause();
  }
}

name_table::name_table() {
  constexpr std::size_t first_size = 256;
  all_.push_back(std::make_unique<slots>(first_size));
  current_.store(all_.back().get(), std::memory_order_release);
}
name_table::~name_table() = default;

name_entry* name_table::find(const name_text& name) const noexcept {
  const slots& table =
      *current_.load(std::memory_order_acquire);  // pairs with the store of a grown table
  for (std::size_t i = name.hash & table.mask;; i = (i + 1) & table.mask) {
    name_entry* entry = table.at[i].load(std::memory_order_acquire);  // pairs with `place`
    if (entry == nullptr) return nullptr;
    if (entry->hash == name.hash && entry->text == name.text) return entry;
  }
}

void name_table::place(slots& table, name_entry* entry) {
  std::size_t i = entry->hash & table.mask;
  while (table.at[i].load(std::memory_order_relaxed) != nullptr) i = (i + 1) & table.mask;
  table.at[i].store(entry, std::memory_order_release);
}

name_entry& name_table::entry_for(const name_text& name) {
  if (name_entry* known = find(name)) return *known;
  slots* table = current_.load(std::memory_order_relaxed);
  if (2 * (entries_.size() + 1) > table->at.size()) {
    all_.push_back(std::make_unique<slots>(2 * table->at.size()));
    table = all_.back().get();
    for (const auto& entry : entries_) place(*table, entry.get());
    current_.store(table, std::memory_order_release);
  }
  entries_.push_back(std::make_unique<name_entry>());
  name_entry& fresh = *entries_.back();
  fresh.text = name.text;
  fresh.hash = name.hash;
  place(*table, &fresh);
  return fresh;
}

name_entry* name_table::enter(const name_text& name, pid p, pid& holder) {
  const std::lock_guard hold(lock_);
  name_entry& entry = entry_for(name);
  holder = entry.holder();
  if (holder || !holders_.insert(p).second) return nullptr;
  set_holder(entry, p);
  return &entry;
}

bool name_table::leave(name_entry& entry, pid p) noexcept {
  const std::lock_guard hold(lock_);
  if (!p || entry.holder() != p) return false;
  holders_.erase(p);
  set_holder(entry, {});
  return true;
}

std::vector<std::string> name_table::held() const {
  const std::lock_guard hold(lock_);
  std::vector<std::string> names;
  for (const auto& entry : entries_) {
    if (entry->holder()) names.push_back(entry->text);
  }
  return names;
}

}  // namespace kin::detail
