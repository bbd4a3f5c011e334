// SPDX-License-Identifier: Apache-2.0
// A function over many elements, each in a task of its own, so many at a time.
//
//   for (kin::result<page>& p : kin::async_stream(addresses, fetch, {.max_concurrency = 8})) ...
//
// It is lazy: an element is taken from the range when a task can have it, and nothing at all runs
// before the first result is asked for. A helper process starts the tasks, holds what they return,
// and hears of their ends, so that nothing of it comes into the owner's mailbox. An owner that traps
// exits gets a task's failure in its place; one that does not dies of it, unless the stream is
// without links.
#pragma once

#include <kin/export.hpp>
#include <kin/gen.hpp>
#include <kin/registry.hpp>
#include <kin/result.hpp>
#include <kin/task.hpp>
#include <kin/task_supervisor.hpp>
#include <kin/time.hpp>

#include <chrono>
#include <concepts>
#include <cstddef>
#include <iterator>
#include <map>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

namespace KIN_PUBLIC kin {

/// What becomes of a stream one of whose tasks takes too long.
enum class stream_timeout : unsigned char {
  exit,       ///< its owner gets call_failed with timed_out, and all its tasks are killed
  kill_task,  ///< that task is killed, its result is timed_out
};

/// How a stream works; every field may be left out.
struct stream_options {
  std::size_t max_concurrency = 0;  ///< tasks at a time; 0: one for each worker of the machine
  bool ordered = true;              ///< results in the order of their elements, or as they come
  duration timeout = std::chrono::seconds(5);        ///< of each task, from its start
  stream_timeout on_timeout = stream_timeout::exit;  ///< what becomes of one that takes longer
  /// The reason of a failure is a failed_input, which has the element, too.
  bool zip_input_on_exit = false;
};

/// The reason in a result, of a stream that was asked for it.
template <class V>
struct failed_input {
  V input;                  ///< the element
  exit_reason reason = {};  ///< why its task has failed
  friend bool operator==(const failed_input&, const failed_input&) = default;
};

namespace detail {

/// What the helper of a stream does. All but `next` and `stop` only tell it.
class stream_tasks {
 public:
  struct how {
    duration timeout = {};
    bool kills_late = false;
    bool linked = true;
    std::optional<pid> supervisor = {};
  };
  struct ended {
    std::size_t position = 0;
    message value = {};       // empty: it has failed
    exit_reason reason = {};  // why
  };

  explicit stream_tasks(const how& h);
  stream_tasks(const stream_tasks&) = delete;
  stream_tasks& operator=(const stream_tasks&) = delete;
  /// Its tasks are told to end; it does not wait for that.
  ~stream_tasks();
  void start(std::size_t position, std::unique_ptr<task_code> code);
  /// Waits for a task that has ended. Throws call_failed when the stream fails.
  ended next();
  /// All tasks are killed; waits for their ends.
  void stop();
  [[nodiscard]] bool stopped() const { return !helper_; }
  [[nodiscard]] pid helper() const { return helper_; }

 private:
  pid helper_;
  ref watch_;  // what the helper dies of; a call may be too late to hear it
};
/// From a task to the helper of its stream.
void give_to_stream(pid helper, std::size_t position, message value);
void check_stream_owner(pid owner);

/// What a task of a stream returns, as a message.
template <class R>
struct stream_value {
  R value;
};
template <>
struct stream_value<void> {};

template <class F, class V>
class stream_code final : public task_code {
 public:
  using R = std::remove_cvref_t<std::invoke_result_t<F&, V>>;
  stream_code(F f, V v, pid helper, std::size_t position)
      : function_(std::move(f)), element_(std::move(v)), helper_(helper), position_(position) {}
  void run(ref /*answer_to*/) override {
    if constexpr (std::is_void_v<R>) {
      function_(std::move(element_));
      give_to_stream(helper_, position_, message::of(stream_value<void>{}));
    } else {
      give_to_stream(helper_, position_,
                     message::of(stream_value<R>{function_(std::move(element_))}));
    }
  }
  [[nodiscard]] const std::type_info& subject() const override { return typeid(F); }

 private:
  F function_;
  V element_;
  pid helper_;
  std::size_t position_;
};

}  // namespace detail

/// The results of a function over a range, as a range that can be gone through once. Made by
/// async_stream.
///
/// Context  one process, which is the tasks' owner.
template <class Range, class F>
class task_stream {
  using iterator_in = decltype(std::begin(std::declval<std::remove_reference_t<Range>&>()));
  using sentinel_in = decltype(std::end(std::declval<std::remove_reference_t<Range>&>()));
  using element = std::remove_cvref_t<decltype(*std::declval<iterator_in&>())>;

