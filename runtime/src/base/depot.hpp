// SPDX-License-Identifier: Apache-2.0
// Where the magazines of all threads meet: what one has too many of, another gets. A thread comes here
// once a batch.
#pragma once

#include "base/atomic.hpp"
#include "base/magazine.hpp"

#include <mutex>

namespace kin::detail {

template <class Item>
class depot {
 public:
  /// Fills a magazine that is empty with a batch that rests here; or, if none does, with one that
  /// `make` makes. What `make` throws goes on to the caller, who has nothing then.
  template <class Make>
  void refill(magazine<Item>& mine, Make make) {
    const std::lock_guard hold(lock_);
    if (store_.empty()) {
      store_.expect_another();
      mine.load(make());
    } else {
      mine.load(store_.take());
    }
  }
  /// Takes a batch out of a magazine that holds one.
  void put_aside(magazine<Item>& mine) noexcept {
    const std::lock_guard hold(lock_);
    store_.put(mine.unload());
  }
  /// Takes all there is in it.
  void retire(magazine<Item>& mine) noexcept {
    const std::lock_guard hold(lock_);
    while (!mine.empty()) store_.put(mine.unload());
  }

 private:
  mutex lock_;
  batch_store<Item> store_;
};

}  // namespace kin::detail
