// SPDX-License-Identifier: Apache-2.0
// What can travel, and how it looks in a report.
#include "support/expect.hpp"

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <variant>
#include <vector>

namespace shop {
struct increment {
  int by = 0;
};
enum class colour { red = 1, green };
struct empty {};
struct order {
  std::string item;
  int count = 0;
  bool paid = false;
};
struct basket {
  order first;
  std::vector<int> codes;
  std::pair<int, std::string> tag;
};
struct base {
  int b = 1;
};
struct derived : base {
  int d = 2;
};
struct with_array {
  int before = 0;
  int cells[3] = {1, 2, 3};  // NOLINT(modernize-avoid-c-arrays): that is what is tested
  int after = 4;
};
struct subscription {
  kin::pid who;
  kin::ref number;
  std::vector<kin::ref> older;
  kin::exit_reason ended;
};
class closed {
 public:
  explicit closed(int v) : v_(v) {}
  [[nodiscard]] int value() const { return v_; }

 private:
  int v_;
};
class printable {
 public:
  friend std::ostream& operator<<(std::ostream& out, const printable& /*p*/) {
    return out << "I print";
  }

 private:
  [[maybe_unused]] int secret_ = 0;
};
}  // namespace shop

namespace {

using test::number;
using test::word;

// ---- what travels -------------------------------------------------------------------------------

template <class T>
T to_and_fro(T value) {
  kin::send(kin::self(), std::move(value));
  return test::expect<T>();
}

TEST(message, takes_what_can_only_be_moved) {
  test::run([] { EXPECT_EQ(*to_and_fro(std::make_unique<int>(5)), 5); });
}

template <std::size_t Alignment>
struct alignas(Alignment) aligned_value {
  std::uint64_t value = 0;
};
template <std::size_t Alignment>
void is_aligned_in_the_mailbox() {
  using value = aligned_value<Alignment>;
  std::vector<kin::message> held;  // so that different nodes are seen
  for (std::uint64_t i = 0; i < 10; ++i) {
    kin::send(kin::self(), value{i});
    held.push_back(test::expect<kin::message>());
    ASSERT_EQ(reinterpret_cast<std::uintptr_t>(held.back().get_if<value>()) % Alignment, 0U);
    ASSERT_EQ(held.back().get_if<value>()->value, i);
  }
}
TEST(message, keeps_alignment_up_to_a_cache_line) {
  test::run([] {
    is_aligned_in_the_mailbox<8>();
    is_aligned_in_the_mailbox<16>();
    is_aligned_in_the_mailbox<32>();
    is_aligned_in_the_mailbox<64>();
  });
}

template <std::size_t Size>
void travels() {
  std::array<unsigned char, Size> bytes{};
  for (std::size_t i = 0; i < Size; ++i) bytes[i] = static_cast<unsigned char>(i * 7);
  EXPECT_EQ(to_and_fro(bytes), bytes) << Size;
}
TEST(message, of_any_size_arrives_whole) {
  test::run([] {
    travels<1>();
    travels<8>();
    travels<40>();
    travels<41>();
    travels<104>();
    travels<232>();
    travels<488>();
    travels<489>();
    travels<4096>();
  });
}

struct throwing {
  explicit throwing(bool armed) : armed_(armed) {}
  // NOLINTNEXTLINE(performance-noexcept-move-constructor): that it may throw is what is tested
  throwing(throwing&& other) : armed_(other.armed_), owned_(std::make_unique<int>(1)) {
    if (armed_ && --moves_left == 0) throw std::runtime_error("moving failed");
  }
  throwing& operator=(throwing&&) = delete;
  throwing(const throwing&) = delete;
  throwing& operator=(const throwing&) = delete;
  ~throwing() = default;
  static inline int moves_left = 0;

