// SPDX-License-Identifier: Apache-2.0
// The compiled half of a state machine: its queue, what is postponed, its timeouts, and the order of
// all that. What a machine's class has to say comes through a handful of virtual functions.
//
//   I1  Between two messages the queue and the timeouts of zero are empty: a machine is suspended,
//       or asked for its state, in no other moment.
//   I2  An event is the mailbox's (lent_) while its handler runs, and becomes ours when it is
//       postponed.
//   I3  Who waits in a call that is ours is owed by the process (statem_event::caller), so that its
//       end answers with its reason.
#pragma once

#include <kin/export.hpp>
#include <kin/gen_server.hpp>
#include <kin/statem_actions.hpp>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <iosfwd>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace KIN_PUBLIC kin {
namespace detail {

struct statem_event {
  enum class kind : std::uint8_t { none, call, cast, info, inserted, timeout };
  kind what = kind::none;
  timer_key timer = {};  // of a timeout
  message content = {};  // a request, or any message if info; empty while it is lent
  promise caller = {};   // of a call that is not in hand
  pid from = {};         // of a call
};

class statem_process;

/// How a machine's requests are applied; `run` handles one in the state the machine is in.
struct event_type : request_type {
  void (*run)(statem_process& machine, signal& event, statem_step& out);
  bool drops_expired = false;
};

class statem_process : public server_process {
 public:
  using server_process::server_process;
  next handle(incoming& in) final;
  /// The `apply` of every event type.
  static next apply(server_host& host, signal& request);

  /// For event_type::run.
  [[nodiscard]] void* machine() { return server(); }
  server_host& host() { return *this; }
  /// Enters the state that it is in, and all that comes of that. Once, when it was made.
  next begin();
  /// The modules that were pushed, of the type that the machine's class knows.
  virtual void* modules() = 0;

 protected:
  void print_state(std::ostream& out) const final;
  next init() final;
  bool handle_info(message& m, next& then) final;
  using server_process::format;
  void format(sys::status& shown) const override;
  void ended(const exit_reason& why) final;

  virtual void run_init(statem_step& out) = 0;
  virtual void run_enter(statem_step& out) = 0;
  virtual void run_info(message& m, statem_step& out) = 0;
  [[nodiscard]] virtual bool enters() const = 0;
  /// False: there is none to pop.
  virtual bool change_module(const statem_order& order) = 0;
  [[nodiscard]] virtual std::vector<std::string> module_names() const = 0;
  [[nodiscard]] virtual bool has_several_states() const = 0;
  virtual void print_machine(std::ostream& out) const = 0;

 private:
  struct timer {
    timer_key key;
    ref at;                // that a message comes by
    std::uint64_t number;  // in that message
    message content;
  };
  /// What handlers have asked for between one event and the next.
  struct wanted {
    bool postpones = false;
    bool hibernates = false;
    std::vector<statem_order> timers;
    std::vector<statem_event> events;
  };

  next go_on(std::optional<exit_reason> stop);
  bool drops_current();
  std::optional<exit_reason> handle_current();
  std::optional<exit_reason> follow(statem_step& step, bool first);
  void collect(statem_step& step, wanted& all);
  void put_current_aside();
  void leave_current();
  void set_timers(std::vector<statem_order>& orders);
  void set_timer(statem_order& order);
  bool stop_timer(const timer_key& key);
  message* content_of(const timer_key& key);
  [[nodiscard]] signal& node_of(const statem_event& e) const;
  void print_event(std::ostream& out, const statem_event& e) const;
  [[nodiscard]] std::string events_shown(const std::deque<statem_event>& all) const;
  [[nodiscard]] std::vector<std::string> timeouts_shown() const;
  [[nodiscard]] const char* mode() const;

  incoming* lent_ = nullptr;  // holds the current event, if that is not ours
  statem_event current_;
  std::deque<statem_event> queue_;      // before any message
  std::deque<statem_event> postponed_;  // oldest first
  std::deque<statem_event> due_;        // timeouts of zero: after the queue, before any message
  std::vector<timer> timers_;
  std::uint64_t last_timer_ = 0;
  bool hibernates_ = false;
  statem_step first_;  // of init
};

}  // namespace detail
}  // namespace kin
