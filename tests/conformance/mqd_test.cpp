// SPDX-License-Identifier: Apache-2.0
// message_queue_data: where the messages of a process are kept changes nothing. otp-semantics 1.11.
#include <kin/info.hpp>

#include "conformance/support.hpp"

#include <atomic>
#include <memory>
#include <string>
#include <vector>

namespace {

using namespace kin::literals;
using kin::message_queue_data;
using test::number;
using test::word;

class mqd : public test::in_worlds {};
INSTANTIATE_TEST_SUITE_P(worlds, mqd, test::worlds(), test::name_of_world);

message_queue_data told_of(kin::pid p) { return kin::info(p)->message_queue_data; }

// It is on_heap at first, what it was set to afterwards, and not inherited; setting it gives the old
// value; what it cannot be is badarg.
TEST_P(mqd, basic) {
  play([] {
    const kin::pid me = kin::self();
    EXPECT_EQ(told_of(me), message_queue_data::on_heap);
    EXPECT_EQ(kin::set_message_queue_data(message_queue_data::off_heap),
              message_queue_data::on_heap);
    EXPECT_EQ(told_of(me), message_queue_data::off_heap);
    EXPECT_THROW(kin::set_message_queue_data(static_cast<message_queue_data>(2)), kin::error);
    EXPECT_EQ(told_of(me), message_queue_data::off_heap);

    const kin::pid plain = kin::spawn([] { test::idle(); });
    EXPECT_EQ(told_of(plain), message_queue_data::on_heap);
    for (const auto where : {message_queue_data::on_heap, message_queue_data::off_heap}) {
      const auto asked = kin::spawn([] { test::idle(); }, {.message_queue_data = where});
      EXPECT_EQ(told_of(asked.pid), where);
      kin::exit(asked.pid, kin::kill);
    }
    kin::exit(plain, kin::kill);
  });
}

// The messages of a process that changes it all the time are listed as they were sent.
TEST_P(mqd, process_info_messages) {
  play([] {
    const auto over = std::make_shared<std::atomic<bool>>(false);
    const auto flips = kin::spawn_monitor([over] {
      for (bool off = true; !*over; off = !off) {
        kin::set_message_queue_data(off ? message_queue_data::off_heap
                                        : message_queue_data::on_heap);
        kin::yield();
      }
      EXPECT_EQ(test::drained().size(), static_cast<std::size_t>(test::times(200)));
    });
    std::vector<std::string> sent;
    for (int i = 0; i < test::times(200); ++i) {
      kin::send(flips.pid, number{i});
      sent.push_back(std::to_string(i));
      const auto about = kin::info(flips.pid, {.messages = true});
      ASSERT_EQ(about->messages, sent);
      ASSERT_EQ(about->message_queue_len, sent.size());
    }
    *over = true;
    EXPECT_EQ(test::expect_down(flips.ref).reason, kin::normal);
  });
}

// Changed in the middle of a full mailbox, by a process that takes from its end as well: all is
// there, in order.
TEST_P(mqd, change_to_off_heap) {
  play([] {
    constexpr int count = 10'000;
    const kin::pid me = kin::self();
    for (int i = 0; i < count; ++i) kin::send(me, number{i});
    kin::send(me, word{"last"});
    for (int i = 0; i < count / 2; ++i) ASSERT_EQ(test::expect<number>().value, i);
    EXPECT_EQ(kin::set_message_queue_data(message_queue_data::off_heap),
              message_queue_data::on_heap);
    EXPECT_EQ(test::expect<word>(), word{"last"});
    EXPECT_EQ(kin::info(me)->message_queue_len, static_cast<std::size_t>(count / 2));
    kin::set_message_queue_data(message_queue_data::on_heap);
    for (int i = count / 2; i < count; ++i) ASSERT_EQ(test::expect<number>().value, i);
  });
}

}  // namespace
