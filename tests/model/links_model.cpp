// SPDX-License-Identifier: Apache-2.0
// runtime/src/process/links.cpp and state.hpp, the real ones: two processes link to each other, at once
// or not, give the link up, and die. Each end is heard once and never after unlink, both sides agree
// whether there is a link, and each record is freed once. Written again is what a process does between:
// drain and the end, as in mailbox.cpp and death.cpp.
#include "model/orderings.hpp"
#include "process/links.cpp"  // NOLINT(bugprone-suspicious-include): among stand-ins

#include <array>

namespace kin::model {
namespace {

using detail::control_block;
using detail::signal;
using detail::signal_kind;
namespace state = detail::state;

struct shape {
  std::array<unsigned, 2> links{1, 1};  // how often each links, if it likes
  std::array<bool, 2> dies{true, true};
};

struct ties : world {
  shape is;
  detail::signal_store signals;
  detail::link_store pairs;
  std::array<control_block, 2> process;

  explicit ties(shape s) : is(s) {
    detail::signal_store::present = &signals;
    detail::link_store::present = &pairs;
    for (unsigned i = 0; i < 2; ++i) {
      const std::uint64_t tag = state::revive(process[i].word);
      process[i].called = pid_access::make(tag, i + 1);
      detail::present_blocks[i] = &process[i];
    }
  }
  using pid_access = detail::pid_access;
  [[nodiscard]] unsigned threads() const override { return 2; }

  void run(unsigned me) override {
    control_block& p = process[me];
    const pid other = process[1 - me].called;
    for (unsigned i = 0; i < is.links[me]; ++i) {
      if (choose(2) == 1) link(p, other);
      drain(p);
      if (choose(2) == 1) unlink(p, other);
    }
    drain(p);
    if (is.dies[me]) die(p);
  }
  static void link(control_block& p, pid other) {
    if (detail::make_link_to(p, other)) p.linked = true;
  }
  static void unlink(control_block& p, pid other) {
    detail::unlink_from(p, other);
    expect(detail::find_link(p, other) == nullptr, "it is linked after unlink");
    p.linked = false;
  }
  static void drain(control_block& p) { apply_all(p, detail::reversed(state::take_all(p.word))); }
  static void die(control_block& p) {
    p.set(detail::flag_dead);
    apply_all(p, detail::reversed(state::die(p.word)));
    int budget = 100;
    detail::break_links(p, killed, budget);
  }
  static void apply_all(control_block& p, signal* oldest) {
    while (oldest != nullptr) {
      signal* s = oldest;
      oldest = s->next;
      switch (s->kind) {
        case signal_kind::link:
          detail::take_link(p, *static_cast<detail::record_signal*>(s));
          p.linked = true;
          break;
        case signal_kind::unlink:
          detail::take_unlink(p, *static_cast<detail::record_signal*>(s));
          p.linked = !p.links.empty();
          break;
        case signal_kind::link_broken:
          detail::take_link_broken(p, *static_cast<detail::link_half*>(s));
          break;
      }
    }
  }
  std::string at_rest(const std::vector<rest>& at_end) override {
    const auto settle = [this] {
      for (control_block& p : process) {
        if (!p.is(detail::flag_dead)) drain(p);
      }
    };
    settle();
    for (unsigned i = 0; i < 2; ++i) {
      if (process[i].link_count != 0 && process[1 - i].links.empty())
        return "one is linked to who is not linked to it, or dead";
    }
    for (control_block& p : process) {
      if (!p.is(detail::flag_dead)) die(p);
      settle();
    }
    for (const auto& of_thread : pairs.all) {
      for (const detail::link_pair& pair : of_thread) {
        if (pair.made && pair.freed != 1) return "it is never freed";
      }
    }
    return world::at_rest(at_end);
  }
};

void holds_all(shape s, settings how = {}) { holds(explore_all<ties>(how, s)); }

TEST(link_from_both_sides, is_one_link_while_both_live) { holds_all({.dies = {false, false}}); }
TEST(link_from_both_sides, is_given_up_and_made_again_while_both_live) {
  holds_all({.links = {2, 1}, .dies = {false, false}});
}
TEST(link_from_both_sides, is_heard_once_by_who_lives) { holds_all({.dies = {true, false}}); }
TEST(link_from_both_sides, is_freed_when_both_die) { holds_all({}); }
TEST(link_from_both_sides, that_is_made_again_is_heard_once) {
  holds_all({.links = {1, 2}, .dies = {true, false}}, {.most_switches = 3});
}

}  // namespace
}  // namespace kin::model
