// SPDX-License-Identifier: Apache-2.0
// What a test waits for: a message, an end. Never a time.
#pragma once

#include "support/run.hpp"

#include <string>
#include <utility>
#include <vector>

namespace kin::test {

/// Long enough that only a lost message lasts longer.
inline constexpr kin::duration patience = sanitized ? 30s : 10s;

/// Takes all that is in the caller's mailbox now, and prints it, oldest first.
inline std::vector<std::string> drained() {
  std::vector<std::string> all;
  bool more = true;
  while (more) {
    kin::receive([&](kin::message m) { all.push_back(kin::to_string(m)); },
                 kin::after(0s, [&] { more = false; }));
  }
  return all;
}

[[noreturn]] inline void disappointed(const std::string& wanted) {
  std::string found;
  for (const std::string& text : drained()) found += "\n  " + text;
  ADD_FAILURE() << "waited for " << wanted << "; the mailbox holds"
                << (found.empty() ? std::string(" nothing") : found);
  kin::exit("a test's message did not come");
}

/// Takes the oldest message of type T; without one, the test has failed and this process ends.
template <class T>
T expect(kin::duration within = patience) {
  return kin::receive([](T value) { return value; },
                      kin::after(within, []() -> T { disappointed(kin::type_name(typeid(T))); }));
}

/// The DOWN of that monitor.
inline kin::down expect_down(kin::ref monitor, kin::duration within = patience) {
  return kin::receive(
      kin::when(&kin::down::ref, monitor, [](kin::down d) { return d; }),
      kin::after(within, []() -> kin::down { disappointed("the DOWN of a monitor"); }));
}

/// Waits for the end of a process; the reason it ended for, noproc if it had ended before.
inline kin::exit_reason await_exit(kin::pid p, kin::duration within = patience) {
  return expect_down(kin::monitor(p), within).reason;
}

/// The reason for which a process ends that gets this message: it is watched before it gets it.
template <class Message>
kin::exit_reason end_told_by(kin::pid p, Message message) {
  const kin::ref watch = kin::monitor(p);
  kin::send(p, std::move(message));
  return expect_down(watch).reason;
}

/// A word that processes of a test say to each other.
struct word {
  std::string text;
  friend bool operator==(const word&, const word&) = default;
  friend std::ostream& operator<<(std::ostream& out, const word& w) { return out << w.text; }
};
/// ... and a number.
struct number {
  int value = 0;
  friend bool operator==(const number&, const number&) = default;
  friend std::ostream& operator<<(std::ostream& out, const number& n) { return out << n.value; }
};

/// A process that does nothing until it is told to end.
inline void idle() {
  kin::receive([](const word& /*any*/) {});
}

}  // namespace kin::test
