// SPDX-License-Identifier: Apache-2.0
// One name, again and again. otp-semantics 1.3 and 1.8.
#include "conformance/support.hpp"

namespace {

using namespace kin::literals;
using test::word;

inline constexpr kin::name<> clerk{"register_conformance.clerk"};

// A process takes a name and is killed, over and over: when its end is told, the name is free.
TEST(register, otp_8099) {
  test::run([] {
    const int cycles = test::sanitized ? 50'000 : 1'000'000;
    for (int i = 0; i < cycles; ++i) {
      const auto holder = kin::spawn_monitor(
          [] { return kin::loop([](const word& /*w*/) { return kin::stop(kin::normal); }); });
      kin::register_name(clerk, holder.pid);
      if (i % 2 == 0) {
        kin::exit(holder.pid, kin::kill);
      } else {
        kin::send(clerk, word{"end"});
      }
      ASSERT_EQ(test::expect_down(holder.ref).reason,
                i % 2 == 0 ? kin::exit_reason(kin::killed) : kin::normal);
      ASSERT_EQ(kin::whereis(clerk), std::nullopt);
    }
  });
}

}  // namespace
