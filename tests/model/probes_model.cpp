// SPDX-License-Identifier: Apache-2.0
// How a circle of calls is found: the rules of process/probe.hpp, over the real word of each process
// (process/state.hpp). Written again, and shorter, is probe.cpp: nobody answers, the mailbox is a set of
// callers, and of those who came late the largest closed the circle. The mailbox is a process's own, as
// is what it waits for; `waits` of the others is read by what the model expects, and by nothing else.
#include "model/orderings.hpp"
#include "process/state.hpp"

#include <array>

namespace kin::model {
namespace {

using detail::signal;
using detail::signal_kind;
namespace state = detail::state;

enum class without {
  nothing,
  asking_if_one_serves_nobody,  // only requests of who serves somebody are asked about
  the_second_round,             // a circle is told at once
  one_who_is_told               // each fails its own call
};

struct shape {
  std::array<unsigned, 4> callee{};
  unsigned processes = 2;
  unsigned gives_up = 9;   // that one may
  unsigned only_asks = 9;  // that one sends its request, and looks at nothing
  unsigned in_turn = 9;    // from this one on each calls when it has been called
  unsigned switches = 6;
  unsigned handlers = 0;  // who serves others in any case; a bit for each
  without what = without::nothing;
};

// Of a probe; as in probe.hpp.
struct walk {
  enum stage : std::uint8_t { seeks, confirms, tells };
  std::array<std::uint8_t, 4> who;
  std::uint8_t size;
  std::uint8_t next;
  std::uint8_t at;
  std::uint8_t late;  // a bit for each member: its request was
};

constexpr unsigned from_server = 8;  // of a request

struct circle : world {
  static constexpr unsigned most = 4;
  shape is;
  std::array<state::word, most> word;
  std::array<std::uint64_t, most> tag{};
  std::array<signal, most> request;
  std::array<std::array<signal, 3>, most> probe;
  // Each process's own.
  std::array<unsigned, most> probes{};
  std::array<unsigned, most> got{};   // requests: a bit for each caller
  std::array<unsigned, most> late{};  // the same, while it waited
  std::array<bool, most> waits{};
  std::array<bool, most> serves{};
  unsigned failed = 0;
  bool was_closed = false;  // at one instant all of the circle waited

  explicit circle(shape s) : is(s) {
    for (unsigned p = 0; p < is.processes; ++p) tag[p] = state::revive(word[p]);
  }
  [[nodiscard]] unsigned threads() const override { return is.processes; }
  [[nodiscard]] std::uint64_t fingerprint() const override {
    std::uint64_t all = failed << 1U | (was_closed ? 1U : 0U);
    for (unsigned p = 0; p < is.processes; ++p)
      all = all << 14U ^ all >> 50U ^
            (probes[p] << 10U | got[p] << 6U | late[p] << 2U | (serves[p] ? 2U : 0U) |
             (waits[p] ? 1U : 0U));
    return all;
  }

  void run(unsigned me) override {
    drain(me);
    while (me >= is.in_turn && got[me] == 0) {
      while (!state::changed(word[me], nullptr)) wait_for_change();
      only_knows(1);
      drain(me);
    }
    if (me >= is.in_turn) static_cast<void>(state::changed(word[me], nullptr));  // handles it
    signal& mine = request[me];
    mine.kind = signal_kind::message;
    serves[me] = (is.handlers >> me & 1U) != 0 || got[me] != 0;
    mine.value = me | (serves[me] ? from_server : 0U);
    waits[me] = true;
    was_closed = was_closed || is_closed();
    post(is.callee[me], mine);
    if (me == is.only_asks) return;
    while (waits[me]) {
      only_knows(0);  // all else is its own part of the world
      if (drain(me)) continue;
      if (me == is.gives_up && choose(2) == 1) {
        waits[me] = false;
        return;
      }
      while (!state::changed(word[me], nullptr)) wait_for_change();
    }
  }
  // Of the circle that the last process is part of.
  [[nodiscard]] bool is_closed() const {
    const unsigned first = is.processes - 1;
    unsigned at = first;
    do {
      if (!waits[at]) return false;
      at = is.callee[at];
    } while (at != first);
    return true;
  }
  void post(unsigned to, signal& s) {
    expect(state::push(word[to], tag[to], &s) != state::pushed::no, "it lives");
  }
  bool drain(unsigned me) {
    signal* s = detail::reversed(state::take_all(word[me]));
    if (s == nullptr) return false;
    bool seeks = false;
    while (s != nullptr) {
      only_knows(reinterpret_cast<std::uint64_t>(s) << 1U | (seeks ? 1U : 0U));
      signal& one = *s;
      s = one.next;
      if (one.kind == signal_kind::message) {
        const auto value = static_cast<unsigned>(one.value);
        const unsigned caller = 1U << (value & ~from_server);
        got[me] |= caller;
        if (waits[me]) late[me] |= caller;
        const bool asks = (value & from_server) != 0 ||
                          (!serves[me] && is.what != without::asking_if_one_serves_nobody);
        seeks = seeks || (waits[me] && asks);
      } else {
        pass_on(me, one);
      }
    }
    if (seeks && waits[me]) seek(me);
    return true;
  }
  void seek(unsigned me) {
    expect(probes[me] < probe[me].size(), "as many as requests");
    signal& s = probe[me][probes[me]++];
    s.kind = signal_kind::exit;
    walk w{};
    w.who[w.size++] = static_cast<std::uint8_t>(me);
    send_on(is.callee[me], s, w);
  }
  void send_on(unsigned to, signal& s, const walk& w) {
    s.value = bits_of(w);
    post(to, s);
  }
  [[nodiscard]] bool owes(unsigned me, unsigned caller) const {
    return (got[me] >> caller & 1U) != 0;
  }

