// SPDX-License-Identifier: Apache-2.0
// One server that is too busy, as many: N copies under one supervisor, each with a part of the keys.
// Elixir's PartitionSupervisor.
//
//   inline kin::partitions<cache> caches{8};
//   kin::supervisor{{}, kin::partition_supervisor(caches, {}, "cache.db")}   cache("cache.db"), 8 times
//   kin::call(caches["user 42"], get{});                                     the copy of that key
//
// A key leads to the same copy as long as their number is the same. A copy that dies is started again
// under its number; until then calls to its keys fail with noproc, those of the others go on.
#pragma once

#include <kin/export.hpp>
#include <kin/keyed_registry.hpp>
#include <kin/supervisor.hpp>

#include <algorithm>
#include <chrono>
#include <concepts>
#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

namespace KIN_PUBLIC kin {

/// Which copy one is: a server whose constructor takes it first is told.
struct partition {
  std::size_t index = 0;  ///< from 0 to of - 1
  std::size_t of = 0;     ///< how many there are
};

namespace detail {
template <class Key>
concept routed_key = std::integral<Key> || requires(const Key& k) {
  { std::hash<Key>()(k) } -> std::convertible_to<std::size_t>;
};
template <class Key>
std::size_t route(const Key& key, std::size_t count) {
  if constexpr (std::signed_integral<Key>) {
    using whole = std::make_unsigned_t<Key>;
    const auto bits = static_cast<whole>(key);
    return static_cast<std::size_t>((key < 0 ? static_cast<whole>(whole{0} - bits) : bits) % count);
  } else if constexpr (std::integral<Key>) {
    return static_cast<std::size_t>(key % count);
  } else {
    return std::hash<Key>()(key) % count;
  }
}
}  // namespace detail

/// Where the copies of a server are found: `partitions[key]` is an address, for call, cast, send,
/// monitor and all else. It must outlive them; mostly it is a global.
///
/// Thread  any.   Cost  a look-up: a hash of the key, and that of a registry.
template <class Server>
class partitions {
 public:
  /// The server of which there are many.
  using server_type = Server;
  /// As many as that; where nothing is said, as the machine has cores.
  explicit partitions(std::size_t count = std::thread::hardware_concurrency())
      : count_(std::max<std::size_t>(count, 1)) {}
  partitions(const partitions&) = delete;
  partitions& operator=(const partitions&) = delete;
  ~partitions() = default;

  /// How many.
  [[nodiscard]] std::size_t size() const { return count_; }
  /// Of the copy that a key belongs to: an integer modulo their number, without its sign; else its
  /// std::hash.
  template <class Key>
  [[nodiscard]] auto operator[](const Key& key) {
    constexpr bool fits =
        std::convertible_to<const Key&, std::string_view> || detail::routed_key<Key>;
    static_assert(fits, "kin: what leads to a partition needs a std::hash");
    if constexpr (std::convertible_to<const Key&, std::string_view>) {
      return at(detail::route(std::string_view(key), count_));
    } else if constexpr (fits) {
      return at(detail::route(key, count_));
    } else {
      return at(0);
    }
  }
  /// Of the copy with that number, less than size().
  [[nodiscard]] via<registry<std::size_t, Server>> at(std::size_t index) { return all_[index]; }

 private:
  std::size_t count_;
  registry<std::size_t, Server> all_;
};

/// How the copies are supervised; every field may be left out.
struct partition_options {
  supervisor_name name = {};                       ///< of the supervisor of the copies
  kin::strategy strategy = one_for_one;            ///< or another with an order
  unsigned intensity = 3;                          ///< as supervisor_options::intensity
  duration period = std::chrono::seconds(5);       ///< over which restarts are counted
  kin::restart restart = permanent;                ///< when a copy is started again
  std::optional<shutdown_limit> shutdown = {};     ///< 5 s, of supervisors infinity
  kin::backoff backoff = {};                       ///< none
  kin::priority priority = kin::priority::normal;  ///< of servers: who runs first
  mailbox_options mailbox = {};                    ///< of servers: no bound, no alarm
};

namespace detail {
template <class Server, class... A>
child_spec partition_child(partitions<Server>& all, const partition_options& options,
                           std::size_t index, const A&... arguments) {
  const std::string id = std::to_string(index);
  child_spec spec;
  if constexpr (std::derived_from<Server, supervisor>) {
    Server tree(arguments...);
    supervision_kind::rename(tree, all.at(index));
    spec = child({.id = id, .backoff = options.backoff}, std::move(tree));
  } else {
    child_options<Server> how{.name = all.at(index),
                              .id = id,
                              .backoff = options.backoff,
                              .priority = options.priority,
                              .mailbox = options.mailbox};
    if constexpr (std::constructible_from<Server, partition, A...>) {
      spec = child<Server>(std::move(how), partition{index, all.size()}, arguments...);
    } else {
      spec = child<Server>(std::move(how), arguments...);
    }
  }
  spec.restart = options.restart;
  if (options.shutdown) spec.shutdown = options.shutdown;
  return spec;
}
}  // namespace detail

/// The tree of those copies, as a value: one child for each, its id the number, its name that of the
/// partition. Each is a Server made of a kin::partition and these arguments, or of these alone; where
/// Server is a supervisor, of any kind, a copy of the one that is given.
///
/// See  Elixir's PartitionSupervisor.
template <class Server, class... A>
[[nodiscard]] supervisor partition_supervisor(partitions<Server>& all, partition_options options,
                                              A... arguments) {
  constexpr bool copyable = (std::copy_constructible<A> && ...);
  constexpr bool possible =
      std::constructible_from<Server, partition, A...> || std::constructible_from<Server, A...>;
  static_assert(copyable,
                "kin: the arguments of partitions are used for each, so they must be copyable");
  static_assert(possible,
                "kin: the server has no constructor that takes these arguments, nor one that takes "
                "a kin::partition before them");
  std::vector<child_spec> children;
  if constexpr (copyable && possible) {
    children.reserve(all.size());
    for (std::size_t i = 0; i < all.size(); ++i)
      children.push_back(detail::partition_child(all, options, i, arguments...));
  }
  return {supervisor_options{.name = std::move(options.name),
                             .strategy = options.strategy,
                             .intensity = options.intensity,
                             .period = options.period},
          std::move(children)};
}

}  // namespace kin
