// SPDX-License-Identifier: Apache-2.0
// runtime/src/queue/run_queue.hpp: whatever its owner queues is run by one, once, and seen whole by
// whoever takes it, while thieves steal and the ring grows. The real code; the ring itself is not
// looked into (states by causes), since biased_lock_model has shown that one at a time is in it.
#include "model/orderings.hpp"
#include "queue/run_queue.hpp"

#include <array>

namespace kin::model {
namespace {

struct task {
  plain<int> message{0};  // written before it is queued
  plain<int> taken{0};
};

struct shape {
  unsigned thieves = 1;
  unsigned items = 3;
  unsigned before = 0;  // in the ring when it begins: 254 of 256 makes it grow
  bool all = true;      // thieves may take the slot and a lone one, as from a stuck worker
};

struct robbed : world {
  static constexpr std::size_t most = 260;
  shape is;
  detail::run_queue<task> queue;
  std::array<task, 4> tasks;
  std::array<char, most> fillers{};  // stand for tasks that nobody looks into

  explicit robbed(shape s) : is(s) {
    for (unsigned i = 0; i < is.before; ++i) queue.push_back(filler(i));
  }
  [[nodiscard]] unsigned threads() const override { return 1 + is.thieves; }
  void run(unsigned thread) override { thread == 0 ? own() : rob(); }

  void own() {
    for (unsigned i = 0; i < is.items; ++i) {
      tasks[i].message = 1;
      if (i % 2 == 0) {
        queue.push_slot(tasks[i]);
      } else {
        queue.push_back(tasks[i]);
      }
      if (i % 2 == 1) take(queue.pop(false).item);
    }
    take(queue.pop_normal());
  }
  void rob() {
    queue.steal(2, is.all, [this](task& t) { take(&t); });
  }
  task& filler(std::size_t i) { return reinterpret_cast<task&>(fillers[i]); }
  void take(task* t) {
    const auto* at = reinterpret_cast<const char*>(t);
    if (t == nullptr || (at >= fillers.data() && at < fillers.data() + most)) return;
    expect(t->message == 1, "it is not whole");
    expect(t->taken == 0, "it is run twice");
    t->taken = 1;
  }
  std::string at_rest(const std::vector<rest>& at_end) override {
    while (task* t = queue.pop(false).item) take(t);
    for (unsigned i = 0; i < is.items; ++i) {
      if (tasks[i].taken != 1) return "one is lost";
    }
    if (queue.size() != 0 || queue.has_slot()) return "it counts wrong";
    return world::at_rest(at_end);
  }
};

class run_queue : public testing::TestWithParam<bool> {
 protected:
  static settings how() { return {.has_membarrier = GetParam(), .by_causes = true}; }
};
INSTANTIATE_TEST_SUITE_P(membarrier, run_queue, testing::Bool());

TEST_P(run_queue, loses_and_doubles_nothing_to_a_thief) {
  holds(explore_all<robbed>(how(), shape{.items = 4}));
}
TEST_P(run_queue, loses_and_doubles_nothing_to_two_thieves) {
  holds(explore_all<robbed>(how(), shape{.thieves = 2, .items = 2}));
}
TEST(run_queue, without_the_membarrier_of_its_lock_runs_one_twice) {
  const weakening w{.file = "biased_lock.hpp",
                    .function = "enter_other",
                    .what = act::membarrier,
                    .into = weakening::gone};
  fails(explore_all<robbed>({.by_causes = true, .weaker = w}, shape{.items = 4}), "");
}
TEST_P(run_queue, loses_and_doubles_nothing_while_it_grows) {
  holds(explore_all<robbed>(how(), shape{.items = 3, .before = 256, .all = false}));
}

}  // namespace
}  // namespace kin::model
