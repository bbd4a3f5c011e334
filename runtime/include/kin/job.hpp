// SPDX-License-Identifier: Apache-2.0
// A call that is made elsewhere, on another thread or another stack; what it returns or throws
// comes back.
#pragma once

#include <kin/export.hpp>

#include <exception>
#include <optional>
#include <type_traits>
#include <utility>

namespace KIN_PUBLIC kin {
namespace detail {

class job {
 public:
  job() = default;
  job(const job&) = delete;
  job& operator=(const job&) = delete;
  virtual ~job() = default;
  virtual void run() noexcept = 0;
  /// Whoever waits for it has to end. Any thread, while it runs or before.
  virtual void request_stop() noexcept {}
};

/// Lives where the call is waited for, and so does `function`.
template <class F>
class job_of : public job {
 public:
  using result = std::invoke_result_t<F&>;

  explicit job_of(F& function) : function_(function) {}
  void run() noexcept override {
    try {
      if constexpr (std::is_void_v<result>) {
        function_();
      } else {
        value_.emplace(function_());
      }
    } catch (...) {
      thrown_ = std::current_exception();
    }
  }
  /// Once, after run.
  result outcome() {
    if (thrown_) std::rethrow_exception(std::move(thrown_));
    if constexpr (!std::is_void_v<result>) return *std::move(value_);
  }

 private:
  F& function_;
  std::optional<std::conditional_t<std::is_void_v<result>, bool, result>> value_;
  std::exception_ptr thrown_;
};

}  // namespace detail
}  // namespace kin
