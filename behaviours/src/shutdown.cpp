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
  using told = std::function<void(pid, const exit_reason&)>;
  parallel_stop(met_exits& met, const told& ended) : met_(met), ended_(ended) {}

  void ask(const std::vector<doomed>& all) {
    for (const doomed& one : all) {
      waiting_.insert(one.pid, monitor(one.pid));
      exit(one.pid, one.limit.brutal ? exit_reason(kill) : exit_reason(shutdown));
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
  /// Those that had this limit, and are not gone.
  void kill_late(const std::vector<doomed>& all, duration limit) {
    for (const doomed& one : all) {
      if (!one.limit.brutal && one.limit.limit == limit && waiting_.find(one.pid) != nullptr)
        exit(one.pid, kill);
    }
  }
  /// Those that were dead before; then all are told of.
  void tell_of_early() {
    if (!early_.empty()) collect_exits(met_);
    for (const pid child : early_) {
      auto heard = met_.take(child);
      ended_(child, heard ? *std::move(heard) : wait_for_exit(child, met_));
    }
  }

 private:
  bool is_ours(const down& d) {
    const ref* watch = waiting_.find(d.pid);
    return watch != nullptr && *watch == d.ref;
  }
  void ended(const down& d) {
    waiting_.erase(d.pid);
    if (auto heard = met_.take(d.pid)) {
      ended_(d.pid, *heard);
    } else if (d.reason == noproc) {
      early_.push_back(d.pid);
    } else {
      unlink(d.pid);
      ended_(d.pid, d.reason);
    }
  }

  met_exits& met_;
  const told& ended_;
  pid_map<ref> waiting_;
  std::vector<pid> early_;
};

// Each limit once, the shortest first.
std::vector<duration> limits_of(const std::vector<doomed>& all) {
  std::vector<duration> limits;
  for (const doomed& one : all) {
    if (!one.limit.brutal && (limits.empty() || limits.back() != one.limit.limit))
      limits.push_back(one.limit.limit);
  }
  std::sort(limits.begin(), limits.end());
  limits.erase(std::unique(limits.begin(), limits.end()), limits.end());
  return limits;
}

}  // namespace

void stop_children(const std::vector<doomed>& all, met_exits& met,
                   const std::function<void(pid, const exit_reason&)>& ended) {
  parallel_stop stop(met, ended);
  stop.ask(all);
  const auto start = clock::now();
  bool all_gone = false;
  for (const duration limit : limits_of(all)) {
    const duration left =
        limit == infinity ? infinity : std::max(limit - (clock::now() - start), duration::zero());
    all_gone = stop.wait(left);
    if (all_gone) break;
    stop.kill_late(all, limit);
  }
  if (!all_gone) static_cast<void>(stop.wait(infinity));
  stop.tell_of_early();
}

}  // namespace kin::detail