 private:
  bool armed_;
  std::unique_ptr<int> owned_ = std::make_unique<int>(0);
};
TEST(message, whose_move_throws_is_not_sent_and_leaks_nothing) {
  test::run({.workers = 1}, [] {
    for (int i = 1; i <= 3; ++i) {
      throwing::moves_left = i;
      try {
        kin::send(kin::self(), throwing(true));
      } catch (const std::runtime_error&) {  // NOLINT(bugprone-empty-catch): some of the moves
      }
    }
    throwing::moves_left = 0;
    while (!test::drained().empty()) {
    }
    kin::send(kin::self(), throwing(false));
    EXPECT_EQ(test::drained().size(), 1U);
  });
}

TEST(message, is_destroyed_when_nobody_is_there) {
  test::run([] {
    auto held = std::make_shared<int>(0);
    const kin::pid dead = kin::spawn([] {});
    test::await_exit(dead);
    for (int i = 0; i < 3; ++i) kin::send(dead, held);
    kin::send(kin::pid{}, held);
    EXPECT_EQ(held.use_count(), 1);
  });
}

TEST(message, is_destroyed_with_the_mailbox_it_is_in) {
  test::run([] {
    auto held = std::make_shared<int>(0);
    const auto keeper = kin::spawn_monitor([] { test::idle(); });
    for (int i = 0; i < 10; ++i) kin::send(keeper.pid, held);
    EXPECT_TRUE(kin::is_alive(keeper.pid));                    // some are received ...
    for (int i = 0; i < 10; ++i) kin::send(keeper.pid, held);  // ... and some not
    kin::exit(keeper.pid, kin::kill);
    test::expect_down(keeper.ref);
    EXPECT_EQ(held.use_count(), 1);
  });
}

TEST(message, outlives_the_machine_it_was_made_in) {
  std::vector<kin::message> kept;
  test::run([&] {
    for (int i = 0; i < 100; ++i)
      kept.push_back(kin::message::of(word{"number " + std::to_string(i)}));
  });
  test::run([&] {
    for (auto& m : kept) kin::send(kin::self(), std::move(m));
    for (int i = 0; i < 100; ++i)
      EXPECT_EQ(test::expect<word>().text, "number " + std::to_string(i));
  });
}

TEST(message, to_a_pid_of_a_machine_that_is_gone_is_dropped) {
  std::vector<kin::pid> stale;
  test::run([&] {
    for (int i = 0; i < 50; ++i) stale.push_back(kin::spawn([] { test::idle(); }));
  });
  auto held = std::make_shared<int>(0);
  for (const kin::pid p : stale) {
    kin::send(p, held);
    kin::exit(p, kin::kill);
  }
  test::run([&] {
    const auto mine =
        kin::spawn_monitor([] { test::idle(); });  // perhaps in a block of the first machine
    for (const kin::pid p : stale) {
      kin::send(p, held);
      kin::exit(p, kin::kill);
      EXPECT_FALSE(kin::is_alive(p));
    }
    EXPECT_TRUE(kin::is_alive(mine.pid));
  });
  EXPECT_EQ(held.use_count(), 1);
}

TEST(message, of_a_dead_process_never_reaches_the_next_user_of_its_block) {  // protocols 7
  test::run({.workers = 1}, [] {
    for (int i = 0; i < 300; ++i) {
      const kin::pid old = kin::spawn([] {});
      test::await_exit(old);
      const auto next =
          kin::spawn_monitor([] { EXPECT_EQ(kin::receive([](number n) { return n.value; }), 2); });
      kin::send(old, number{1});
      kin::exit(old, kin::kill);
      kin::send(next.pid, number{2});
      ASSERT_EQ(test::expect_down(next.ref).reason, kin::normal);
    }
  });
}

TEST(message, knows_its_type) {
  auto m = kin::message::of(number{3});
  EXPECT_EQ(m.type(), typeid(number));
  EXPECT_NE(m.get_if<number>(), nullptr);
  EXPECT_EQ(m.get_if<int>(), nullptr);
  const kin::message taken = std::move(m);
  EXPECT_TRUE(m.empty());  // NOLINT(bugprone-use-after-move): that is what is tested
  EXPECT_EQ(m.type(), typeid(void));
  EXPECT_EQ(kin::to_string(m), "(empty)");
  EXPECT_EQ(kin::to_string(taken), "3");
}

TEST(message, by_reference_or_value_is_the_same_type) {
  test::run([] {
    const number n{3};
    kin::send(kin::self(), n);
    number m{4};
    kin::send(kin::self(), m);
    EXPECT_EQ(kin::receive([](const number& got) { return got.value; }), 3);
    EXPECT_EQ(kin::receive([](number&& got) { return got.value; }), 4);
  });
}

static_assert(kin::sendable<std::string>);
static_assert(kin::sendable<std::unique_ptr<int>>);
static_assert(!kin::sendable<std::string_view>);
static_assert(!kin::sendable<const char*>);
static_assert(!kin::sendable<int*>);
static_assert(!kin::sendable<std::span<int>>);
static_assert(!kin::sendable<int[3]>);  // NOLINT(modernize-avoid-c-arrays): that is what is tested

// ---- how it looks -------------------------------------------------------------------------------

TEST(print, writes_an_aggregate_field_by_field) {
  EXPECT_EQ(kin::to_string(shop::increment{2}), "shop::increment{2}");
  EXPECT_EQ(kin::to_string(shop::order{"egg", 6, true}), R"(shop::order{"egg", 6, true})");
  EXPECT_THAT(
      kin::to_string(shop::basket{{"egg", 6, false}, {1, 2}, {7, "x"}}),
      testing::AllOf(testing::StartsWith("shop::basket{shop::order{\"egg\", 6, false}, [1, 2], "),
                     testing::HasSubstr("7"), testing::HasSubstr("\"x\"")));
}

TEST(print, writes_what_can_print_itself) {
  EXPECT_EQ(kin::to_string(shop::printable{}), "I print");
}

TEST(print, writes_numbers_text_truth_and_lists) {
  EXPECT_EQ(kin::to_string(3), "3");
  EXPECT_EQ(kin::to_string(true), "true");
  EXPECT_EQ(kin::to_string(std::string("text")), "\"text\"");
  EXPECT_EQ(kin::to_string(std::vector<std::string>{"a", "b"}), R"(["a", "b"])");
  EXPECT_EQ(kin::to_string(std::vector<int>{}), "[]");
}

TEST(print, writes_the_name_of_a_type_without_fields) {
  EXPECT_EQ(kin::to_string(shop::empty{}), "shop::empty");
}

TEST(print, writes_the_name_of_a_function_not_that_it_is_there) {
  EXPECT_THAT(kin::to_string([] { return 1; }), testing::HasSubstr("TestBody()::"));
  EXPECT_EQ(kin::to_string(&kin::yield), "void (*)()");
}

TEST(print, writes_the_name_of_what_it_cannot_take_apart) {
  EXPECT_EQ(kin::to_string(shop::closed{1}), "shop::closed");
  EXPECT_EQ(kin::to_string(shop::derived{}), "shop::derived");
  EXPECT_EQ(kin::to_string(shop::with_array{}), "shop::with_array");
  EXPECT_THAT(kin::to_string(std::make_unique<int>(1)), testing::Not(testing::IsEmpty()));
}

TEST(print, writes_what_a_tuple_an_optional_and_a_variant_hold) {
  using text_or_order = std::variant<std::string, shop::order>;
  EXPECT_EQ(kin::to_string(std::tuple(1, std::string("a"))), R"({1, "a"})");
  EXPECT_EQ(kin::to_string(std::pair(std::optional<int>(2), std::optional<int>())), "{2, none}");
  EXPECT_EQ(kin::to_string(text_or_order(shop::order{"egg", 6, true})),
            R"(shop::order{"egg", 6, true})");
  EXPECT_EQ(kin::to_string(std::map<int, text_or_order>{{1, "one"}}), R"([{1, "one"}])");
}

TEST(print, writes_a_result_as_its_value_or_its_error) {
  EXPECT_EQ(kin::to_string(kin::result<int>(3)), "3");
  EXPECT_EQ(kin::to_string(kin::result<int>(kin::timed_out)), "{error, timeout}");
  EXPECT_EQ(kin::to_string(kin::result<void>()), "ok");
  EXPECT_EQ(kin::to_string(kin::result<void>(kin::noproc)), "{error, noproc}");
}

TEST(print, writes_a_time_in_the_unit_it_is_a_whole_number_of) {
  using namespace kin::literals;
  EXPECT_EQ(kin::to_string(kin::duration(5s)), "5s");
  EXPECT_EQ(kin::to_string(1500ms), "1500ms");
  EXPECT_EQ(kin::to_string(120min), "2h");
  EXPECT_EQ(kin::to_string(kin::duration(1001)), "1001ns");
  EXPECT_EQ(kin::to_string(kin::duration(-2us)), "-2us");
  EXPECT_EQ(kin::to_string(0h), "0s");
  EXPECT_EQ(kin::to_string(kin::infinity), "infinity");
}

TEST(print, writes_a_byte_as_a_number_and_no_text_as_null) {
  EXPECT_EQ(kin::to_string(std::uint8_t{7}), "7");
  EXPECT_EQ(kin::to_string(std::vector<std::int8_t>{-1, 65}), "[-1, 65]");
  EXPECT_EQ(kin::to_string('A'), "A");
  const char* const no_text = nullptr;
  EXPECT_EQ(kin::to_string(no_text), "null");
}

TEST(print, writes_pids_and_references_inside_of_an_aggregate) {
  test::run([] {
    const shop::subscription s{kin::self(), kin::make_ref(), {kin::ref{}}, kin::killed};
    EXPECT_THAT(kin::to_string(s),
                testing::MatchesRegex(
                    R"(shop::subscription\{<0\..*>, #Ref<0\.[0-9]+>, \[#Ref<0\.0>\], killed\})"));
    EXPECT_EQ(kin::to_string(kin::message::of(s)), kin::to_string(s));
  });
}

TEST(print, writes_an_enum_by_number) {
  EXPECT_EQ(kin::to_string(shop::colour::green), "shop::colour(2)");
}

TEST(print, writes_kins_own_words_as_erlang_does) {
  test::run([] {
    EXPECT_THAT(kin::to_string(kin::self()), testing::MatchesRegex("<0\\.[0-9]+\\.[0-9]+>"));
    EXPECT_THAT(kin::to_string(kin::make_ref()), testing::MatchesRegex("#Ref<0\\.[0-9]+>"));
    const kin::down d{kin::make_ref(), kin::self(), kin::normal};
    EXPECT_THAT(kin::to_string(d),
                testing::MatchesRegex(R"(\{DOWN, #Ref<.*>, process, <.*>, normal\})"));
    EXPECT_THAT(kin::to_string(kin::exited{kin::self(), "x"}),
                testing::MatchesRegex(R"(\{EXIT, <.*>, "x"\})"));
    EXPECT_EQ(kin::to_string(kin::priority::high), "high");
  });
}

// ---- pid ----------------------------------------------------------------------------------------

TEST(pid, of_a_machine_counts_from_one) {
  test::run({.workers = 1}, [] { EXPECT_EQ(kin::self().number(), 1U); });
  test::run({.workers = 1}, [] { EXPECT_EQ(kin::self().number(), 1U); });
}

TEST(pid, is_a_small_value_that_is_compared_hashed_and_ordered) {
  static_assert(sizeof(kin::pid) == 16 && std::is_trivially_copyable_v<kin::pid>);
  test::run([] {
    const kin::pid a = kin::self();
    const kin::pid b = kin::spawn([] {});
    EXPECT_NE(a, b);
    EXPECT_TRUE((a < b) != (b < a));
    EXPECT_EQ(std::hash<kin::pid>{}(a), std::hash<kin::pid>{}(kin::self()));
    EXPECT_FALSE(kin::pid{});
  });
}

}  // namespace
