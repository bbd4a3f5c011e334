// SPDX-License-Identifier: Apache-2.0
// runtime/src/scheduler/handout.{hpp,cpp}, over the real run queue: what is asked for is given once, or
// not at all, whenever the asker gives up. The asker's steps are those of `search` in idle.cpp.
#include "model/orderings.hpp"
#include "queue/parker.cpp"       // NOLINT(bugprone-suspicious-include): among stand-ins
#include "scheduler/handout.cpp"  // NOLINT(bugprone-suspicious-include): among stand-ins
#include "scheduler/machine_core.hpp"

#include <array>

namespace kin::detail {
// The stand-ins name it; nobody idles here.
void idle_workers::wake_helper() {}
}  // namespace kin::detail

namespace kin::model {
namespace {

using detail::control_block;

struct exchange_of_work : world {
  detail::machine_core core{2};
  detail::handout desk;
  std::array<control_block, 3> blocks;
  unsigned rounds;

  explicit exchange_of_work(unsigned r) : rounds(r) {}
  [[nodiscard]] unsigned threads() const override { return 2; }
  void run(unsigned thread) override { thread == 0 ? give() : ask(); }
  void give() {
    auto& me = *core.worker_at(0);
    for (control_block& p : blocks) {
      p.message = 1;
      me.queue.push_back(p);
      desk.offer(me);
    }
  }
  void ask() {
    auto& me = *core.worker_at(1);
    for (unsigned i = 0; i < rounds; ++i) {
      desk.ask(me);
      const bool waits = choose(2) == 1;
      if ((waits && desk.answered()) || desk.withdraw(me)) {
        if (control_block* p = desk.take(me)) execute(*p);
      }
    }
    while (control_block* p = me.queue.pop_normal()) execute(*p);
  }
  static void execute(control_block& p) {
    expect(p.message == 1, "it is not whole");
    expect(p.runs == 0, "it is given twice");
    p.runs = 1;
  }
  std::string at_rest(const std::vector<rest>& at_end) override {
    while (control_block* p = core.worker_at(0)->queue.pop_normal()) execute(*p);
    for (const control_block& p : blocks) {
      if (p.runs != 1) return "one is lost";
    }
    return world::at_rest(at_end);
  }
};

verdict explored(unsigned rounds, std::optional<weakening> weaker = std::nullopt) {
  return explore_all<exchange_of_work>({.by_causes = true, .weaker = std::move(weaker)}, rounds);
}

TEST(handout, gives_each_once_to_who_may_give_up) { holds(explored(2)); }
TEST(handout, needs_each_of_its_orderings) {
  const auto all = [](std::optional<weakening> w) { return explored(2, std::move(w)); };
  each_is_needed({all}, {}, "handout");
}

}  // namespace
}  // namespace kin::model
