// SPDX-License-Identifier: Apache-2.0
#include <kin/keyed_registry.hpp>
#include <kin/registry.hpp>
#include <kin/send.hpp>

#include "api/calling_process.hpp"
#include "process/mailbox.hpp"
#include "process/name_table.hpp"
#include "process/remote.hpp"

#include <memory>
#include <mutex>
#include <unordered_set>

namespace kin {
namespace detail {

std::optional<pid> find_name(const name_text& name) {
  const name_entry* entry = ambient_machine("kin::whereis").names.find(name);
  if (entry == nullptr) return std::nullopt;
  const pid holder = entry->holder();
  return holder ? std::optional(holder) : std::nullopt;
}

namespace {

bool is_of(const machine_core& machine, pid p) {
  const std::uint64_t hint = pid_access::hint(p);
  return hint != 0 && !remote_router::is_remote(hint) && machine_of(block_of(p)) == &machine;
}

}  // namespace

std::optional<pid> enter_name(const name_text& name, pid p) {
  machine_core& machine = ambient_machine("kin::register_name");
  if (!is_gone(p) && !is_of(machine, p))
    throw error(badarg, "register_name: " + to_string(p) + " is no process of this machine");
  pid holder;
  name_entry* entry = machine.names.enter(name, p, holder);
  if (entry == nullptr && holder) return holder;
  if (entry == nullptr)
    throw error(badarg, "register_name: " + to_string(p) + " has a name already");
  control_block* me = current_process();
  if (me != nullptr && me->name() == p) {
    me->more().name = entry;
    return std::nullopt;
  }
  // Its owner alone may note it, and releases it at its end.
  auto* s = make_signal<record_signal>(signal_kind::named);
  s->record = new name_grant{&machine.names, entry};
  if (post(p, s)) return std::nullopt;
  delete static_cast<name_grant*>(s->record);
  free_signal(s);
  machine.names.leave(*entry, p);
  throw error(badarg, "register_name: " + to_string(p) + " is no living process");
}

void register_text(const name_text& name, pid p) {
  if (const auto holder = enter_name(name, p)) {
    throw error(badarg, "register_name: the name '" + std::string(name.text) + "' is held by " +
                            to_string(*holder));
  }
}

bool has_ended(pid p) noexcept { return is_gone(p); }

void key_is_held(const std::string& key, pid holder) {
  throw error(badarg, "register_name: the key " + key + " is held by " + to_string(holder));
}
void key_for_the_dead(const std::string& key, pid p) {
  throw error(badarg,
              "register_name: the key " + key + " is for " + to_string(p) + ", no living process");
}
void key_not_held(const std::string& key) {
  throw error(badarg, "unregister_name: nobody holds the key " + key);
}
void nobody_at_key(const std::string& key) {
  throw error(badarg, "send: nobody holds the key " + key);
}

void name_not_registered(const name_text& name) {
  throw error(badarg, "send: nobody holds the name '" + std::string(name.text) + "'");
}

}  // namespace detail

void unregister_name(const name<void>& n) {
  auto& machine = detail::ambient_machine("kin::unregister_name");
  detail::name_entry* entry = machine.names.find(n.untyped());
  if (entry == nullptr || !machine.names.leave(*entry, entry->holder())) {
    throw error(badarg, "unregister_name: nobody holds the name '" + std::string(n.text()) + "'");
  }
  detail::control_block* me = detail::current_process();
  if (me != nullptr && me->extra != nullptr && me->extra->name == entry) me->extra->name = nullptr;
}

std::vector<std::string> registered() {
  return detail::ambient_machine("kin::registered").names.held();
}

std::string_view intern(const std::string& text) {
  static auto* const lock = new std::mutex;  // immortal: names outlive everything
  static auto* const texts = new std::unordered_set<std::string>;
  const std::lock_guard hold(*lock);
  return *texts->insert(text).first;
}

}  // namespace kin
