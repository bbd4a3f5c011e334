// SPDX-License-Identifier: Apache-2.0
// Keys under which processes register themselves with a value: one process a key, or many.
//
//   inline kin::unique_registry<int, std::string, session> sessions;    one: a name, with a value
//   kin::start_link<session>({.name = sessions.with(42, "guest")});
//   kin::call(sessions[42], get{});
//
//   inline kin::duplicate_registry<std::string, level> listeners;       many: a topic
//   listeners.register_key("weather", level::all);                      this process
//   listeners.dispatch("weather", [](const auto& all) {
//     for (const auto& [pid, level] : all) kin::send(pid, storm{});
//   });
//
// Where a key is all there is, kin::registry<Key, Server> is enough (keyed_registry.hpp), and what
// holds for it holds here: a registry is an object, no process, and whether a holder lives is read
// from its control block at every look. So an entry is gone when the end of its process is seen.
//   I1  A shard is swept of the dead when it has twice the entries that lived at the last sweep; the
//       entries of a key also whenever that key is used.
#pragma once

#include <kin/exit_reason.hpp>
#include <kin/export.hpp>
#include <kin/keyed_registry.hpp>
#include <kin/message.hpp>
#include <kin/pid.hpp>
#include <kin/print.hpp>
#include <kin/process.hpp>
#include <kin/registry.hpp>
#include <kin/request.hpp>
#include <kin/result.hpp>

#include <algorithm>
#include <any>
#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <iosfwd>
#include <iterator>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <type_traits>
#include <unordered_map>
#include <utility>
#include <vector>

namespace KIN_PUBLIC kin {

/// The value where there is none.
struct no_value {
  friend bool operator==(no_value, no_value) = default;
};

/// A process that has registered itself, and with what.
template <class Value>
struct registration {
  kin::pid pid = {};  ///< who
  Value value = {};   ///< with what
  friend bool operator==(const registration&, const registration&) = default;
};

/// To the listeners of a registry: Elixir's {:register, Registry, Key, Pid, Value}.
template <class Key, class Value>
struct key_registered {
  std::string registry = {};  ///< its name
  Key key = {};               ///< which key
  kin::pid pid = {};          ///< who has registered itself
  Value value = {};           ///< with what
};
/// To the listeners of a registry: Elixir's {:unregister, Registry, Key, Pid}. An end of a process
/// is not told: a listener that wants to know monitors it.
template <class Key>
struct key_unregistered {
  std::string registry = {};  ///< its name
  Key key = {};               ///< which key
  kin::pid pid = {};          ///< who has
};

/// Inside the reason of a registration that failed: a process that lives holds the key.
struct already_registered {
  kin::pid pid = {};  ///< who has it
  friend bool operator==(const already_registered&, const already_registered&) = default;
};
std::ostream& operator<<(std::ostream& out, const already_registered& a);

/// How a registry is; every field may be left out.
struct registry_options {
  std::string name = {};  ///< for people, and for its listeners
  /// Who is told of each registration and its end, by the process that makes them. Nobody there: not
  /// told.
  std::vector<kin::name<>> listeners = {};
};

namespace detail {

[[noreturn]] void throw_not_registered(const std::string& key, const exit_reason& why);
[[noreturn]] void throw_not_updated(const std::string& key);

/// The entries of a registry of either kind.
template <class Key, class Value, class Hash, class Equal>
class registrations {
  static_assert(sendable<Key>,
                "kin: a registry keeps its keys, so they own what they mean: no pointer, no view");
  static_assert(std::copy_constructible<Key>, "kin: the keys of a registry are copied");
  static_assert(std::is_invocable_r_v<std::size_t, const Hash&, const Key&>,
                "kin: the keys of a registry need a hash: std::hash<Key>, or one of your own");
  static_assert(std::copy_constructible<Value> && sendable<Value>,
                "kin: who looks into a registry gets a copy of the value: it must be copyable, and "
                "own what it means");

 public:
  /// What processes are found by.
  using key_type = Key;
  /// What they have registered with.
  using value_type = Value;
  /// What a look gives.
  using entry = registration<Value>;

  registrations() = default;
  explicit registrations(registry_options how) : how_(std::move(how)) {}
  registrations(const registrations&) = delete;
  registrations& operator=(const registrations&) = delete;

  /// As it was made.
  [[nodiscard]] const std::string& name() const { return how_.name; }

