// SPDX-License-Identifier: Apache-2.0
#include "base/plain_text.hpp"

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <typeinfo>
#include <unistd.h>
#include <vector>

namespace kin::detail {
struct counter {};
namespace {

struct local {};

// What a write to a descriptor gives.
template <class F>
std::string written(F write) {
  std::array<int, 2> ends{};
  EXPECT_EQ(pipe(ends.data()), 0);
  {
    plain_text out(ends[1]);
    write(out);
  }
  close(ends[1]);
  std::string text;
  std::array<char, 512> part{};
  for (ssize_t got = 0; (got = read(ends[0], part.data(), part.size())) > 0;)
    text.append(part.data(), static_cast<std::size_t>(got));
  close(ends[0]);
  return text;
}

TEST(plain_text, writes_numbers) {
  const std::string text = written([](plain_text& out) {
    out.add(std::uint64_t{0}).add(" ").add(UINT64_MAX).add(" ").add_hex(0xdeadbeef).add(" ");
    out.add_seconds(1'000'042).add(" ").add_seconds(7);
  });
  EXPECT_EQ(text, "0 18446744073709551615 0xdeadbeef 1.000042 0.000007");
}

TEST(plain_text, writes_more_than_it_holds) {
  const std::string line(700, 'x');
  EXPECT_EQ(written([&](plain_text& out) { out.add(line).add(line).add("end"); }),
            line + line + "end");
}

TEST(plain_text, writes_names_of_plain_types_in_the_words_of_the_source) {
  EXPECT_EQ(written([](plain_text& out) { out.add_name(typeid(counter).name()); }),
            "kin::detail::counter");
  EXPECT_EQ(written([](plain_text& out) { out.add_name(typeid(local).name()); }),
            "kin::detail::(anonymous namespace)::local");
  EXPECT_EQ(written([](plain_text& out) { out.add_name("7counter"); }), "counter");
}

TEST(plain_text, leaves_other_names_to_cxxfilt) {
  const char* name = typeid(std::vector<counter>).name();
  EXPECT_EQ(written([&](plain_text& out) { out.add_name(name); }),
            std::string("_ZTI").append(name));
  for (const char* broken : {"N3fooE7", "99short", "N", "NE", "", "3fo"})
    EXPECT_EQ(written([&](plain_text& out) { out.add_name(broken); }),
              std::string(*broken == '\0' ? "" : "_ZTI").append(broken));
}

TEST(plain_text, into_a_string_takes_names_apart) {
  std::string text = "a ";
  {
    plain_text out(text);
    out.add_name(typeid(std::vector<counter>).name());
  }
  EXPECT_EQ(text, "a std::vector<kin::detail::counter, std::allocator<kin::detail::counter> >");
}

}  // namespace
}  // namespace kin::detail
