// SPDX-License-Identifier: Apache-2.0
// A state machine that does what its events say, and remembers what it saw.
#pragma once

#include <kin/gen_statem.hpp>

#include "support/expect.hpp"

#include <functional>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

namespace kin::test {

struct at_a {
  friend std::ostream& operator<<(std::ostream& out, const at_a& /*s*/) { return out << 'a'; }
};
struct at_b {
  int floor = 0;
  friend bool operator==(const at_b&, const at_b&) = default;
  friend std::ostream& operator<<(std::ostream& out, const at_b& s) {
    return s.floor == 0 ? out << 'b' : out << 'b' << s.floor;
  }
};
/// Sets two timeouts of zero when it is entered.
struct at_timed {
  friend std::ostream& operator<<(std::ostream& out, const at_timed& /*s*/) {
    return out << "timed";
  }
};
/// Is entered until it was three times.
struct at_thrice {
  int times = 0;
  friend std::ostream& operator<<(std::ostream& out, const at_thrice& /*s*/) {
    return out << "thrice";
  }
};

/// Is written down.
struct note {
  std::string text;
  friend std::ostream& operator<<(std::ostream& out, const note& n) { return out << n.text; }
};
/// The same, under another type.
struct tick {
  std::string text;
};
/// Postponed in `a`, written down elsewhere.
struct later {
  int number = 0;
  friend std::ostream& operator<<(std::ostream& out, const later& l) { return out << l.number; }
};
/// What was written down; forgotten by that.
struct get_notes {};

class walker : public kin::gen_statem<walker, at_a, at_b, at_timed, at_thrice> {
 public:
  /// Does that, in whatever state.
  struct act {
    std::function<transition(walker&)> does;
    friend std::ostream& operator<<(std::ostream& out, const act& /*a*/) { return out << "act"; }
  };
  /// The same; the caller gets no value.
  struct do_now {
    std::function<transition(walker&)> does;
  };
  /// The same when it starts.
  struct first {
    std::function<transition(walker&)> does;
  };

  walker() = default;
  template <class S>
  explicit walker(S state) : gen_statem(std::move(state)) {}
  explicit walker(first f) : first_(std::move(f.does)) {}
  transition init() { return first_ ? first_(*this) : transition(); }

  template <class S>
  transition handle_event(S& /*now*/, const act& a) {
    return a.does(*this);
  }
  template <class S>
  transition handle_call(S& /*now*/, const do_now& a) {
    return a.does(*this);
  }
  template <class S>
  void handle_event(S& now, const note& n) {
    write(n.text + " in " + kin::to_string(now));
  }
  template <class S>
  void handle_event(S& now, const tick& t) {
    write("tick " + t.text + " in " + kin::to_string(now));
  }
  template <class S>
  void handle_event(S& now, kin::state_timeout /*t*/) {
    write("state_timeout in " + kin::to_string(now));
  }
  template <class S>
  void handle_event(S& now, kin::timeout /*t*/) {
    write("timeout in " + kin::to_string(now));
  }
  transition handle_event(at_a& /*now*/, later l) {
    write("postponed " + std::to_string(l.number));
    return kin::postpone;
  }
  template <class S>
  void handle_event(S& now, later l) {
    write(std::to_string(l.number) + " in " + kin::to_string(now));
  }
  template <class S>
  auto handle_info(S& now) {
    return kin::clauses{
        [this, &now](word w) { write("info " + w.text + " in " + kin::to_string(now)); }};
  }
  template <class S>
  std::vector<std::string> handle_call(S& /*now*/, get_notes /*q*/) {
    return std::exchange(notes_, {});
  }

  template <class S>
  void handle_enter(S& now, const state_type& before) {
    entered(now, before);
  }
  entry handle_enter(at_timed& now, const state_type& before) {
    entered(now, before);
    return kin::keep_state(kin::set_state_timeout(0s, note{"from enter"}), kin::timeout{});
  }
  entry handle_enter(at_thrice& now, const state_type& before) {
    entered(now, before);
    if (++now.times < 3) return kin::repeat_state;
    return kin::keep_state;
  }

  void write(std::string text) { notes_.push_back(std::move(text)); }
  [[nodiscard]] const std::vector<std::string>& notes() const { return notes_; }

 private:
  template <class S>
  void entered(S& now, const state_type& before) {
    write(kin::to_string(before) + " -> " + kin::to_string(now));
  }
  std::function<transition(walker&)> first_;
  std::vector<std::string> notes_;
};

/// Has it return what `what` gives, and waits for that.
template <class To, class F>
void have(const To& machine, F what) {
  kin::call(machine,
            walker::do_now{[what](walker& /*w*/) -> walker::transition { return what(); }});
}
/// The notes since they were asked for last, when all has happened that was under way; in a
/// simulated world timeouts within 30 ms, too.
template <class To>
std::vector<std::string> notes_of(const To& machine) {
  simulated() ? pass(30ms) : settle();
  return kin::call(machine, get_notes{});
}

}  // namespace kin::test
