// SPDX-License-Identifier: Apache-2.0
// What is meant for a process of another node goes to that node's router, all of it and in order.
#include "process/remote.hpp"

#include "process/mailbox.hpp"
#include "support/expect.hpp"

#include <mutex>
#include <string>
#include <vector>

namespace kin::detail {
namespace {

// A node that takes what it is sent, or one that is gone.
class node final : public remote_router {
 public:
  explicit node(bool is_there) : is_there_(is_there) {}

  [[nodiscard]] bool send(pid to, signal* s) noexcept override {
    if (!is_there_) return false;
    EXPECT_EQ(to, far());
    got.push_back(s->kind);
    refuse(s, noconnection);
    return true;
  }
  [[nodiscard]] pid far() const { return pid_access::make(hint(), 42); }

  std::vector<signal_kind> got;

 private:
  bool is_there_;
};

TEST(remote, gets_all_that_is_posted_to_its_processes_in_order) {
  node there(true);
  test::run([&] {
    trap_exits();
    send(there.far(), test::number{1});
    link(there.far());
    const auto watch = monitor(there.far());
    exit(there.far(), "from here");
    send(there.far(), test::word{"last"});

    EXPECT_EQ(test::expect<exited>(), (exited{there.far(), noproc}));
    EXPECT_EQ(test::expect<down>(), (down{watch, there.far(), noproc}));
  });
  using enum signal_kind;
  EXPECT_EQ(there.got, (std::vector{message, link, monitor, signal_kind::exit, message}));
}

TEST(remote, that_is_gone_is_as_nobody) {
  node gone(false);
  test::run([&] {
    send(gone.far(), test::number{1});
    exit(gone.far(), "from here");
    EXPECT_THROW(link(gone.far()), error);
    const auto watch = monitor(gone.far());
    EXPECT_EQ(test::expect<down>(), (down{watch, gone.far(), noproc}));
  });
}

}  // namespace
}  // namespace kin::detail