  /// Who has registered itself under `key`, oldest first.   See  Registry.lookup/2.
  [[nodiscard]] std::vector<entry> lookup(const Key& key) const {
    shard& part = shard_of(key);
    const std::lock_guard hold(part.lock);
    const auto* all = living(part, key);
    return all == nullptr ? std::vector<entry>() : *all;
  }
  /// Those of which `wanted(value)` holds.   See  Registry.match/3.
  template <std::predicate<const Value&> Wanted>
  [[nodiscard]] std::vector<entry> match(const Key& key, Wanted wanted) const {
    auto all = lookup(key);
    std::erase_if(all, [&](const entry& e) { return !wanted(std::as_const(e.value)); });
    return all;
  }
  /// How many `match` gives.   See  Registry.count_match/3.
  template <std::predicate<const Value&> Wanted>
  [[nodiscard]] std::size_t count_match(const Key& key, Wanted wanted) const {
    return match(key, std::move(wanted)).size();
  }
  /// All entries of which `wanted(key, pid, value)` holds, in no order.   See  Registry.select/2.
  template <std::predicate<const Key&, pid, const Value&> Wanted>
  [[nodiscard]] std::vector<std::pair<Key, entry>> select(Wanted wanted) const {
    auto all = entries();
    std::erase_if(all, [&](const auto& one) {
      return !wanted(one.first, one.second.pid, std::as_const(one.second.value));
    });
    return all;
  }
  /// All entries, in no order.
  [[nodiscard]] std::vector<std::pair<Key, entry>> entries() const {
    std::vector<std::pair<Key, entry>> all;
    each([&](const Key& key, const entry& e) { all.emplace_back(key, e); });
    return all;
  }
  /// How many entries there are.   See  Registry.count/1.
  [[nodiscard]] std::size_t count() const {
    std::size_t found = 0;
    each([&](const Key&, const entry&) { ++found; });
    return found;
  }
  /// The keys of a process, one for each of its entries, in no order.
  ///
  /// Cost  a look at all entries.   See  Registry.keys/2.
  [[nodiscard]] std::vector<Key> keys(pid p) const {
    std::vector<Key> all;
    each([&](const Key& key, const entry& e) {
      if (e.pid == p) all.push_back(key);
    });
    return all;
  }
  /// What that process has registered with under `key`, oldest first.   See  Registry.values/3.
  [[nodiscard]] std::vector<Value> values(const Key& key, pid p) const {
    std::vector<Value> all;
    for (entry& e : lookup(key)) {
      if (e.pid == p) all.push_back(std::move(e.value));
    }
    return all;
  }
  /// Calls `f` with who has registered itself under `key`, a const std::vector<registration<Value>>&,
  /// in this process; not if that is nobody. What `f` throws comes here.   See  Registry.dispatch/3.
  template <std::invocable<const std::vector<entry>&> F>
  void dispatch(const Key& key, F f) const {
    const auto all = lookup(key);
    if (!all.empty()) f(all);
  }

  /// Takes back all entries of this process under `key`; none is no error.
  ///
  /// Context  a process.   See  Registry.unregister/2.
  void unregister_key(const Key& key) {
    static_cast<void>(take_back(key, [](const Value&) { return true; }));
    tell(key_unregistered<Key>{how_.name, key, self()});
  }
  /// Takes back those of which `wanted(value)` holds.
  ///
  /// Context  a process.   See  Registry.unregister_match/3.
  template <std::predicate<const Value&> Wanted>
  void unregister_match(const Key& key, Wanted wanted) {
    if (take_back(key, std::move(wanted)) && values(key, self()).empty())
      tell(key_unregistered<Key>{how_.name, key, self()});
  }

  /// What was put under that word, if it was a T.   See  Registry.meta/2.
  template <class T>
  [[nodiscard]] std::optional<T> meta(const std::string& word) const {
    const std::lock_guard hold(meta_lock_);
    const auto at = meta_.find(word);
    const T* kept = at == meta_.end() ? nullptr : std::any_cast<T>(&at->second);
    return kept == nullptr ? std::nullopt : std::optional<T>(*kept);
  }
  /// Keeps something that is about the registry itself.   See  Registry.put_meta/3.
  template <std::copy_constructible T>
  void put_meta(const std::string& word, T value) {
    const std::lock_guard hold(meta_lock_);
    meta_.insert_or_assign(word, std::any(std::move(value)));
  }
  /// Forgets it.   See  Registry.delete_meta/2.
  void delete_meta(const std::string& word) {
    const std::lock_guard hold(meta_lock_);
    meta_.erase(word);
  }

 protected:
  ~registrations() = default;
  static constexpr std::size_t swept_from = 16;
  struct alignas(64) shard {
    std::mutex lock;
    std::unordered_map<Key, std::vector<entry>, Hash, Equal> entries;
    std::size_t count = 0;
    std::size_t sweep_at = swept_from;
  };
  static constexpr unsigned shard_bits = 4;

