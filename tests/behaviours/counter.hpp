// SPDX-License-Identifier: Apache-2.0
// A server that does what a test tells it.
#pragma once

#include <kin/gen_server.hpp>

#include "support/expect.hpp"

#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace kin::test {

using namespace std::string_literals;

struct oops {
  int number = 0;
  friend bool operator==(const oops&, const oops&) = default;
};
inline const kin::exit_reason bad(oops{1});

struct add {
  int by = 0;
};
struct get {};
struct who {};
struct later {
  bool say = false;  // when it is put aside
};
struct swallow {};
struct end_and_reply {
  kin::exit_reason why = {};
};
struct end_silently {
  kin::exit_reason why = {};
};
struct fail {};
struct nothing_to_say {};
struct box {
  std::unique_ptr<int> value;
};
struct ask_yourself {};
struct release {};
struct hand_over {
  kin::pid to;
};
struct say {
  word text;
};
struct stop_now {
  kin::exit_reason why = {};
};

struct ended {
  kin::exit_reason why = {};
  friend bool operator==(const ended&, const ended&) = default;
};
// A duty to answer, on its way to another process.
struct duty {
  kin::from<int> to;
};

class counter : public kin::gen_server {
 public:
  explicit counter(kin::pid test, bool traps = false) : test_(test) { kin::trap_exits(traps); }

  int handle_call(add a) { return count_ += a.by; }
  int handle_call(get /*request*/) const { return count_; }
  kin::pid handle_call(who /*request*/, kin::pid caller) { return caller; }
  kin::replies<int> handle_call(later l, kin::from<int> caller) {
    if (l.say) kin::send(test_, word{"put aside"});
    waiting_.push_back(std::move(caller));
    return kin::noreply;
  }
  kin::replies<int> handle_call(swallow /*request*/, kin::from<int> /*caller*/) {
    return kin::noreply;
  }
  kin::replies<std::string> handle_call(end_and_reply e) { return kin::stop(e.why, "bye"s); }
  kin::replies<std::string> handle_call(end_silently e) { return kin::stop(e.why); }
  int handle_call(fail /*request*/) { throw std::out_of_range("too far"); }
  void handle_call(nothing_to_say /*request*/) {}
  std::unique_ptr<int> handle_call(box b) { return std::make_unique<int>(*b.value + 1); }
  kin::exit_reason handle_call(ask_yourself /*request*/) {
    return kin::try_call(kin::server<counter>{kin::self()}, get{}).error();
  }
  kin::replies<int> handle_call(hand_over h, kin::from<int> caller) {
    kin::send(h.to, duty{std::move(caller)});
    return kin::noreply;
  }

  void handle_cast(add a) { count_ += a.by; }
  void handle_cast(say s) { kin::send(test_, s.text); }
  kin::next handle_cast(stop_now s) { return kin::stop(s.why); }
  void handle_cast(fail /*message*/) { throw std::out_of_range("too far"); }
  void handle_cast(release /*message*/) {
    for (auto& caller : waiting_) caller.answer(++count_);
    waiting_.clear();
  }

  void terminate(const kin::exit_reason& why) { kin::send(test_, ended{why}); }
  [[nodiscard]] std::string format_status() const { return "at " + std::to_string(count_); }

 private:
  kin::pid test_;
  int count_ = 0;
  std::vector<kin::from<int>> waiting_;
};
inline constexpr kin::name<counter> visits{"visits"};

inline kin::server<counter> fresh() { return kin::start<counter>(kin::self()); }

}  // namespace kin::test
