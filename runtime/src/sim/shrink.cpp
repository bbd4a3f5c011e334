// SPDX-License-Identifier: Apache-2.0
#include "sim/shrink.hpp"

#include <kin/report.hpp>

#include "base/clock.hpp"

#include <algorithm>
#include <utility>

namespace kin::detail {
namespace {

class search {
 public:
  search(choice_list failing, const trial& fails, std::uint64_t& runs, duration limit)
      : best_(std::move(failing)), fails_(fails), runs_(runs), end_(add(system_now(), limit)) {}

  choice_list run() {
    if (fails({})) return std::move(best_);
    std::size_t part = best_.size();
    while (part > 1 && may_go_on()) {
      part = (part + 1) / 2;
      leave_out(part);
      part = std::min(part, best_.size());
    }
    while (may_go_on() && leave_out(1)) {
    }
    return std::move(best_);
  }

 private:
  [[nodiscard]] bool may_go_on() const { return runs_ != 0 && system_now() < end_; }

  // Each part of that many choices, from the end. Whether any was not needed.
  bool leave_out(std::size_t part) {
    bool any = false;
    for (std::size_t end = best_.size(); end != 0 && may_go_on();) {
      const std::size_t begin = end - std::min(part, end);
      choice_list rest(best_);
      rest.erase(rest.begin() + static_cast<std::ptrdiff_t>(begin),
                 rest.begin() + static_cast<std::ptrdiff_t>(end));
      any = fails(rest) || any;
      end = std::min(begin, best_.size());
    }
    return any;
  }
  bool fails(const choice_list& some) {
    if (some.size() >= best_.size() || !may_go_on()) return false;
    --runs_;
    std::optional<choice_list> left = fails_(some);
    if (!left || left->size() >= best_.size()) return false;
    best_ = *std::move(left);
    return true;
  }

  choice_list best_;
  const trial& fails_;
  std::uint64_t& runs_;
  nanotime end_;
};

bool is_like(const sim::outcome& one, const sim::outcome& other) {
  if (one.ending != other.ending || one.broken != other.broken) return false;
  if (one.mail_adds_up() != other.mail_adds_up()) return false;
  return one.ending != sim::ending::over ||
         (one.reason == other.reason && (one.left != 0) == (other.left != 0));
}

// A run that goes another way may have no end; where that is not the point, it is given up soon.
std::uint64_t steps_for(const sim::options& options, const sim::outcome& first) {
  return first.ending == sim::ending::too_long
             ? options.most_steps
             : std::min(options.most_steps, 10 * first.steps + 10'000);
}

}  // namespace

choice_list smallest(choice_list failing, const trial& fails, std::uint64_t& runs, duration limit) {
  return search(std::move(failing), fails, runs, limit).run();
}

sim::shrunk shrink(const sim::options& options, const main_maker& main, played first,
                   const sim::effort& effort, const std::function<bool()>& verdict) {
  sim::options again = options;
  if (!effort.tells_reports) again.machine.reports = [](const report& /*of a trial*/) {};
  again.most_steps = steps_for(options, first.end);
  played best = first;
  const auto fails = [&](const choice_list& some) -> std::optional<choice_list> {
    again.schedule = text_of(some);
    played now = play(again, main());
    if (!is_like(first.end, now.end) || (verdict && !verdict())) return std::nullopt;
    if (now.choices.size() < best.choices.size()) best = now;
    return std::move(now.choices);
  };
  std::uint64_t left = effort.runs;
  static_cast<void>(smallest(first.choices, fails, left, effort.limit));
  return {.schedule = text_of(best.choices),
          .choices = best.choices.size(),
          .choices_before = first.choices.size(),
          .runs = effort.runs - left,
          .outcome = std::move(best.end)};
}

sim::shrunk shrink(const sim::options& options, const main_maker& main, const sim::effort& effort) {
  played first = play(options, main());
  if (!first.end.ok()) return shrink(options, main, std::move(first), effort);
  return {.schedule = text_of(first.choices),
          .choices = first.choices.size(),
          .choices_before = first.choices.size(),
          .runs = 0,
          .outcome = std::move(first.end)};
}

}  // namespace kin::detail
