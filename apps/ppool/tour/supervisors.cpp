// SPDX-License-Identifier: Apache-2.0
// Chapter 3: supervisors.
#include "tour/chapters.hpp"

#include <stdexcept>
#include <string>

namespace ppool {
namespace {

using namespace kin::literals;

struct who_are_you {};
struct fail {};

/// Says when it starts; crashes on request.
class musician : public kin::gen_server {
 public:
  explicit musician(std::string instrument) : instrument_(std::move(instrument)) {
    say("    the ", instrument_, " starts to play, as ", kin::self());
  }
  kin::pid handle_call(who_are_you) const { return kin::self(); }
  void handle_cast(fail) { throw std::runtime_error("a wrong note on the " + instrument_); }

 private:
  std::string instrument_;
};
inline constexpr kin::name<musician> drum{"drum"};
inline constexpr kin::name<musician> bass{"bass"};
inline constexpr kin::name<musician> singer{"singer"};

kin::supervisor band(kin::strategy how) {
  return {{.strategy = how, .intensity = 1, .period = 60s},
          kin::child<musician>({.name = drum}, std::string("drum")),
          kin::child<musician>({.name = bass}, std::string("bass")),
          kin::child<musician>({.name = singer}, std::string("singer"))};
}

// Until the name is held by somebody else than `before`.
kin::pid wait_for_another(const kin::name<musician>& name, kin::pid before) {
  for (;;) {
    const auto now = kin::try_call(name, who_are_you{});
    if (now && *now != before) return *now;
    kin::sleep(1ms);
  }
}

void crash_the_bass(kin::strategy how, const char* name, const char* meaning) {
  say("strategy ", name, ": ", meaning);
  kin::trap_exits();
  const auto leader = kin::start_link(band(how));
  const kin::pid before = kin::call(bass, who_are_you{});
  kin::cast(bass, fail{});
  wait_for_another(bass, before);
  kin::count_children(leader);  // answered when the others have started again, too
  say("the bass fails once more; two in 60 s are one too many for intensity 1, so the supervisor "
      "gives up:");
  kin::cast(bass, fail{});
  kin::receive(kin::when(&kin::exited::from, kin::pid(leader), [](const kin::exited& end) {
    say("the supervisor ended: ", end.reason);
  }));
  kin::trap_exits(false);
}

}  // namespace

void tour_supervisors() {
  chapter("supervisor");
  crash_the_bass(kin::one_for_one, "one_for_one", "who crashes is started again, nobody else");
  crash_the_bass(kin::rest_for_one, "rest_for_one",
                 "those who were started after it are started again too");
  crash_the_bass(kin::one_for_all, "one_for_all", "all are started again");
}

}  // namespace ppool
