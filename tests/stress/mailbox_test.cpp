// SPDX-License-Identifier: Apache-2.0
// A mailbox of millions of messages: all arrive, in the order of each sender, and their memory serves
// again.
#include "stress/size.hpp"
#include "support/expect.hpp"

#include <vector>

namespace {

using namespace kin::stress;
using kin::test::word;

struct stamped {
  int sender = 0;
  int count = 0;
};

constexpr int senders = 8;

void fill_and_empty(int each) {
  const auto receiver = kin::spawn_monitor([each] {
    kin::test::expect<word>(kin::infinity);  // behind all of them, and taken first
    std::vector<int> next(senders, 0);
    for (int i = 0; i < senders * each; ++i) {
      const auto m = kin::test::expect<stamped>();
      ASSERT_EQ(m.count, next[static_cast<std::size_t>(m.sender)]++);
    }
    EXPECT_THAT(kin::test::drained(), testing::IsEmpty());
  });
  std::vector<kin::ref> sent;
  for (int s = 0; s < senders; ++s) {
    sent.push_back(kin::spawn_monitor([=, to = receiver.pid] {
                     for (int i = 0; i < each; ++i) {
                       kin::send(to, stamped{s, i});
                       if (i % 1000 == 0) kin::checkpoint();
                     }
                   }).ref);
  }
  for (const kin::ref& end : sent) {
    EXPECT_EQ(kin::test::expect_down(end, 10min).reason, kin::normal);
  }
  kin::send(receiver.pid, word{"take"});
  EXPECT_EQ(kin::test::expect_down(receiver.ref, 10min).reason, kin::normal);
}

class mailbox_stress : public on_workers {};
KIN_STRESS_ON_WORKERS(mailbox_stress);

TEST_P(mailbox_stress, of_millions_keeps_all_in_order_and_its_memory_serves_again) {
  const int each = many(10'000'000, 800'000) / senders;
  kin::test::run(world(), [&] {
    fill_and_empty(each);
    const double once = resident_mib();
    fill_and_empty(each);
    if (!kin::test::sanitized) {
      EXPECT_LE(resident_mib(), 1.1 * once);
    }
  });
}

TEST_P(mailbox_stress, of_millions_dies_with_its_owner) {
  kin::test::run(world(), [&] {
    const int count = many(10'000'000, 400'000);
    auto held = std::make_shared<int>(0);
    const auto owner = kin::spawn_monitor([] { kin::test::expect<word>(kin::infinity); });
    for (int i = 0; i < count; ++i) kin::send(owner.pid, std::pair(held, i));
    kin::exit(owner.pid, kin::kill);
    EXPECT_EQ(kin::test::expect_down(owner.ref, 10min).reason, kin::killed);
    EXPECT_EQ(held.use_count(), 1);
  });
}

}  // namespace
