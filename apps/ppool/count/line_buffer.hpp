// SPDX-License-Identifier: Apache-2.0
//
// Bytes read and not yet counted. A block ends anywhere, so the line it cuts is carried over to the
// front and read on; a line longer than the buffer makes it grow, up to the caller's limit.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <memory>
#include <span>

namespace ppool {

class line_buffer {
 public:
  explicit line_buffer(std::size_t capacity)
      : bytes_{std::make_unique_for_overwrite<char[]>(capacity)}, capacity_{capacity} {}

  bool is_full() const { return size_ == capacity_; }

  /// Where to read to; `added` says how much it was.
  std::span<char> room() { return {bytes_.get() + size_, capacity_ - size_}; }
  void added(std::size_t count) { size_ += count; }

  std::span<char> filled() { return {bytes_.get(), size_}; }

  /// What is filled, up to and with the last newline; empty if there is none.
  std::span<char> whole_lines() {
    const auto* last = static_cast<const char*>(::memrchr(bytes_.get(), '\n', size_));
    return filled().first(last == nullptr ? 0 : static_cast<std::size_t>(last + 1 - bytes_.get()));
  }

  /// Drops the first bytes; the rest is the beginning of the next line.
  void drop(std::size_t count) {
    std::memmove(bytes_.get(), bytes_.get() + count, size_ - count);
    size_ -= count;
  }

  /// Doubles the room, but not beyond `capacity_max`: false if there is no more to give.
  [[nodiscard]] bool grow(std::size_t capacity_max) {
    if (capacity_ >= capacity_max) return false;
    line_buffer bigger{std::min(2 * capacity_, capacity_max)};
    std::memcpy(bigger.bytes_.get(), bytes_.get(), size_);
    bigger.size_ = size_;
    *this = std::move(bigger);
    return true;
  }

 private:
  std::unique_ptr<char[]> bytes_;
  std::size_t capacity_;
  std::size_t size_ = 0;
};

}  // namespace ppool
