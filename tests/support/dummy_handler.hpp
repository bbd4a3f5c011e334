// SPDX-License-Identifier: Apache-2.0
// A handler of events that does what a test tells it, and tells the test what it sees.
#pragma once

#include <kin/gen_event.hpp>

#include "support/expect.hpp"

#include <cstdint>
#include <ostream>
#include <stdexcept>
#include <string>
#include <utility>

namespace kin::test {

/// What the handler of that name is to do; all others let it pass.
struct act {
  enum class what : std::uint8_t { nothing, hibernate, leave, swap, swap_for_refusal, fail, exit };
  std::string who = {};
  what to_do = what::nothing;
  friend bool operator==(const act&, const act&) = default;
};
using to_do = act::what;

using manager = kin::gen_event<word, act>;

/// A handler tells the test of a word, an act, a request or an exit that it got.
struct heard {
  std::string who = {};
  std::string what = {};
  friend bool operator==(const heard&, const heard&) = default;
};
/// ... and of its end.
struct ended {
  std::string who = {};
  handler_end how = {};
  friend bool operator==(const ended&, const ended&) = default;
};
/// ... and what one before it has left.
struct handed_on {
  std::string to = {};
  std::string last_word = {};  // or why there is none
  friend bool operator==(const handed_on&, const handed_on&) = default;
};

struct ask_name {};
struct ask_act {
  act it;
};
struct ask_in_vain {};  // stays unanswered until the manager is sent a number

inline exit_reason no_place() { return "no place"; }

/// Its state prints as `a dummy called NAME`. It has an id where it is called so.
class dummy {
 public:
  dummy(pid test, std::string name, bool refuses = false) : test_(test), name_(std::move(name)) {
    if (refuses) exit(no_place());
  }
  dummy(pid test, std::string name, bool refuses, result<std::string> before)
      : dummy(test, std::move(name), refuses) {
    send(test_, handed_on{name_, before ? *before : to_string(before.error())});
  }
  dummy(pid test, std::string name, result<std::string> before)
      : dummy(test, std::move(name), false, std::move(before)) {}

  void handle_event(const word& w) { tell(w.text); }
  handled handle_event(const act& a) { return done(a); }

  std::string handle_call(ask_name /*request*/, pid caller) {
    tell(to_string(caller == test_ ? "the test" : "another"));
    return name_;
  }
  handler_reply<std::string> handle_call(ask_act a) {
    handled then = done(a.it);
    return {name_, std::move(then)};
  }
  void handle_call(ask_in_vain /*request*/) {
    tell("waits");
    expect<number>(1h);
  }

  auto handle_info() {
    return clauses{[this](const act& a) { return done(a); },
                   [this](const exited& e) { tell(to_string(e.reason)); },
                   [this](number n) { tell(to_string(n)); }};
  }
  std::string terminate(const handler_end& how) {
    send(test_, ended{name_, how});
    return "last word of " + name_;
  }
  [[nodiscard]] std::string format_status() const { return "a dummy called " + name_; }
  [[nodiscard]] const std::string& name() const { return name_; }
  void rename(std::string name) { name_ = std::move(name); }

 private:
  void tell(std::string what) const { send(test_, heard{name_, std::move(what)}); }
  handled done(const act& a) {
    if (a.who != name_) return {};
    switch (a.to_do) {
      case to_do::nothing:
        return noreply;
      case to_do::hibernate:
        return hibernate;
      case to_do::leave:
        return remove_handler;
      case to_do::swap:
        return swap_to<dummy, manager>(*this, {.why = "swap", .id = "successor"}, test_,
                                       "successor");
      case to_do::swap_for_refusal:
        return swap_to<dummy, manager>(*this, {.why = "swap", .id = "successor"}, test_,
                                       "successor", true);
      case to_do::fail:
        throw std::runtime_error("no");
      case to_do::exit:
        kin::exit("leaving");
    }
    return {};
  }
  pid test_;
  std::string name_;
};

/// The end of a handler that was told `fail`.
inline bool is_failure(const exit_reason& why) {
  return why.get_if<std::runtime_error>() != nullptr;
}
inline bool has_failed(const exit_reason& why) {
  const auto* failed = why.get_if<handler_failed>();
  return failed != nullptr && is_failure(failed->why);
}

}  // namespace kin::test
