// SPDX-License-Identifier: Apache-2.0
#include <kin/next.hpp>

#include "base/assert.hpp"
#include "base/pool.hpp"

#include <utility>

namespace kin {

namespace detail {
struct wish {
  constexpr explicit wish(bool is_stop = false) : stops(is_stop) {}

  duration idle = infinity;
  std::unique_ptr<continuation> then;
  exit_reason reason;
  bool stops;
  bool hibernates = false;
};
namespace {
wish* make_wish() { return new (take_memory(sizeof(wish), class_for(sizeof(wish)))) wish; }
// The end of most processes, and what most system messages want; never changed, never freed.
union immortal_wish {
  wish value;
  constexpr explicit immortal_wish(bool is_stop) : value(is_stop) {}
  immortal_wish(const immortal_wish&) = delete;
  immortal_wish& operator=(const immortal_wish&) = delete;
  ~immortal_wish() {}  // NOLINT(modernize-use-equals-default): that would end the value
};
constinit immortal_wish stop_normal(true);
constinit immortal_wish unchanged(false);
}  // namespace
}  // namespace detail

next::next(hibernate_t /*word*/) : wish_(detail::make_wish()) { wish_->hibernates = true; }
next::next(as_before_t /*word*/) : wish_(&detail::unchanged.value) {}
next::next(timeout t) : wish_(detail::make_wish()) { wish_->idle = t.after; }

void next::discard() noexcept {
  if (wish_ == &detail::stop_normal.value || wish_ == &detail::unchanged.value) return;
  wish_->~wish();
  detail::give_memory(wish_, detail::class_for(sizeof(detail::wish)));
}

duration next::idle_limit() const { return wish_ == nullptr ? infinity : wish_->idle; }
bool next::hibernates() const { return wish_ != nullptr && wish_->hibernates; }
bool next::is_as_before() const { return wish_ == &detail::unchanged.value; }
bool next::stops() const { return wish_ != nullptr && wish_->stops; }
bool next::continues() const { return wish_ != nullptr && wish_->then != nullptr; }
const exit_reason& next::reason() const {
  KIN_ASSERT(stops());
  return wish_->reason;
}
std::unique_ptr<detail::continuation> next::take_continuation() {
  return wish_ == nullptr ? nullptr : std::move(wish_->then);
}

next next::stop(exit_reason why) {
  next n;
  if (why == normal) {
    n.wish_ = &detail::stop_normal.value;
    return n;
  }
  n.wish_ = detail::make_wish();
  n.wish_->stops = true;
  n.wish_->reason = std::move(why);
  return n;
}

next next::continue_with(std::unique_ptr<detail::continuation> c) {
  next n;
  n.wish_ = detail::make_wish();
  n.wish_->then = std::move(c);
  return n;
}

}  // namespace kin
