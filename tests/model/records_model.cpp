// SPDX-License-Identifier: Apache-2.0
// A record that two processes share: runtime/src/process/two_holders.hpp is the real one, and the word
// it travels through. Written again, and shorter, are unlink_from, break_links, take_unlink,
// take_link_broken and what refuses them, of process/links.cpp: one link, whose sides give it up or end
// as they like. Left out: links that are made meanwhile, and two records for one link.
#include "model/orderings.hpp"
#include "process/state.hpp"
#include "process/two_holders.hpp"

#include <array>

namespace kin::model {
namespace {

using detail::signal;
using detail::signal_kind;
namespace state = detail::state;

struct record : world {
  detail::two_holders holders;
  std::array<plain<int>, 2> half;
  plain<int> freed{0};

  [[nodiscard]] unsigned threads() const override { return 2; }
  void run(unsigned thread) override {
    half[thread] = 1;
    if (!holders.let_go()) return;
    expect(half[0] == 1 && half[1] == 1, "the other is not done");
    freed = freed + 1;
  }
  std::string at_rest(const std::vector<rest>& at_end) override {
    return freed == 1 ? world::at_rest(at_end) : "not freed once";
  }
};

enum class without { nothing, the_hold_of_the_dead };

struct link : world {
  without what;
  // The record: two halves, each its owner's exit signal.
  std::array<signal, 2> half;
  std::array<plain<int>, 2> active;
  std::array<plain<int>, 2> why;
  detail::two_holders holders;
  plain<int> freed{0};
  // The processes.
  std::array<state::word, 2> word;
  std::array<std::uint64_t, 2> tag{};
  std::array<signal, 2> unlink;
  std::array<plain<int>, 2> heard;
  std::array<plain<int>, 2> gave_up;

  explicit link(without w) : what(w) {
    for (unsigned p = 0; p < 2; ++p) {
      tag[p] = state::revive(word[p]);
      active[p] = 1;
      half[p].kind = signal_kind::exit;
      unlink[p].kind = signal_kind::message;
    }
  }
  [[nodiscard]] unsigned threads() const override { return 2; }
  void run(unsigned me) override {
    if (choose(2) == 1) give_up(me);
    apply_all(me, detail::reversed(state::take_all(word[me])), true);
    if (choose(2) == 1) give_up(me);
    apply_all(me, detail::reversed(state::die(word[me])), true);
    if (active[me] == 1) {  // break_links
      active[me] = 0;
      why[me] = 1;
      if (!post(1 - me, half[1 - me]) && what == without::nothing) let_go();
    }
  }
  bool post(unsigned to, signal& s) {
    return state::push(word[to], tag[to], &s) != state::pushed::no;
  }
  void give_up(unsigned me) {  // unlink_from, tell_unlink
    if (active[me] == 0) return;
    active[me] = 0;
    gave_up[me] = 1;
    if (!post(1 - me, unlink[me])) let_go();
  }
  void apply_all(unsigned me, signal* oldest, bool /*alive*/) {
    while (oldest != nullptr) {
      signal* s = oldest;
      oldest = s->next;
      if (s == &half[me]) {  // take_link_broken
        expect(why[1 - me] == 1, "an end without a reason");
        expect(freed == 0, "it is freed, and used");
        if (active[me] == 1) {
          expect(gave_up[me] == 0, "an end is heard after unlink");
          active[me] = 0;
          heard[me] = 1;
          let_go();
        }
      } else if (active[me] == 1) {  // take_unlink
        active[me] = 0;
        let_go();
      }
      let_go();  // the hold that came with it
    }
  }
  void let_go() {
    if (!holders.let_go()) return;
    expect(freed == 0, "it is freed twice");
    freed = 1;
    for (unsigned p = 0; p < 2; ++p) expect(active[p] == 0, "it is freed, and in a list");
  }
  std::string at_rest(const std::vector<rest>& at_end) override {
    return freed == 1 ? world::at_rest(at_end) : "it is never freed";
  }
};

TEST(two_holders, let_the_second_free_it_and_see_all) { holds(explore_all<record>({})); }
TEST(two_holders, need_each_of_their_orderings) {
  each_is_needed(
      {[](std::optional<weakening> w) { return explore_all<record>({.weaker = std::move(w)}); }});
}
TEST(link, is_freed_once_whoever_ends_or_gives_it_up) {
  holds(explore_all<link>({.names = {"holders", "word0", "word1"}}, without::nothing));
}
TEST(link, without_the_hold_of_the_dead_is_never_freed) {
  fails(explore_all<link>({}, without::the_hold_of_the_dead), "it is never freed");
}

}  // namespace
}  // namespace kin::model