 public:
  /// What the function returns.
  using reply_type = std::remove_cvref_t<std::invoke_result_t<F&, element>>;
  /// What `next` gives.
  using value_type = result<reply_type>;

  /// Programs write async_stream.
  task_stream(Range&& range, F f, const stream_options& how, std::optional<pid> supervisor,
              bool linked)
      : range_(std::forward<Range>(range)),
        function_(std::move(f)),
        how_(how),
        supervisor_(supervisor),
        linked_(linked) {
    if (how_.max_concurrency == 0) how_.max_concurrency = workers();
  }
  task_stream(const task_stream&) = delete;
  task_stream& operator=(const task_stream&) = delete;
  /// What still runs is told to end, and is not waited for.
  ~task_stream() = default;

  /// The result of the next element, or of the next task that has ended; nothing after the last
  /// one.
  ///
  /// Throws  call_failed: timed_out, see stream_options::on_timeout; or what the supervisor did not
  ///         start a task for.
  /// Waits   until there is one.
  std::optional<value_type> next() {
    advance();
    return std::exchange(current_, std::nullopt);
  }
  /// Kills the tasks that still run, and waits for their ends: for who does not go on to the last
  /// result and cares.
  void close() {
    over_ = true;
    if (tasks_ && !tasks_->stopped()) tasks_->stop();
  }

  /// An input iterator.
  class iterator {
   public:
    /// As the standard library asks for.
    using iterator_category = std::input_iterator_tag;
    /// What it gives.
    using value_type = task_stream::value_type;
    /// As the standard library asks for.
    using difference_type = std::ptrdiff_t;
    /// To what it gives.
    using pointer = value_type*;
    /// To what it gives.
    using reference = value_type&;

    /// At the first one. Waits.
    explicit iterator(task_stream& in) : stream_(&in) { ++*this; }
    /// The one it is at.
    reference operator*() const { return *stream_->current_; }
    /// The one it is at.
    pointer operator->() const { return &*stream_->current_; }
    /// To the next one. Waits.
    iterator& operator++() {
      stream_->advance();
      return *this;
    }
    /// The same.
    void operator++(int) { ++*this; }
    bool operator==(std::default_sentinel_t /*end*/) const { return !stream_->current_; }

   private:
    task_stream* stream_;
  };
  /// Waits for the first result.
  iterator begin() { return iterator(*this); }
  /// After the last one.
  [[nodiscard]] std::default_sentinel_t end() const { return {}; }

 private:
  pid owner() {
    if (!owner_) owner_ = self();
    return owner_;
  }

  void advance() {
    current_.reset();
    if (over_) return;
    detail::check_stream_owner(owner());
    try {
      find_next();
    } catch (...) {
      over_ = true;
      tasks_.reset();
      throw;
    }
  }

  void find_next() {
    for (;;) {
      const auto ready = ready_.begin();
      if (ready != ready_.end() && (!how_.ordered || ready->first == delivered_)) {
        current_.emplace(std::move(ready->second));
        ready_.erase(ready);
        ++delivered_;
        return;
      }
      while (running_ < how_.max_concurrency && start_one()) {
      }
      if (running_ == 0) {
        close();
        return;
      }
      take(tasks_->next());
    }
  }

  bool start_one() {
    if (!tasks_) {
      tasks_.emplace(
          detail::stream_tasks::how{.timeout = how_.timeout,
                                    .kills_late = how_.on_timeout == stream_timeout::kill_task,
                                    .linked = linked_,
                                    .supervisor = supervisor_});
      at_.emplace(std::begin(range_));
      end_.emplace(std::end(range_));
    } else if (*at_ != *end_) {
      ++*at_;
    }
    if (!(*at_ != *end_)) return false;
    element e(**at_);
    if constexpr (std::copy_constructible<element>) {
      if (how_.zip_input_on_exit) inputs_.emplace(started_, e);
    }
    tasks_->start(started_, std::make_unique<detail::stream_code<F, element>>(
                                function_, std::move(e), tasks_->helper(), started_));
    ++started_;
    ++running_;
    return true;
  }

  void take(detail::stream_tasks::ended e) {
    --running_;
    const std::size_t key = how_.ordered ? e.position : 0;
    ready_.emplace(key, e.value.empty() ? failure(e) : success(e));
    if constexpr (std::copy_constructible<element>) inputs_.erase(e.position);
  }
  static value_type success(detail::stream_tasks::ended& e) {
    if constexpr (std::is_void_v<reply_type>) {
      return {};
    } else {
      return std::move(e.value.template get_if<detail::stream_value<reply_type>>()->value);
    }
  }
  value_type failure(detail::stream_tasks::ended& e) {
    if constexpr (std::copy_constructible<element>) {
      if (const auto input = inputs_.find(e.position); input != inputs_.end())
        return exit_reason(failed_input<element>{input->second, e.reason});
    }
    return std::move(e.reason);
  }

