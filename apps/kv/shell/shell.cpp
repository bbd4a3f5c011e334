// SPDX-License-Identifier: Apache-2.0
#include "shell/shell.hpp"

#include <kin/application.hpp>

#include "store/application.hpp"
#include "store/registry.hpp"

#include <algorithm>
#include <vector>

namespace kv {
namespace {

using namespace kin::literals;
using words = std::vector<std::string>;

const std::string ok = "OK\n";
const std::string not_found = "NOT FOUND\n";
std::string error(const std::string& why) { return "ERROR " + why + '\n'; }
std::string refused(const kin::exit_reason& why) { return error(kin::to_string(why)); }

std::string all_of(const words& list) {
  std::string text;
  for (const auto& word : list) text += as_typed(word) + '\n';
  return text + ok;
}

// What `act` says of the bucket of that name.
template <class F>
std::string in_bucket(const std::string& name, F act) {
  const auto found = kin::call(the_registry, registry::find{name});
  return found ? act(*found) : not_found;
}

std::string get(const words& w) {
  return in_bucket(w[0], [&](bucket_handle b) {
    const auto value = fetch(b, w[1]);
    return value ? *value + '\n' + ok : not_found;
  });
}

std::string list(const words& w) {
  if (w.empty()) return all_of(kin::call(the_registry, registry::list{}));
  return in_bucket(w[0], [](bucket_handle b) { return all_of(keys(b)); });
}

// It is over when the registry knows, and so has told the news.
std::string crash_bucket(const words& w) {
  return in_bucket(w[0], [&](bucket_handle b) {
    crash(b);
    while (kin::call(the_registry, registry::find{w[0]}) == b) kin::sleep(1ms);
    return ok;
  });
}

bool runs(const std::string& name) {
  const auto all = kin::app::which_applications();
  return std::ranges::find(all, name, &kin::app::description::name) != all.end();
}

std::string apps() {
  std::string text;
  for (const auto& app : kin::app::loaded_applications())
    text += app.name + (runs(app.name) ? " runs: " : " does not run: ") + app.text + '\n';
  return text + ok;
}

std::string start(const words& w) {
  if (w.empty()) {
    const auto started = kin::app::try_ensure_all_started(store_application);
    return started ? all_of(*started) : refused(started.error());
  }
  const auto started = kin::app::try_start(w[0]);
  return started ? ok : refused(started.error());
}

std::string stop(const words& w) {
  const auto stopped = kin::app::try_stop(w.empty() ? store_application.name : w[0]);
  return stopped ? ok : refused(stopped.error());
}

// The supervisor has been told before the DOWN comes, so it answers when the restart is done; or it
// has given up, and then the application is about to end.
std::string crash_registry() {
  const auto top = kin::app::top_process(store_application);
  const auto victim = kin::whereis(the_registry);
  if (!top || !victim) throw kin::call_failed(kin::noproc);
  const kin::ref watch = kin::monitor(*victim);
  kin::cast(the_registry, registry::crash{});
  kin::receive(kin::when(&kin::down::ref, watch, [](const kin::down& /*as asked*/) {}));
  if (!kin::try_count_children(*top)) {
    while (runs(store_application.name)) kin::sleep(1ms);
  }
  return ok;
}

}  // namespace

shell::shell() {
  static_cast<void>(kin::app::try_load(events_application));  // or it is known already
  static_cast<void>(kin::app::try_load(store_application));
}

std::string shell::answer(std::string_view line) {
  const auto parsed = parse(line);
  if (const auto* wrong = std::get_if<mistake>(&parsed)) return error(wrong->text);
  feed_.subscribe();
  std::string text;
  try {
    text = obey(std::get<command>(parsed));
  } catch (const kin::call_failed& failed) {
    text = failed.reason() == kin::noproc ? error("kv does not run; START it")
                                          : refused(failed.reason());
  }
  return text + feed_.told();
}

std::string shell::obey(const command& order) {
  const words& w = order.words;
  switch (order.what) {
    case verb::nothing:
      return {};
    case verb::create:
      kin::call(the_registry, registry::create{w[0]}).value();
      return ok;
    case verb::put:
      return in_bucket(w[0], [&](bucket_handle b) { return put(b, w[1], w[2]), ok; });
    case verb::get:
      return get(w);
    case verb::erase:
      return in_bucket(w[0], [&](bucket_handle b) { return erase(b, w[1]) ? ok : not_found; });
    case verb::list:
      return list(w);
    case verb::crash:
      return w.empty() ? crash_registry() : crash_bucket(w);
    case verb::start:
      return start(w);
    case verb::stop:
      return stop(w);
    case verb::apps:
      return apps();
    case verb::help:
      return help() + ok;
  }
  return {};
}

}  // namespace kv
