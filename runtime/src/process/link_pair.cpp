// SPDX-License-Identifier: Apache-2.0
#include "process/link_pair.hpp"

#include "base/pool.hpp"

#include <atomic>
#include <new>

namespace kin::detail {
namespace {

constexpr std::uint8_t link_class = 2;
static_assert(sizeof(link_pair) == 96 && class_bytes[link_class] == 96);

// `size_class` of the maker's half counts the holders: a half does not go back to a pool by itself.
std::atomic_ref<std::uint8_t> holders(link_pair& pair) {
  return std::atomic_ref(pair.of_maker.size_class);
}

}  // namespace

link_pair& link_pair::of(link_half& half) {
  link_half* first = (half.flags & link_half::is_second) != 0 ? &half - 1 : &half;
  return *reinterpret_cast<link_pair*>(first);  // standard layout: the first member's address
}

link_pair* make_link(pid maker, pid other) {
  auto* pair = new (take_memory(sizeof(link_pair), link_class)) link_pair;
  for (link_half* half : {&pair->of_maker, &pair->of_other}) {
    half->kind = signal_kind::link_broken;
    half->flags = half == &pair->of_other ? link_half::is_second : std::uint16_t{0};
  }
  pair->of_maker.size_class = 2;
  pair->of_maker.set_peer(other);
  pair->of_other.set_peer(maker);
  return pair;
}

void let_go(link_pair& pair) noexcept {
  // As two_holders: the second frees, and sees all that the other did with the record.
  if (holders(pair).fetch_sub(1, std::memory_order_acq_rel) == 1) give_memory(&pair, link_class);
}

}  // namespace kin::detail
