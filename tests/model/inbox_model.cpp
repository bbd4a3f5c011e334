// SPDX-License-Identifier: Apache-2.0
// runtime/src/process/state.hpp: the one word of a process. Each signal is handled once and in the
// order of its sender, one worker at a time runs the process, and it is never left asleep with mail.
// The word's transitions are the real ones. Written again, and shorter, is what calls them: run_handler
// and handle_in_place of scheduler/execute.cpp, detach_in_hand of process/mailbox.cpp; the run queue is
// one flag.
#include "model/orderings.hpp"
#include "process/state.hpp"

#include <array>

namespace kin::model {
namespace {

using detail::signal;
using detail::signal_kind;
namespace state = detail::state;
using enum std::memory_order;

enum class without { nothing, clearing_in_place, looking_at_what_came };

struct shape {
  unsigned senders = 1;
  unsigned each = 2;
  unsigned workers = 1;
  unsigned nodes = 1;     // of each sender, used again and again
  bool may_wait = false;  // a handler, in the middle
  without what = without::nothing;
};

struct mailbox : world {
  static constexpr unsigned most = 4;
  shape is;
  state::word word{0};
  atomic<int> runnable{0};
  std::array<signal, most> nodes;  // of sender s from s * is.nodes on
  std::array<atomic<int>, most> in_use;
  std::uint64_t tag = state::revive(word);
  // The process's own, whoever runs it.
  plain<unsigned> handled{0};
  std::array<plain<std::uint64_t>, 2> next;
  plain<int> in_place{0};
  plain<int> level{0};  // is read by the one that wakes it

  explicit mailbox(shape s) : is(s) { expect(state::go_idle(word), "nothing has come"); }

  [[nodiscard]] unsigned threads() const override { return is.senders + is.workers; }
  void run(unsigned thread) override { thread < is.senders ? send_all(thread) : work(); }

  void send_all(unsigned sender) {
    for (unsigned i = 0; i < is.each; ++i) {
      only_knows(i);
      const unsigned at = sender * is.nodes + i % is.nodes;
      while (in_use[at].load(acquire) != 0) wait_for_change();  // as from a magazine
      in_use[at].store(1, relaxed);
      signal& s = nodes[at];
      s.kind = signal_kind::message;
      s.value = std::uint64_t{sender} << 32U | i;
      const auto done = state::push(word, tag, &s);
      expect(done != state::pushed::no, "it lives");
      if (done == state::pushed::woke) {
        expect(level <= 1, "a level is a small number");
        expect(runnable.exchange(1, release) == 0, "it is made runnable twice");
      }
    }
  }

  void work() {
    for (;;) {
      only_knows(0);
      while (runnable.load(relaxed) == 0) wait_for_change();
      if (runnable.exchange(0, acquire) == 1) run_handler();
    }
  }
  void run_handler() {
    if (signal* s = state::single_mail(word)) {
      if (handle_in_place(*s)) return;
    }
    do {
      if (state::changed(word, nullptr)) handle_all(detail::reversed(state::take_all(word)));
    } while (!goes_idle());
  }
  bool goes_idle() {
    if (is.what != without::looking_at_what_came) return state::go_idle(word);
    word.store(tag | state::idle, release);
    return true;
  }
  bool handle_in_place(signal& s) {
    in_place = 1;
    handle(s);
    if (is.may_wait && choose(2) == 1) detach(s);
    if (in_place == 1) {
      in_place = 0;
      if (state::go_idle_after(word, &s)) {  // from here on it may be another worker's
        free(s);
        return true;
      }
      detach(s);
    }
    free(s);
    return false;
  }
  // What has come on top of the one in hand.
  void detach(signal& in_hand) {
    if (is.what != without::clearing_in_place) in_place = 0;
    signal* newest = state::take_all(word);
    signal* batch = nullptr;
    while (newest != &in_hand) {
      if (newest == nullptr) return fail("the one in hand is not in the inbox");
      signal* rest = newest->next;
      newest->next = batch;
      batch = newest;
      newest = rest;
    }
    handle_all(batch);
  }
  void handle_all(signal* oldest) {
    while (oldest != nullptr) {
      signal* s = oldest;
      oldest = s->next;
      handle(*s);
      free(*s);
    }
  }
  void handle(signal& s) {
    const std::uint64_t value = s.value;
    plain<std::uint64_t>& expected = next[value >> 32U];
    expect((value & 0xffffU) == expected, "lost, twice, or out of order");
    expected = expected + 1;
    handled = handled + 1;
    level = static_cast<int>(handled % 2);
  }
  void free(signal& s) { in_use[static_cast<std::size_t>(&s - nodes.data())].store(0, release); }

