// SPDX-License-Identifier: Apache-2.0
// Keys that stand for processes: for names that are made at run time, of any type that can be
// hashed.
//
//   inline kin::registry<int, session> sessions;               wherever a program likes, any number
//   kin::start_link<session>({.name = sessions[42]});
//   kin::call(sessions[42], get{});                            noproc if nobody holds the key
//
// A key is held by one process, a process may hold many. It holds them until it ends: no process
// and no machine knows of its keys, but whether a holder lives is read from its own control block
// at every look. That says "dead" before links and monitors are told, so a key is free when its
// holder's end is seen, as a name is. (A list in each process, as for names, would cost a signal a
// key, and tie the registry's life to theirs.)
//   I1  A shard is swept of the dead when it has twice the entries that lived at the last sweep: it
//       grows with those that live, and an entry costs O(1).
#pragma once

#include <kin/exit_reason.hpp>
#include <kin/export.hpp>
#include <kin/message.hpp>
#include <kin/pid.hpp>
#include <kin/print.hpp>
#include <kin/registry.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <iosfwd>
#include <mutex>
#include <optional>
#include <string>
#include <type_traits>
#include <unordered_map>
#include <utility>
#include <vector>

namespace KIN_PUBLIC kin {

template <class Key, class Server, class Hash, class Equal>
class registry;

/// A key of a registry, as an address: what OTP writes {via, Registry, Key}. Made by
/// `registry[key]`, which must outlive it.
template <class Registry>
class via {
 public:
  /// Of the processes that the registry is for.
  using server_type = typename Registry::server_type;
  /// What is looked up.
  using key_type = typename Registry::key_type;

  /// Programs write `registry[key]`.
  via(Registry& in, key_type key) : registry_(&in), key_(std::move(key)) {}
  /// Within its registry.
  [[nodiscard]] const key_type& key() const { return key_; }
  /// Where it is looked up.
  [[nodiscard]] Registry& in() const { return *registry_; }
  /// As its key.
  friend std::ostream& operator<<(std::ostream& out, const via& v) {
    print(out, v.key_);
    return out;
  }

 private:
  Registry* registry_;
  key_type key_;
};

namespace detail {
/// It has ended, and its links and monitors hear of it now, or have.
[[nodiscard]] bool has_ended(pid p) noexcept;
[[noreturn]] void key_is_held(const std::string& key, pid holder);
[[noreturn]] void key_for_the_dead(const std::string& key, pid p);
[[noreturn]] void key_not_held(const std::string& key);
}  // namespace detail

/// Which process holds which key. Where `Server` is given, `call` and `cast` know what is behind a
/// key.
///
/// Its processes may be of several machines; it may end before them, or live on.
/// Thread  any. `Hash`, `Equal` and the moves of `Key` run under a lock: they must not wait.
/// Cost    a look-up or change: a lock of one of 16 shards, one probe, a look at the holder. An
///         entry of a dead process is kept until its key is used, or until there are twice as many
///         entries as there were last.
/// See     Elixir's Registry, with unique keys.
template <class Key, class Server = void, class Hash = std::hash<Key>,
          class Equal = std::equal_to<Key>>
class registry {
  static_assert(sendable<Key>,
                "kin: a registry keeps its keys, so they own what they mean: no pointer, no view");
  static_assert(std::is_invocable_r_v<std::size_t, const Hash&, const Key&>,
                "kin: the keys of a registry need a hash: std::hash<Key>, or one of your own as "
                "the third argument");

 public:
  /// What processes are found by.
  using key_type = Key;
  /// void: nothing is known of them.
  using server_type = Server;

  registry() = default;
  registry(const registry&) = delete;
  registry& operator=(const registry&) = delete;
  ~registry() = default;

  /// The address of who holds `key`, whoever it is then: for send, call, whereis, monitor, start ...
  [[nodiscard]] via<registry> operator[](Key key) { return via<registry>(*this, std::move(key)); }

  /// All keys that are held now and who holds them, in no order.
  [[nodiscard]] std::vector<std::pair<Key, pid>> entries() const {
    std::vector<std::pair<Key, pid>> all;
    for (const shard& part : shards_) {
      const std::lock_guard hold(part.lock);
      for (const auto& [key, holder] : part.holders) {
        if (!detail::has_ended(holder)) all.emplace_back(key, holder);
      }
    }
    return all;
  }

  /// Who holds it. For behaviours; programs ask `whereis(registry[key])`.
  [[nodiscard]] std::optional<pid> find(const Key& key) const {
    const shard& part = shards_[index_of(key)];
    const std::lock_guard hold(part.lock);
    const auto at = part.holders.find(key);
    return at == part.holders.end() || detail::has_ended(at->second) ? std::nullopt
                                                                     : std::optional(at->second);
  }
  /// Gives who holds it, if it is taken. For behaviours; programs write
  /// `register_name(registry[key], p)`.
  [[nodiscard]] std::optional<pid> enter(const Key& key, pid p) {
    shard& part = shards_[index_of(key)];
    const std::lock_guard hold(part.lock);
    if (part.holders.size() >= part.sweep_at) sweep(part);
    pid& holder = part.holders[key];
    if (!detail::has_ended(holder)) return holder;
    holder = p;
    return std::nullopt;
  }
  /// False if nobody holds it. For behaviours; programs write `unregister_name(registry[key])`.
  bool leave(const Key& key) {
    shard& part = shards_[index_of(key)];
    const std::lock_guard hold(part.lock);
    const auto at = part.holders.find(key);
    if (at == part.holders.end()) return false;
    const bool was_held = !detail::has_ended(at->second);
    part.holders.erase(at);
    return was_held;
  }

 private:
  static constexpr std::size_t swept_from = 16;
  struct alignas(64) shard {
    mutable std::mutex lock;
    std::unordered_map<Key, pid, Hash, Equal> holders;
    std::size_t sweep_at = swept_from;
  };
  static constexpr unsigned shard_bits = 4;

  static std::size_t index_of(const Key& key) {
    constexpr std::uint64_t spread = 11400714819323198485U;  // many hashes are the number itself
    return static_cast<std::size_t>(std::uint64_t{Hash{}(key)} * spread >> (64 - shard_bits));
  }
  static void sweep(shard& part) {  // I1
    std::erase_if(part.holders, [](const auto& entry) { return detail::has_ended(entry.second); });
    const std::size_t twice = 2 * part.holders.size();
    part.sweep_at = twice > swept_from ? twice : swept_from;
  }

  std::array<shard, std::size_t{1} << shard_bits> shards_;
};

/// Who holds the key; nobody once its process has ended.
///
/// Thread  any.
template <class Registry>
[[nodiscard]] std::optional<pid> whereis(const via<Registry>& v) {
  return v.in().find(v.key());
}
/// Gives the key to `p`, beside others that it may have.
///
/// Throws  kin::error with badarg if it is taken, or if `p` is dead.
/// Thread  any.   See  Elixir's Registry.register/3.
template <class Registry>
void register_name(const via<Registry>& v, pid p) {
  if (detail::has_ended(p)) detail::key_for_the_dead(to_string(v.key()), p);
  if (const auto holder = v.in().enter(v.key(), p))
    detail::key_is_held(to_string(v.key()), *holder);
}
/// Takes the key from whoever holds it.
///
/// Throws  kin::error with badarg if nobody holds it.
/// Thread  any.
template <class Registry>
void unregister_name(const via<Registry>& v) {
  if (!v.in().leave(v.key())) detail::key_not_held(to_string(v.key()));
}

}  // namespace kin
