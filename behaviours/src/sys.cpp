// SPDX-License-Identifier: Apache-2.0
// The requests of sys that are asked of any server.
#include <kin/gen_server.hpp>
#include <kin/info.hpp>
#include <kin/process.hpp>
#include <kin/sys.hpp>

#include "system_state.hpp"

#include <algorithm>
#include <cerrno>
#include <ostream>
#include <sstream>
#include <system_error>

namespace kin::detail {

constinit const atom_rep not_suspended_rep{"not_suspended"};

void answer_callback_failed(request_head& head) {
  auto why = caught_exit();
  if (!why) throw;  // NOLINT(misc-throw-by-value-catch-by-reference)
  const exit_reason failed(sys::callback_failed{*std::move(why)});
  answer_failure(std::exchange(head, {head.caller, 0}), failed);
}

void print_system_request(std::ostream& out, const void* /*request*/) { out << "system request"; }

// ---- in the server ------------------------------------------------------------------------------

system_state* system_access::found() const {
  return static_cast<system_state*>(host_.beside_.get());
}
system_state& system_access::known() const {
  if (found() == nullptr) host_.beside_ = std::make_unique<system_state>();
  return *found();
}
void system_access::settle() const {
  host_.watched_ = known().watches();
  if (known().is_over()) host_.beside_.reset();
}

void* system_access::server() const { return host_.server(); }
bool system_access::is_suspended() const { return found() != nullptr && found()->suspended; }
void system_access::suspend() const { known().suspended = true; }
void system_access::resume() const {
  known().suspended = false;
  settle();
}

sys::status system_access::status() const {
  std::ostringstream state;
  host_.print_server(state);
  sys::status shown{.pid = self(),
                    .name = info(self())->registered_name,
                    .server = type_name(host_.server_type()),
                    .suspended = is_suspended(),
                    .parent = parent(),
                    .state = state.str(),
                    .log = log(),
                    .expired = host_.expired_};
  host_.format(shown);
  return shown;
}

void system_access::trace(bool on) const {
  known().traces = on;
  settle();
}
void system_access::log(std::size_t keep) const {
  system_state& here = known();
  here.keeps = keep;
  while (here.kept.size() > keep) here.kept.pop_front();
  settle();
}
std::vector<sys::event> system_access::log() const {
  const system_state* here = found();
  return here == nullptr ? std::vector<sys::event>()
                         : std::vector<sys::event>(here->kept.begin(), here->kept.end());
}
void system_access::log_to_file(const std::string& path) const {
  std::ofstream file;
  if (!path.empty()) {
    file.open(path, std::ios::app);
    if (!file) throw std::system_error(errno, std::generic_category(), path);
  }
  known().file = std::move(file);
  settle();
}
void system_access::statistics(bool on) const {
  on ? known().count_from_now(host_.expired_) : known().counted.reset();
  settle();
}
std::optional<sys::counts> system_access::statistics() const {
  if (found() == nullptr || !found()->counted) return std::nullopt;
  sys::counts so_far = *found()->counted;
  so_far.now = clock::now();
  so_far.reductions = info(self())->reductions - so_far.reductions;
  so_far.expired = host_.expired_ - so_far.expired;
  return so_far;
}
void system_access::install(std::string id, sys::debug_function see) const {
  auto& all = known().installed;
  const bool is_there =
      std::ranges::find(all, id, [](const auto& one) { return one.first; }) != all.end();
  if (!is_there) all.emplace_back(std::move(id), std::move(see));
  settle();
}
void system_access::remove(const std::string& id) const {
  std::erase_if(known().installed, [&](const auto& one) { return one.first == id; });
  settle();
}
void system_access::no_debug() const {
  known().no_debug();
  settle();
}

// ---- in the client ------------------------------------------------------------------------------

namespace {

constexpr duration usual_limit = std::chrono::seconds(5);

template <class F>
auto ask(std::optional<pid> to, F function, duration limit = usual_limit) {
  return ask_system<any_server>(to, std::move(function), limit);
}

}  // namespace

result<void> suspend_server(std::optional<pid> to, duration limit) {
  return ask(
      to, [](const system_access& at) { at.suspend(); }, limit);
}
result<void> resume_server(std::optional<pid> to, duration limit) {
  return ask(
      to, [](const system_access& at) { at.resume(); }, limit);
}
result<sys::status> status_of(std::optional<pid> to, duration limit) {
  return ask(
      to, [](const system_access& at) { return at.status(); }, limit);
}
result<void> trace_server(std::optional<pid> to, bool on) {
  return ask(to, [on](const system_access& at) { at.trace(on); });
}
result<void> log_server(std::optional<pid> to, std::size_t keep) {
  return ask(to, [keep](const system_access& at) { at.log(keep); });
}
result<std::vector<sys::event>> log_of(std::optional<pid> to) {
  return ask(to, [](const system_access& at) { return at.log(); });
}
result<void> log_server_to_file(std::optional<pid> to, std::string path) {
  return ask(to, [path = std::move(path)](const system_access& at) { at.log_to_file(path); });
}
result<void> count_server(std::optional<pid> to, bool on) {
  return ask(to, [on](const system_access& at) { at.statistics(on); });
}
result<std::optional<sys::counts>> counts_of(std::optional<pid> to) {
  return ask(to, [](const system_access& at) { return at.statistics(); });
}
result<void> install_in_server(std::optional<pid> to, std::string id, sys::debug_function see) {
  return ask(to, [id = std::move(id), see = std::move(see)](const system_access& at) mutable {
    at.install(std::move(id), std::move(see));
  });
}
result<void> remove_from_server(std::optional<pid> to, std::string id) {
  return ask(to, [id = std::move(id)](const system_access& at) { at.remove(id); });
}
result<void> undebug_server(std::optional<pid> to) {
  return ask(to, [](const system_access& at) { at.no_debug(); });
}

}  // namespace kin::detail