  std::string at_rest(const std::vector<rest>& at_end) override {
    for (unsigned s = 0; s < is.senders; ++s) {
      if (at_end[s] != rest::over) return "a sender waits for ever";
    }
    return handled == is.senders * is.each ? "" : "it sleeps, and has mail";
  }
};

settings how(std::optional<weakening> weaker = std::nullopt) {
  return {.names = {"word", "runnable", "in_use0", "in_use1", "in_use2", "in_use3"},
          .weaker = std::move(weaker)};
}

TEST(inbox, of_one_sender_loses_nothing) {
  holds(explore_all<mailbox>(how(), shape{.each = 4, .nodes = 2}));
}
TEST(inbox, of_two_senders_loses_nothing) {
  holds(explore_all<mailbox>(how(), shape{.senders = 2, .each = 2}));
}
TEST(inbox, of_two_senders_that_do_not_wait_loses_nothing) {
  holds(explore_all<mailbox>(how(), shape{.senders = 2, .each = 2, .nodes = 2}));
}
TEST(inbox, whose_process_changes_workers_loses_nothing) {
  holds(explore_all<mailbox>(how(), shape{.each = 3, .workers = 2, .nodes = 2}));
}
TEST(inbox, whose_handler_waits_in_the_middle_loses_nothing) {
  holds(explore_all<mailbox>(how(), shape{.senders = 2, .each = 2, .may_wait = true}));
}
TEST(inbox, without_clearing_the_bit_in_place_goes_idle_for_the_wrong_signal) {
  const shape broken{.senders = 2, .each = 2, .may_wait = true, .what = without::clearing_in_place};
  fails(explore_all<mailbox>(how(), broken), "the one in hand is not in the inbox");
}
TEST(inbox, without_looking_at_what_came_sleeps_with_mail) {
  const shape broken{.each = 3, .nodes = 3, .what = without::looking_at_what_came};
  fails(explore_all<mailbox>(how(), broken), "it sleeps, and has mail");
}

// ---- two users of one block -----------------------------------------------------------------------

// The owner ends, and its block is used again; one sends to the first user, one to the second.
struct reborn : world {
  bool changes_tag;
  state::word word{0};
  atomic<std::uint64_t> second{0};
  std::array<signal, 2> nodes;
  std::uint64_t first = state::revive(word);
  atomic<int> refused{0};
  plain<int> name_is_free{0};
  plain<int> number{1};  // of the user
  plain<int> got_first{0};
  plain<int> got_second{0};

  explicit reborn(bool tags) : changes_tag(tags) {}
  [[nodiscard]] unsigned threads() const override { return 3; }
  void run(unsigned thread) override {
    if (thread == 0) {
      name_is_free = 1;
      take(state::die(word), 0, got_first);
      number = 2;
      const std::uint64_t tag = changes_tag ? state::revive(word) : same_again();
      second.store(tag, release);
      while (got_second == 0) {
        take(state::take_all(word), 1, got_second);
        if (got_second == 0) {
          while (!state::changed(word, nullptr)) wait_for_change();
        }
      }
      take(state::die(word), 1, got_second);
      return;
    }
    signal& mine = nodes[thread - 1];
    mine.kind = signal_kind::message;
    mine.value = thread - 1;
    std::uint64_t tag = first;
    if (thread == 2) {
      while ((tag = second.load(acquire)) == 0) wait_for_change();
    }
    if (state::push(word, tag, &mine) != state::pushed::no) return;
    refused.fetch_add(1, relaxed);
    expect(name_is_free == 1, "who ends gives up its name first");
    if (state::tag(word.load(acquire)) != first) expect(number == 2, "a new user, an old number");
  }
  std::uint64_t same_again() {
    word.store(first | state::awake, release);
    return first;
  }
  void take(signal* s, std::uint64_t whose, plain<int>& count) {
    for (; s != nullptr; s = s->next) {
      expect(s->value == whose, "it is another user's");
      count = count + 1;
    }
  }
  std::string at_rest(const std::vector<rest>& at_end) override {
    std::string stuck = world::at_rest(at_end);
    if (!stuck.empty()) return stuck;
    return got_first + got_second + refused.load(relaxed) == 2 ? "" : "a signal is lost";
  }
};

TEST(block, that_is_used_again_gets_nothing_of_the_user_before) {
  holds(explore_all<reborn>({.names = {"word", "second"}}, true));
}
TEST(block, without_a_new_tag_gets_what_is_not_its) {
  fails(explore_all<reborn>({.names = {"word", "second"}}, false), "it is another user's");
}

TEST(inbox, needs_each_of_its_orderings) {
  const auto with = [](shape s) {
    return [=](std::optional<weakening> w) { return explore_all<mailbox>(how(std::move(w)), s); };
  };
  each_is_needed(
      {with({.each = 3, .workers = 2, .nodes = 2}), with({.senders = 2, .each = 1}),
       [](std::optional<weakening> w) { return explore_all<reborn>(how(std::move(w)), true); }});
}

}  // namespace
}  // namespace kin::model
