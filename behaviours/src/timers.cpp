// SPDX-License-Identifier: Apache-2.0
#include <kin/receive.hpp>
#include <kin/timers.hpp>

#include <ostream>
#include <utility>

namespace kin {
namespace detail {
namespace {

struct due {};

// The n-th time is the start and n times the interval, however late the one before was.
class interval {
 public:
  interval(duration time, std::function<pid()> act, bool one_at_a_time)
      : time_(time), next_(clock::now()), act_(std::move(act)), one_at_a_time_(one_at_a_time) {}

  void arm() {
    if (time_ > clock::time_point::max() - next_) return;  // never
    next_ += time_;
    send_at(next_, self(), due{});
  }
  void act() {
    const pid started = act_();
    if (one_at_a_time_) {
      const ref watch = monitor(started);
      kin::receive(when(&down::ref, watch, [](const down& /*d*/) {}));
    }
    arm();
  }

 private:
  duration time_;
  clock::time_point next_;
  std::function<pid()> act_;
  bool one_at_a_time_;
};

}  // namespace

bool is_time(duration time) { return time >= duration::zero(); }

timer::tref instant_timer() { return {timer::tref::kind::instant, make_ref()}; }

std::optional<pid> owner_here() { return in_process() ? std::optional(self()) : std::nullopt; }

timer::tref timer_or_throw(const result<timer::tref>& t) {
  if (!t) throw error(t.error(), "timer: its time is negative");
  return *t;
}

// The process waits for the runtime's timer, which can be cancelled to the point.
result<timer::tref> start_once(duration time, std::function<void()> act) {
  if (time == infinity) return timer::tref(timer::tref::kind::once, make_ref());
  const pid process = spawn([act = std::move(act)]() mutable {
    return loop([act = std::move(act)](due /*now*/) {
      act();
      return kin::stop(normal);
    });
  });
  return timer::tref(timer::tref::kind::once, send_after(time, process, due{}), process);
}

result<timer::tref> start_interval(duration time, std::optional<pid> owner,
                                   std::function<pid()> act, bool one_at_a_time) {
  const pid process = spawn([owner, at = interval(time, std::move(act), one_at_a_time)]() mutable {
    const ref watch = owner ? monitor(*owner) : ref{};
    at.arm();
    return loop([at = std::move(at)](due /*now*/) mutable { at.act(); },
                when(&down::ref, watch, [](const down& /*d*/) { return kin::stop(normal); }));
  });
  return timer::tref(timer::tref::kind::interval, make_ref(), process);
}

}  // namespace detail

namespace timer {

std::ostream& tref::print(std::ostream& out) const {
  switch (what_) {
    case kind::instant:
      out << "{instant, ";
      break;
    case kind::once:
      out << "{once, ";
      break;
    case kind::interval:
      out << "{interval, ";
      break;
    case kind::send_local:
      out << "{send_local, ";
      break;
  }
  return out << id_ << '}';
}

void cancel(const tref& t) {
  const bool was_active = cancel_timer(t.ref()).has_value();
  switch (t.what()) {
    case tref::kind::instant:
    case tref::kind::send_local:
      break;
    case tref::kind::once:
      if (was_active && t.process()) kin::exit(t.process(), kill);
      break;
    case tref::kind::interval:
      kin::exit(t.process(), kill);
      static_cast<void>(is_alive(t.process()));  // it has seen that, and sends no more
      break;
  }
}

}  // namespace timer
}  // namespace kin
