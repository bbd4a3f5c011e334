// SPDX-License-Identifier: Apache-2.0
#include "shell/feed.hpp"

#include "shell/command.hpp"

#include <utility>

namespace kv {

using namespace kin::literals;

void feed::subscribe() {
  const auto now = kin::whereis(news);
  if (now && *now != manager_ && kv::subscribe(kin::self())) manager_ = *now;
}

std::string feed::told() {
  const auto one_more = [this] {
    return kin::receive([this](const created& event) { return hear(event), true; },
                        [this](const ended& event) { return hear(event), true; },
                        kin::after(0s, [] { return false; }));
  };
  while (one_more()) {
  }
  return std::exchange(text_, {});
}

void feed::hear(const created& event) { text_ += "* " + as_typed(event.bucket) + " is there\n"; }

void feed::hear(const ended& event) {
  text_ += "* " + as_typed(event.bucket) + " is gone: " + kin::to_string(event.why) + '\n';
}

}  // namespace kv