  shard& shard_of(const Key& key) const {
    constexpr std::uint64_t spread = 11400714819323198485U;  // many hashes are the number itself
    return shards_[static_cast<std::size_t>(std::uint64_t{Hash{}(key)} * spread >>
                                            (64 - shard_bits))];
  }
  /// The entries of a key, without the dead; null: none.
  static std::vector<entry>* living(shard& part, const Key& key) {
    const auto at = part.entries.find(key);
    if (at == part.entries.end()) return nullptr;
    part.count -= bury(at->second);
    if (!at->second.empty()) return &at->second;
    part.entries.erase(at);
    return nullptr;
  }
  /// Under the lock of `part`.
  static void add(shard& part, const Key& key, entry e) {
    if (part.count >= part.sweep_at) {  // I1
      for (auto at = part.entries.begin(); at != part.entries.end();) {
        part.count -= bury(at->second);
        at = at->second.empty() ? part.entries.erase(at) : std::next(at);
      }
      part.sweep_at = std::max(swept_from, 2 * part.count);
    }
    part.entries[key].push_back(std::move(e));
    ++part.count;
  }
  /// True: there was one.
  template <class Wanted>
  bool take_back(const Key& key, Wanted wanted) {
    const pid me = self();
    std::vector<entry> gone;  // destroyed without the lock
    {
      shard& part = shard_of(key);
      const std::lock_guard hold(part.lock);
      auto* all = living(part, key);
      if (all == nullptr) return false;
      const auto kept = std::stable_partition(all->begin(), all->end(), [&](const entry& e) {
        return e.pid != me || !wanted(std::as_const(e.value));
      });
      gone.assign(std::make_move_iterator(kept), std::make_move_iterator(all->end()));
      all->erase(kept, all->end());
      part.count -= gone.size();
      static_cast<void>(living(part, key));  // none left: the key goes, too
    }
    return !gone.empty();
  }
  template <class T>
  void tell(const T& what) const {
    for (const kin::name<>& n : how_.listeners) {
      if (const auto listener = whereis(n)) post_past_bound(*listener, box(T(what)));
    }
  }
  void tell_of(const Key& key, const entry& e) const {
    if (!how_.listeners.empty()) tell(key_registered<Key, Value>{how_.name, key, e.pid, e.value});
  }

 private:
  static std::size_t bury(std::vector<entry>& all) {
    return std::erase_if(all, [](const entry& e) { return has_ended(e.pid); });
  }
  template <class F>
  void each(F f) const {
    for (shard& part : shards_) {
      const std::lock_guard hold(part.lock);
      for (const auto& [key, all] : part.entries) {
        for (const entry& e : all) {
          if (!has_ended(e.pid)) f(key, e);
        }
      }
    }
  }

  registry_options how_;
  mutable std::array<shard, std::size_t{1} << shard_bits> shards_;
  mutable std::mutex meta_lock_;
  std::map<std::string, std::any> meta_;
};

}  // namespace detail

/// One process a key, with a value. A key is an address, as one of kin::registry is: for send, call,
/// whereis, monitor, and as the name that a server starts with.
///
/// Thread  any, but what registers and takes back is for processes, about themselves. The moves and
///         copies of keys and values, and what asks for a match when taking back, run under a lock:
///         they must not wait.
/// Cost    a look-up or change: a lock of one of 16 shards, and one probe.
/// See     Elixir's Registry, keys: :unique.
template <class Key, class Value = no_value, class Server = void, class Hash = std::hash<Key>,
          class Equal = std::equal_to<Key>>
class unique_registry : public detail::registrations<Key, Value, Hash, Equal> {
  using base = detail::registrations<Key, Value, Hash, Equal>;
  using typename base::shard;

 public:
  using typename base::entry;
  /// void: nothing is known of the processes.
  using server_type = Server;

  /// With no name, and no listeners.
  unique_registry() = default;
  /// A registry about which something is to be said.
  explicit unique_registry(registry_options how) : base(std::move(how)) {}
  ~unique_registry() = default;

  /// What a via has that brings a value.
  struct key_and_value {
    Key key;      ///< to be found by
    Value value;  ///< to register with
    friend std::ostream& operator<<(std::ostream& out, const key_and_value& k) {
      print(out, k.key);
      return out;
    }
  };
  /// The registry, for a via that brings a value.
  class with_values {
   public:
    /// Who holds keys.
    using server_type = Server;
    /// A key, with its value.
    using key_type = key_and_value;
    /// Of that registry.
    explicit with_values(unique_registry& in) : in_(in) {}
    /// Who holds the key.
    [[nodiscard]] std::optional<pid> find(const key_and_value& k) const { return in_.find(k.key); }
    /// Gives it to `p`; or who holds it already.
    [[nodiscard]] std::optional<pid> enter(const key_and_value& k, pid p) {
      return in_.enter(k.key, p, k.value);
    }
    /// The caller holds it no more.
    bool leave(const key_and_value& k) { return in_.leave(k.key); }