  void pass_on(unsigned me, signal& s) {
    if (!waits[me]) return;
    auto w = from_bits<walk>(s.value);
    if (w.at == walk::tells) return fail_call(me);
    if (w.at == walk::confirms) {
      if (!owes(me, w.who[w.next - 1U])) return;
      ++w.next;
      return go_around(me, s, w);
    }
    const unsigned caller = w.who[w.size - 1U];
    if (!owes(me, caller)) return;
    if ((late[me] >> caller & 1U) != 0) w.late = static_cast<std::uint8_t>(w.late | 1U << caller);
    for (unsigned i = 0; i < w.size; ++i) {
      if (w.who[i] == me) return found(me, s, w, i);
    }
    w.who[w.size++] = static_cast<std::uint8_t>(me);
    send_on(is.callee[me], s, w);
  }
  void found(unsigned me, signal& s, walk w, unsigned first) {
    if (is.what == without::one_who_is_told) return fail_call(me);
    walk round{};
    for (unsigned i = first; i < w.size; ++i) {
      round.who[round.size++] = w.who[i];
      round.late = static_cast<std::uint8_t>(round.late | (w.late & 1U << w.who[i]));
    }
    round.at = walk::confirms;
    round.next = is.what == without::the_second_round ? round.size : std::uint8_t{1};
    go_around(me, s, round);
  }
  void go_around(unsigned me, signal& s, walk w) {
    if (w.next != w.size) return send_on(w.who[w.next], s, w);
    unsigned last = w.who[0];
    for (unsigned i = 0; i < w.size; ++i) {
      const bool is_late = (w.late >> w.who[i] & 1U) != 0;
      const bool last_is = (w.late >> last & 1U) != 0;
      if (is_late != last_is ? is_late : w.who[i] > last) last = w.who[i];
    }
    expect((w.late >> last & 1U) != 0, "a circle of which nobody came late");
    w.at = walk::tells;
    if (last == me) return fail_call(me);
    send_on(last, s, w);
  }
  void fail_call(unsigned me) {
    expect(was_closed, "a circle that never was");
    expect(failed == 0, "two calls fail");
    failed = 1;
    waits[me] = false;
  }

  std::string at_rest(const std::vector<rest>& /*at_end*/) override {
    return is_closed() ? "all wait, and nobody hears of it" : "";
  }
};

// Bounded: no more than so many times does a process stop that could go on. Without a bound each probe
// doubles the world.
settings how(unsigned switches, std::optional<weakening> w = std::nullopt) {
  return {.names = {"word0", "word1", "word2", "word3"},
          .most_switches = switches,
          .weaker = std::move(w)};
}
constexpr shape two{.callee = {1, 0}};
constexpr shape three{.callee = {1, 2, 0}, .processes = 3, .switches = 1};
// The first waits for the circle of the others.
constexpr shape two_and_a_tail{.callee = {1, 2, 1}, .processes = 3, .switches = 1};

// The same with a circle of three.
constexpr shape three_and_a_tail{.callee = {1, 2, 3, 1},
                                 .processes = 4,
                                 .gives_up = 2,
                                 .only_asks = 0,
                                 .in_turn = 2,
                                 .switches = 2};

verdict play(shape s, without what = without::nothing) {
  s.what = what;
  return explore_all<circle>(how(s.switches), s);
}

TEST(probes, find_a_circle_however_it_closes_and_fail_one_call) {
  for (unsigned handlers = 0; handlers < 4; ++handlers) {
    shape s = two;
    s.handlers = handlers;
    holds(play(s));
  }
  for (const unsigned handlers : {0U, 1U, 5U, 7U}) {
    shape s = three;
    s.handlers = handlers;
    holds(play(s));
    s = two_and_a_tail;
    s.handlers = handlers;
    holds(play(s));
  }
}
TEST(probes, of_who_gives_up_tell_of_no_circle_that_never_was) {
  shape s = three;
  s.handlers = 7;
  s.gives_up = 1;
  holds(play(s));
}
TEST(probes, without_a_second_round_tell_of_a_circle_that_never_was) {
  fails(play(three_and_a_tail, without::the_second_round), "a circle that never was");
  holds(play(three_and_a_tail));
}
TEST(probes, without_one_for_who_serves_nobody_miss_a_circle) {
  fails(play(two, without::asking_if_one_serves_nobody), "all wait, and nobody hears of it");
}
TEST(probes, without_one_who_is_told_fail_two_calls) {
  fails(play(two, without::one_who_is_told), "two calls fail");
}
TEST(probes, need_each_ordering_of_the_inbox) {
  // What a push acquires is for who wakes the receiver.
  each_is_needed(
      {[](std::optional<weakening> w) { return explore_all<circle>(how(4, std::move(w)), two); }},
      {"state.hpp push: compare without acquire"});
}

}  // namespace
}  // namespace kin::model
