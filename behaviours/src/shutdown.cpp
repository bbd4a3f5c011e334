// SPDX-License-Identifier: Apache-2.0
#include "shutdown.hpp"

#include <kin/message.hpp>
#include <kin/process.hpp>
#include <kin/wait.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <typeinfo>

namespace kin::detail {
namespace {

constexpr std::array<const std::type_info*, 2> ends{&typeid(down), &typeid(exited)};

// Takes EXITs out of the mailbox; the reason of the DOWN of `watch`, or nothing after `limit`. The
// reference lets the wait begin behind what was there before.
std::optional<exit_reason> wait_for_down(ref watch, duration limit, met_exits& met) {
  receiver mailbox(ends.data(), ends.size(), false, limit, watch);
  while (signal* s = mailbox.next()) {
    if (!same_type(*s->type->info, typeid(down))) {
      met.add(std::move(*mailbox.take().get_if<exited>()));
    } else if (static_cast<down*>(value_of(*s))->ref == watch) {
      return mailbox.take().get_if<down>()->reason;
    }
  }
  return std::nullopt;
}

void collect_exits(met_exits& met) {
  receiver mailbox(ends.data() + 1, 1, false, duration::zero(), {});
  while (mailbox.next() != nullptr) met.add(std::move(*mailbox.take().get_if<exited>()));
}

// A child that was dead before its monitor: its EXIT is here, or on its way, or it had unlinked
// itself. Linking once more changes nothing in the first two cases, and in the third an EXIT with
// noproc comes of it: one comes in any case. But for an unlink that is on its way and takes the link
// back, which only other nodes and simulation do: so again, some time later.
exit_reason wait_for_exit(pid child, met_exits& met) {
  link(child);
  for (;;) {
    if (auto why = met.take(child)) return *std::move(why);
    receiver mailbox(ends.data() + 1, 1, false, std::chrono::milliseconds(10), {});
    if (mailbox.next() == nullptr) {
      link(child);
    } else {
      met.add(std::move(*mailbox.take().get_if<exited>()));
    }
  }
}

}  // namespace

void met_exits::add(exited e) {
  // A second one of the same process, or one of none, was sent by hand: it has its place, and no
  // key.
  if (e.from && by_pid_.find(e.from) == nullptr) by_pid_.insert(e.from, in_order_.size());
  in_order_.emplace_back(std::move(e));
  ++count_;
}

exited met_exits::remove(std::size_t at) {
  exited e = *std::exchange(in_order_[at], std::nullopt);
  if (const std::size_t* keyed = by_pid_.find(e.from); keyed != nullptr && *keyed == at)
    by_pid_.erase(e.from);
  if (--count_ == 0) {
    in_order_.clear();
    first_ = 0;
  }
  return e;
}

std::optional<exit_reason> met_exits::take(pid from) {
  const std::size_t* at = by_pid_.find(from);
  if (at == nullptr) return std::nullopt;
  return remove(*at).reason;
}

std::optional<exited> met_exits::take_oldest() {
  if (count_ == 0) return std::nullopt;
  while (!in_order_[first_]) ++first_;
  return remove(first_);
}

exit_reason stop_child(pid child, shutdown_limit limit, met_exits& met) {
  const ref watch = monitor(child);
  exit(child, limit.brutal ? exit_reason(kill) : exit_reason(shutdown));
  auto why = wait_for_down(watch, limit.brutal ? infinity : limit.limit, met);
  if (!why) {
    exit(child, kill);
    why = wait_for_down(watch, infinity, met);
  }
  if (auto heard = met.take(child)) return *std::move(heard);
  if (*why != noproc) {
    unlink(child);  // it had done so itself
    return *std::move(why);
  }
  collect_exits(met);
  if (auto heard = met.take(child)) return *std::move(heard);
  return wait_for_exit(child, met);
}

namespace {

// Many children that end at the same time.
class parallel_stop {
 public:
  explicit parallel_stop(met_exits& met) : met_(met) {}

  void ask(const std::vector<pid>& all, const exit_reason& how) {
    for (const pid child : all) {
      waiting_.insert(child, monitor(child));
      exit(child, how);
      checkpoint();  // thousands take a while
    }
  }
  /// False: not all within `limit`.
  bool wait(duration limit) {
    receiver mailbox(ends.data(), ends.size(), false, limit, {});
    while (!waiting_.empty()) {
      signal* s = mailbox.next();
      if (s == nullptr) return false;
      if (same_type(*s->type->info, typeid(exited))) {
        met_.add(std::move(*mailbox.take().get_if<exited>()));
      } else if (is_ours(*static_cast<down*>(value_of(*s)))) {
        const message taken = mailbox.take();
        ended(*taken.get_if<down>());
      }
    }
    return true;
  }
  void kill_rest() {
    waiting_.for_each([](pid child, ref /*watch*/) { exit(child, kill); });
  }
  /// Those that were dead before; then all reasons are known.
  std::vector<std::pair<exit_reason, std::size_t>> result() {
    if (!early_.empty()) collect_exits(met_);
    for (const pid child : early_) {
      auto heard = met_.take(child);
      count(heard ? *std::move(heard) : wait_for_exit(child, met_));
    }
    return std::move(counted_);
  }

 private:
  bool is_ours(const down& d) {
    const ref* watch = waiting_.find(d.pid);
    return watch != nullptr && *watch == d.ref;
  }
  void ended(const down& d) {
    waiting_.erase(d.pid);
    if (auto heard = met_.take(d.pid)) {
      count(*std::move(heard));
    } else if (d.reason == noproc) {
      early_.push_back(d.pid);
    } else {
      unlink(d.pid);
      count(d.reason);
    }
  }
  void count(exit_reason why) {
    const auto same = std::find_if(counted_.begin(), counted_.end(),
                                   [&](const auto& c) { return c.first == why; });
    if (same != counted_.end()) {
      ++same->second;
    } else {
      counted_.emplace_back(std::move(why), 1);
    }
  }

  met_exits& met_;
  pid_map<ref> waiting_;
  std::vector<pid> early_;
  std::vector<std::pair<exit_reason, std::size_t>> counted_;
};

}  // namespace

std::vector<std::pair<exit_reason, std::size_t>> stop_children(const std::vector<pid>& all,
                                                               shutdown_limit limit,
                                                               met_exits& met) {
  parallel_stop stop(met);
  stop.ask(all, limit.brutal ? exit_reason(kill) : exit_reason(shutdown));
  if (!stop.wait(limit.brutal ? infinity : limit.limit)) {
    stop.kill_rest();
    static_cast<void>(stop.wait(infinity));
  }
  return stop.result();
}

}  // namespace kin::detail