   private:
    unique_registry& in_;
  };

  /// The address of who holds `key`, whoever it is then. A server that starts with it registers with
  /// the value `Value{}`.
  [[nodiscard]] via<unique_registry> operator[](Key key) { return {*this, std::move(key)}; }
  /// The same for a server that starts, with the value that it registers with: Elixir's {:via,
  /// Registry, {Registry, Key, Value}}.
  [[nodiscard]] via<with_values> with(Key key, Value value) {
    return {with_values_, key_and_value{std::move(key), std::move(value)}};
  }

  /// Registers this process under `key`.
  ///
  /// Returns  already_registered{pid} if a process holds it that lives, be it this one.
  /// Context  a process.   See  Registry.register/3.
  result<void> try_register_key(const Key& key, Value value = {}) {
    if (const auto holder = enter(key, self(), std::move(value)))
      return exit_reason(already_registered{*holder});
    return {};
  }
  /// As try_register_key, but a failure is thrown, as kin::error.
  void register_key(const Key& key, Value value = {}) {
    const auto r = try_register_key(key, std::move(value));
    if (!r) detail::throw_not_registered(to_string(key), r.error());
  }

  /// What update_value did.
  struct update {
    Value now;     ///< what `change` has returned
    Value before;  ///< what it was given
  };
  /// Puts `change(value)` in the place of this process's value; it runs in this process, without a
  /// lock.
  ///
  /// Returns  both; badarg if this process does not hold the key.
  /// Context  a process.   See  Registry.update_value/3.
  template <class Change>
  requires std::is_invocable_r_v<Value, Change&, Value> result<update> try_update_value(
      const Key& key, Change change) {
    const auto mine = this->values(key, self());
    if (mine.empty()) return exit_reason(badarg);
    update both{change(Value(mine.front())), mine.front()};
    shard& part = this->shard_of(key);
    const std::lock_guard hold(part.lock);
    auto* all = this->living(part, key);
    if (all == nullptr || all->front().pid != self()) return exit_reason(badarg);
    all->front().value = both.now;
    return both;
  }
  /// As try_update_value, but that this process does not hold the key is thrown, as kin::error.
  template <class Change>
  requires std::is_invocable_r_v<Value, Change&, Value> update update_value(const Key& key,
                                                                            Change change) {
    auto r = try_update_value(key, std::move(change));
    if (!r) detail::throw_not_updated(to_string(key));
    return *std::move(r);
  }

  /// Who holds it. For behaviours; programs ask `whereis(registry[key])`.
  [[nodiscard]] std::optional<pid> find(const Key& key) const {
    shard& part = this->shard_of(key);
    const std::lock_guard hold(part.lock);
    const auto* all = this->living(part, key);
    return all == nullptr ? std::nullopt : std::optional(all->front().pid);
  }
  /// Gives who holds it, if it is taken. For behaviours.
  [[nodiscard]] std::optional<pid> enter(const Key& key, pid p, Value value = {}) {
    entry e{p, std::move(value)};
    {
      shard& part = this->shard_of(key);
      const std::lock_guard hold(part.lock);
      if (const auto* all = this->living(part, key)) return all->front().pid;
      this->add(part, key, e);
    }
    this->tell_of(key, e);
    return std::nullopt;
  }
  /// False if nobody holds it. For behaviours.
  bool leave(const Key& key) {
    shard& part = this->shard_of(key);
    const std::lock_guard hold(part.lock);
    if (this->living(part, key) == nullptr) return false;
    part.entries.erase(key);
    --part.count;
    return true;
  }

 private:
  with_values with_values_{*this};
};

/// Any number of processes a key, and of entries a process: topics, and who listens to them.
///
/// Thread and Cost as for unique_registry.   See  Elixir's Registry, keys: :duplicate.
template <class Key, class Value = no_value, class Hash = std::hash<Key>,
          class Equal = std::equal_to<Key>>
class duplicate_registry : public detail::registrations<Key, Value, Hash, Equal> {
  using base = detail::registrations<Key, Value, Hash, Equal>;
  using typename base::shard;

 public:
  using typename base::entry;

  /// With no name, and no listeners.
  duplicate_registry() = default;
  /// A registry about which something is to be said.
  explicit duplicate_registry(registry_options how) : base(std::move(how)) {}
  ~duplicate_registry() = default;

  /// Registers this process under `key`, once more if it has before.
  ///
  /// Context  a process.   See  Registry.register/3.
  void register_key(const Key& key, Value value = {}) {
    entry e{self(), std::move(value)};
    {
      shard& part = this->shard_of(key);
      const std::lock_guard hold(part.lock);
      this->add(part, key, e);
    }
    this->tell_of(key, e);
  }
};

}  // namespace kin