  Range range_;
  F function_;
  stream_options how_;
  std::optional<pid> supervisor_;
  bool linked_;
  bool over_ = false;
  pid owner_;
  std::optional<iterator_in> at_;
  std::optional<sentinel_in> end_;
  std::size_t started_ = 0;
  std::size_t running_ = 0;
  std::size_t delivered_ = 0;
  std::multimap<std::size_t, value_type> ready_;  // by position, where that matters
  std::map<std::size_t, element> inputs_;         // of those that run, if asked for
  std::optional<value_type> current_;
  std::optional<detail::stream_tasks> tasks_;
};

namespace detail {

template <class Range, class F>
constexpr bool check_stream() {
  constexpr bool is_range = requires(std::remove_reference_t<Range> & r) {
    *std::begin(r);
    std::end(r);
  };
  static_assert(is_range, "kin: async_stream goes through a range: something with begin and end");
  static_assert(std::is_copy_constructible_v<F>,
                "kin: each task of a stream has the function of its own, so it must be copyable");
  if constexpr (is_range && std::is_copy_constructible_v<F>) {
    using element =
        std::remove_cvref_t<decltype(*std::begin(std::declval<std::remove_reference_t<Range>&>()))>;
    constexpr bool invocable = std::is_invocable_v<F&, element>;
    static_assert(invocable, "kin: the function of async_stream takes one element of the range");
    static_assert(sendable<element>,
                  "kin: an element of this range cannot go to a task: it is a pointer, a view or "
                  "cannot be moved");
    if constexpr (invocable) {
      using R = std::remove_cvref_t<std::invoke_result_t<F&, element>>;
      constexpr bool travels = std::is_void_v<R> || sendable<R>;
      static_assert(travels,
                    "kin: what a task returns cannot be a message: it is a pointer, a view or "
                    "cannot be moved");
      return travels && sendable<element>;
    }
  }
  return false;
}
template <class Range, class F>
auto stream_of(Range&& range, F&& f, const stream_options& how, std::optional<pid> supervisor,
               bool linked) {
  if constexpr (check_stream<Range, std::remove_cvref_t<F>>()) {
    return task_stream<Range, std::remove_cvref_t<F>>(std::forward<Range>(range),
                                                      std::forward<F>(f), how, supervisor, linked);
  }
}
/// nobody there: the supervisor is asked, and is not found.
inline std::optional<pid> supervisor_at(std::optional<pid> p) {
  return p ? p : std::optional(pid{});
}

}  // namespace detail

/// Runs `f(element)` for each element of a range, each in a task of its own, and gives the results
/// as they are asked for. A range that is an lvalue must outlive the stream; others are moved into
/// it. `f` and the element are copied for each task.
///
/// Returns  a task_stream: results, or the reasons for which tasks have failed.
/// Context  a process.   Cost  five messages an element, beside its process.
/// See      Task.async_stream/3.
template <class Range, class F>
requires(!address<std::remove_cvref_t<Range>>)
    [[nodiscard]] auto async_stream(Range&& range, F f, const stream_options& how = {}) {
  return detail::stream_of<Range>(std::forward<Range>(range), std::move(f), how, std::nullopt,
                                  true);
}
/// The same, with tasks that are children of that supervisor, too.
/// See  Task.Supervisor.async_stream/4.
template <address To, class Range, class F>
[[nodiscard]] auto async_stream(const To& supervisor, Range&& range, F f,
                                const stream_options& how = {}) {
  static_assert(detail::check_task_supervisor<To>());
  return detail::stream_of<Range>(std::forward<Range>(range), std::move(f), how,
                                  detail::supervisor_at(whereis(supervisor)), true);
}
/// The same, without links: a task that fails is a result, whether the owner traps exits or not.
/// See  Task.Supervisor.async_stream_nolink/4.
template <address To, class Range, class F>
[[nodiscard]] auto async_stream_nolink(const To& supervisor, Range&& range, F f,
                                       const stream_options& how = {}) {
  static_assert(detail::check_task_supervisor<To>());
  return detail::stream_of<Range>(std::forward<Range>(range), std::move(f), how,
                                  detail::supervisor_at(whereis(supervisor)), false);
}

}  // namespace kin
