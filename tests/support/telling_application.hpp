// SPDX-License-Identifier: Apache-2.0
// Applications that tell the test, word by word, what is asked of their code.
#pragma once

#include <kin/application.hpp>

#include "support/expect.hpp"

#include <functional>
#include <sstream>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace kin::test {

/// What the top of such an application ends for when it is told.
struct end_of_top {
  kin::exit_reason why = {};
};

/// What the code of an application does when it starts.
enum class on_start : unsigned char { runs, refuses, throws, leaves, waits };

/// The code itself. It goes on when the test has heard it, so that words come in the order of what
/// was done.
class told_code {
 public:
  told_code(kin::pid test, std::string name, on_start how)
      : test_(test), name_(std::move(name)), how_(how) {}

  kin::result<kin::pid> start() {
    tell("starts");
    switch (how_) {
      case on_start::refuses:
        return kin::exit_reason("no stock");
      case on_start::throws:
        throw std::runtime_error("no door");
      case on_start::leaves:
        kin::exit(kin::normal);
      case on_start::waits:
        static_cast<void>(expect<word>(1h));
        break;
      case on_start::runs:
        break;
    }
    return kin::spawn_link([] { kin::receive([](end_of_top e) { kin::exit(e.why); }); });
  }
  kin::result<void> start_phase(std::string_view phase, const kin::setting& arguments) {
    std::ostringstream text;
    text << "phase " << phase << ' ' << arguments;
    tell(text.str());
    if (arguments == kin::setting("fails")) return kin::exit_reason("no go");
    if (arguments == kin::setting("throws")) throw std::runtime_error("no way");
    return {};
  }
  void prep_stop() { tell("prepares"); }
  void stop() { tell("stops"); }
  void config_change(const kin::app::config_changes& changes) {
    std::ostringstream text;
    text << "changed " << kin::setting(changes.changed) << " added " << kin::setting(changes.added)
         << " removed " << kin::to_string(changes.removed);
    tell(text.str());
    if (changes.added.count("bad") != 0) throw std::runtime_error("no such setting");
  }

 private:
  void tell(const std::string& what) const {
    kin::send(test_, word{name_ + ' ' + what});
    static_cast<void>(kin::is_alive(test_));
  }

  kin::pid test_;
  std::string name_;
  on_start how_;
};

/// Such an application, of the test that calls this.
inline kin::application telling(const std::string& name, std::vector<kin::app::which> needs = {},
                                on_start how = on_start::runs) {
  kin::application a{.name = name, .description = "for a test", .vsn = "1.2"};
  a.applications = std::move(needs);
  a.start = kin::app::callbacks<told_code>(kin::self(), name, how);
  return a;
}

/// These words come next, in this order.
inline void expect_words(const std::vector<std::string>& all, place asked = place::here()) {
  for (const std::string& one : all) {
    const word next = expect<word>(patience, asked);
    if (next.text != one)
      current_framework().fail(asked, "came: " + next.text + ", instead of: " + one);
  }
}
/// Nobody says anything that has been told to.
inline void expect_no_words() { EXPECT_THAT(drained(), testing::IsEmpty()); }

/// Starts it, and takes the word it says.
inline void start_told(const kin::application& a, kin::restart type = kin::temporary) {
  kin::app::start(a, type);
  expect_words({a.name + " starts"});
}
/// Stops it, and takes its words.
inline void stop_told(const kin::application& a) {
  kin::app::stop(a);
  expect_words({a.name + " prepares", a.name + " stops"});
}

inline std::vector<std::string> names_of(const std::vector<kin::app::description>& all) {
  std::vector<std::string> names;
  for (const auto& one : all) names.push_back(one.name);
  return names;
}
inline std::vector<std::string> running() { return names_of(kin::app::which_applications()); }

/// The top of its tree ends for this reason, and the controller has heard of it.
template <class Why>
void end_top(const kin::application& a, Why why) {
  const kin::pid top = kin::app::top_process(a).value_or(kin::pid{});
  kin::send(top, end_of_top{kin::exit_reason(std::move(why))});
  expect_words({a.name + " prepares", a.name + " stops"});
  settle();
}

/// What the controller that `body` starts ends for, in a process of its own, which lives until then.
inline kin::exit_reason controlled(std::function<void()> body,
                                   kin::app::controller_options options = {}) {
  const auto shell = kin::spawn_monitor([body = std::move(body), options = std::move(options)] {
    kin::trap_exits();
    const auto controller = kin::app::start_link(options);
    body();
    kin::exit(kin::receive(
        kin::when(&kin::exited::from, controller.pid, [](kin::exited e) { return e.reason; })));
  });
  return expect_down(shell.ref).reason;
}

}  // namespace kin::test
