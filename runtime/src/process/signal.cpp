// SPDX-License-Identifier: Apache-2.0
#include "process/signal.hpp"

#include <kin/request.hpp>

#include "base/pool.hpp"
#include "process/mailbox.hpp"

#include <ostream>

namespace kin {

std::ostream& message::print(std::ostream& out) const {
  if (empty()) return out << "(empty)";
  node().type->print(out, detail::value_of(node()));
  return out;
}

namespace detail {
namespace {

signal* take_node(std::size_t bytes, std::size_t alignment, signal_kind kind) {
  const auto size_class = alignment > class_alignment ? no_class : class_for(bytes);
  auto* s = static_cast<signal*>(take_memory(bytes, size_class));
  s->kind = kind;
  s->size_class = size_class;
  s->flags = 0;
  return s;
}

}  // namespace

signal* new_signal(std::size_t bytes, std::size_t alignment, const message_type* type) {
  signal* s = take_node(bytes, alignment, signal_kind::message);
  s->type = type;
  return s;
}

signal* new_request(std::size_t bytes, std::size_t alignment, const request_type* type) {
  signal* s = take_node(bytes, alignment, signal_kind::request);
  s->type = type;
  head_of(*s) = {};
  return s;
}

void* allocate_signal(std::size_t bytes, signal_kind kind) {
  signal* s = take_node(bytes, alignof(signal), kind);
  s->type = nullptr;
  return s;
}

void free_signal(signal* s) noexcept { give_memory(s, s->size_class); }

void destroy_signal(signal* s) noexcept {
  if (s->kind == signal_kind::request && head_of(*s).number != 0)
    answer_failure(head_of(*s), dropped);
  if (s->type != nullptr && s->type->destroy != nullptr) s->type->destroy(value_of(*s));
  free_signal(s);
}

}  // namespace detail
}  // namespace kin
