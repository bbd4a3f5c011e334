// SPDX-License-Identifier: Apache-2.0
#include "context/stack.hpp"

#include <pthread.h>

namespace kin::detail {
namespace {

void first_entry(boost::context::detail::transfer_t arrival) noexcept {
  stack& here = *static_cast<passage*>(arrival.data)->to;
  here.entry(landed(arrival, here));
}

}  // namespace

void prepare(stack& s, stack_entry entry) {
  s.entry = entry;
  s.context = boost::context::detail::make_fcontext(s.lowest + s.usable, s.usable, &first_entry);
#if KIN_TSAN
  s.fiber = __tsan_create_fiber(0);
#endif
}

void adopt_thread_stack([[maybe_unused]] stack& s) {
#if KIN_ASAN
  pthread_attr_t attributes;
  pthread_getattr_np(pthread_self(), &attributes);
  void* lowest = nullptr;
  pthread_attr_getstack(&attributes, &lowest, &s.usable);
  pthread_attr_destroy(&attributes);
  s.lowest = static_cast<std::byte*>(lowest);
#endif
#if KIN_TSAN
  s.fiber = __tsan_get_current_fiber();
#endif
}

void forget([[maybe_unused]] stack& s) noexcept {
#if KIN_TSAN
  if (s.fiber != nullptr) __tsan_destroy_fiber(s.fiber);
  s.fiber = nullptr;
#endif
}

}  // namespace kin::detail
