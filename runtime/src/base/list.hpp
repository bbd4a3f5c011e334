// SPDX-License-Identifier: Apache-2.0
// A doubly linked list through its items: O(1) removal of an item by itself, no allocation.
#pragma once

namespace kin::detail {

template <class T>
struct list_hook {
  T* next = nullptr;
  T* previous = nullptr;
};

/// `Hook` is the member of T that this list goes through. One pointer large; newest first.
template <class T, list_hook<T> T::*Hook>
class list {
 public:
  [[nodiscard]] bool empty() const { return first_ == nullptr; }
  [[nodiscard]] T* first() const { return first_; }
  [[nodiscard]] static T* next(const T& item) { return (item.*Hook).next; }

  void push(T& item) {
    (item.*Hook) = {first_, nullptr};
    if (first_ != nullptr) (first_->*Hook).previous = &item;
    first_ = &item;
  }
  void remove(T& item) {
    auto& hook = item.*Hook;
    (hook.previous != nullptr ? (hook.previous->*Hook).next : first_) = hook.next;
    if (hook.next != nullptr) (hook.next->*Hook).previous = hook.previous;
    hook = {};
  }
  T* pop() {
    T* item = first_;
    if (item != nullptr) remove(*item);
    return item;
  }

 private:
  T* first_ = nullptr;
};

}  // namespace kin::detail
