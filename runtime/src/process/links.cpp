// SPDX-License-Identifier: Apache-2.0
#include "process/links.hpp"

#include <kin/link.hpp>

#include "process/mailbox.hpp"

#include <new>
#include <utility>

namespace kin::detail {
namespace {

constexpr std::uint32_t many = 16;  // from here on a hash finds the peer

bool has_index(const control_block& p) {
  const rarities* rare = p.rare();
  return rare != nullptr && !rare->links_by_peer.empty();
}

void add(control_block& p, link_half& half) {
  half.set_active(true);
  p.links.push(half);
  ++p.link_count;
  try {
    if (has_index(p)) {
      p.extra->rare->links_by_peer.emplace(half.peer_id, &half);
    } else if (p.link_count > many) {
      auto& index = p.make_rare().links_by_peer;
      for (link_half* h = p.links.first(); h != nullptr; h = link_list::next(*h))
        index.emplace(h->peer_id, h);
    }
  } catch (const std::bad_alloc&) {  // all of them or none: then the list is searched
    if (p.rare() != nullptr) p.rare()->links_by_peer.clear();
  }
}

void remove(control_block& p, link_half& half) {
  half.set_active(false);
  p.links.remove(half);
  --p.link_count;
  if (!has_index(p)) return;
  auto& index = p.extra->rare->links_by_peer;
  auto [first, last] = index.equal_range(half.peer_id);
  while (first->second != &half) ++first;
  index.erase(first);
}

// The owner's half has left its list; the owner's hold goes with the signal.
void tell_unlink(pid peer, link_pair& pair) {
  auto* s = make_signal<record_signal>(signal_kind::unlink);
  s->record = &pair;
  if (!post(peer, s)) refuse_unlink(*s);  // it is dead, and ends the link by itself
}

// The owner of `own`, no longer in its list, tells the other side; its hold goes with it.
void push_broken(link_pair& pair, link_half& own, const reason_rep* why) noexcept {
  const pid peer = own.peer();
  own.why = why;
  if (!post(peer, &pair.other(own))) {
    why->release();
    let_go(pair);
  }
}

}  // namespace

link_half* find_link(control_block& p, pid peer) {
  const std::uint64_t id = pid_access::id(peer);
  if (has_index(p)) {
    auto& index = p.extra->rare->links_by_peer;
    const auto found = index.find(id);
    return found == index.end() ? nullptr : found->second;
  }
  for (link_half* half = p.links.first(); half != nullptr; half = link_list::next(*half)) {
    if (half->peer_id == id) return half;
  }
  return nullptr;
}

void link_at_birth(control_block& parent, control_block& child) {
  link_pair* pair = make_link(parent.name(), child.name());
  add(parent, pair->of_maker);
  add(child, pair->of_other);
}

bool make_link_to(control_block& p, pid other) {
  if (other == p.name() || find_link(p, other) != nullptr) return true;
  auto* s = make_signal<record_signal>(signal_kind::link);
  link_pair* pair = make_link(p.name(), other);
  s->record = pair;
  add(p, pair->of_maker);
  if (post(other, s)) return true;
  remove(p, pair->of_maker);
  let_go(*pair);
  let_go(*pair);
  free_signal(s);
  return false;
}

void unlink_from(control_block& p, pid other) {
  while (link_half* half = find_link(p, other)) {
    const pid peer = half->peer();
    link_pair& pair = link_pair::of(*half);
    remove(p, *half);
    tell_unlink(peer, pair);
  }
}

bool break_links(control_block& p, const exit_reason& why, int& budget) {
  while (link_half* half = p.links.first()) {
    if (--budget < 0) return false;
    const exit_reason told = half->too_late() ? exit_reason(noproc) : why;
    remove(p, *half);
    const reason_rep* rep = reason_access::rep(told);
    rep->retain();
    push_broken(link_pair::of(*half), *half, rep);
  }
  return true;
}

void take_link(control_block& p, record_signal& s) {
  auto& pair = *static_cast<link_pair*>(s.record);
  free_signal(&s);
  link_half& own = pair.of_other;  // its maker sent it
  if (find_link(p, own.peer()) != nullptr) {
    p.set(flag_doubled);  // both sides linked at once: the dying tells its true reason
  } else if (p.is(flag_dead) || p.is(flag_struck)) {
    own.set_too_late();
  }
  add(p, own);
}

void take_unlink(control_block& p, record_signal& s) {
  auto& pair = *static_cast<link_pair*>(s.record);
  link_half& own = pair.of_other.peer_id == p.id() ? pair.of_maker : pair.of_other;
  if (own.active()) {
    remove(p, own);
    let_go(pair);
  }
  refuse_unlink(s);
}

void take_link_broken(control_block& p, link_half& half) {
  link_pair& pair = link_pair::of(half);
  const pid from = half.peer();
  exit_reason why = reason_access::adopt(pair.other(half).why);
  const bool active = half.active();
  if (active) {
    remove(p, half);
    let_go(pair);
  }
  let_go(pair);  // the hold of the dead
  if (!active) return;
  if (p.is(flag_doubled)) {
    while (link_half* twin = find_link(p, from)) {  // its own signal will find it inactive
      link_pair& other = link_pair::of(*twin);
      remove(p, *twin);
      let_go(other);
    }
  }
  if (p.is(flag_traps)) {
    enqueue(p, box(exited{from, std::move(why)}));
  } else if (why != normal) {
    strike(p, std::move(why));
  }
}

void refuse_link(record_signal& s) noexcept {
  auto& pair = *static_cast<link_pair*>(s.record);
  free_signal(&s);
  push_broken(pair, pair.of_other, reason_access::rep(noproc));
}

void refuse_unlink(record_signal& s) noexcept {
  let_go(*static_cast<link_pair*>(s.record));  // the hold that came with it
  free_signal(&s);
}

void discard_link_broken(link_half& half) noexcept {
  link_pair& pair = link_pair::of(half);
  pair.other(half).why->release();
  let_go(pair);
}

}  // namespace kin::detail
