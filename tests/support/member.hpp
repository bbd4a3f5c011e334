// SPDX-License-Identifier: Apache-2.0
// Children whose life a test can follow by messages: each says when it is up, and in what order all
// end.
#pragma once

#include <kin/supervisor.hpp>

#include "support/expect.hpp"

#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace kin::test {

struct up {
  std::string id = {};
  kin::pid pid = {};
};
struct ended {
  std::string id = {};
  kin::exit_reason why = {};
  friend bool operator==(const ended&, const ended&) = default;
};
/// What a member is told with a cast: to end with this reason.
struct end {
  kin::exit_reason why = {};
};

/// Traps exits, as who has something to clean up does.
class member : public kin::gen_server {
 public:
  member(kin::pid test, std::string id) : test_(test), id_(std::move(id)) {
    kin::trap_exits();
    tell(up{id_, kin::self()});
  }
  kin::next handle_cast(end e) { return kin::stop(std::move(e.why)); }
  void terminate(const kin::exit_reason& why) { tell(ended{id_, why}); }

 private:
  // Goes on when the test has it, so that it hears of all members in the order of what they did.
  template <class Word>
  void tell(Word said) {
    kin::send(test_, std::move(said));
    static_cast<void>(kin::is_alive(test_));
  }

  kin::pid test_;
  std::string id_;
};

inline kin::child_spec child(std::string id, kin::restart when = kin::permanent) {
  return kin::child<member>({.id = id, .restart = when}, kin::self(), id);
}

/// Who tries again and again without a wait lets others go on where orders are fair.
inline const kin::sim::options fair{.by = kin::sim::order::uniform};

struct no_disk {
  int left = 0;
  friend bool operator==(const no_disk&, const no_disk&) = default;
};

/// A child whose start does what the test says.
inline kin::child_spec custom(std::string id, std::function<kin::result<kin::pid>()> start,
                              kin::restart when = kin::permanent) {
  return {.id = std::move(id), .start = std::move(start), .restart = when};
}
inline kin::child_spec failing(std::string id) {
  return custom(std::move(id), [] { return kin::exit_reason(no_disk{3}); });
}

/// The member that comes up next; it must be this one.
inline kin::server<member> expect_up(const std::string& id) {
  const auto who = expect<up>();
  EXPECT_EQ(who.id, id);
  return {who.pid};
}
inline std::vector<kin::server<member>> expect_all_up(const std::vector<std::string>& ids) {
  std::vector<kin::server<member>> all;
  for (const std::string& id : ids) all.push_back(expect_up(id));
  return all;
}
/// These end, in this order, because they are told to.
inline void expect_shutdown(const std::vector<std::string>& ids) {
  for (const std::string& id : ids) EXPECT_EQ(expect<ended>(), (ended{id, kin::shutdown}));
}
/// As kin::monitor, and there when this returns: whatever others do to `p` from now on, the DOWN
/// tells its true reason.
inline kin::ref watching(kin::pid p) {
  const kin::ref watch = kin::monitor(p);
  static_cast<void>(kin::is_alive(p));
  return watch;
}

/// Nothing more has come from members. To be asked when the supervisor has answered a call since.
inline void expect_silence() { EXPECT_THAT(drained(), testing::IsEmpty()); }

/// Lets a member end; takes its last word.
template <class Why>
void end_with(kin::server<member> who, Why why) {
  kin::cast(who, end{kin::exit_reason(std::move(why))});
  static_cast<void>(expect<ended>());
}

/// What supervisors have reported, without progress.
inline std::vector<std::string> supervisor_reports() {
  std::vector<std::string> all;
  for (const told& t : reports()) {
    if (t.title == "SUPERVISOR REPORT") all.push_back(t.text);
  }
  return all;
}

inline std::vector<std::string> ids_of(const std::vector<kin::child_info>& children) {
  std::vector<std::string> ids;
  for (const kin::child_info& c : children) ids.push_back(c.id);
  return ids;
}

}  // namespace kin::test
