// SPDX-License-Identifier: Apache-2.0
// What handles the events of a kin::gen_event (gen_event.hpp): a plain class. What it has of these
// is called, in the manager's process, one after another:
//
//   constructor                                what add_handler was given; an exception refuses
//   void | kin::handled  init()                after it; kin::remove_handler refuses as well
//   void | kin::handled  handle_event(event)   for each type of event it wants: const& or by value
//   R | void | kin::handled | kin::handler_reply<R>
//                        handle_call(request)  or (request, kin::pid caller): see call
//   kin::clauses         handle_info()         plain messages to the manager, exits among them
//   void | T             terminate(const kin::handler_end&)      T: for delete_handler, or a swap
//   auto                 format_status() const                   what reports print as its state
//
// A handler that throws is removed and reported; the manager and the other handlers go on.
#pragma once

#include <kin/exit_reason.hpp>
#include <kin/export.hpp>
#include <kin/message.hpp>
#include <kin/next.hpp>
#include <kin/pid.hpp>

#include <cstdint>
#include <iosfwd>
#include <memory>
#include <string>
#include <typeinfo>
#include <utility>

namespace KIN_PUBLIC kin {

namespace detail {
extern const atom_rep bad_module_rep;
extern const atom_rep module_not_found_rep;
extern const atom_rep crash_rep;
extern const atom_rep remove_handler_rep;
}  // namespace detail

/// Of a call: the manager has no such handler.
inline constexpr atom bad_module{detail::bad_module_rep};
/// Of delete_handler, and what a new handler is handed: there was no such handler.
inline constexpr atom module_not_found{detail::module_not_found_rep};
/// A handler that another one gave its place to has refused it.
inline constexpr atom crash{detail::crash_rep};

/// The type of kin::remove_handler.
struct remove_handler_t {
  /// As a reason: of an `init` that returned it.
  constexpr operator atom() const {  // NOLINT(google-explicit-constructor)
    return atom{detail::remove_handler_rep};
  }
};
/// Returned by a callback of a handler: its work is done. `terminate` runs, and it is gone.
inline constexpr remove_handler_t remove_handler{};

/// Which handler of a manager: its class, and text where there are several of a class. OTP's Module
/// or {Module, Id}.
class handler_id {
 public:
  /// Of no class.
  handler_id() = default;
  /// Of that class.
  template <class H>
  [[nodiscard]] static handler_id of(std::string id = {}) {
    return handler_id(typeid(H), std::move(id));
  }
  /// Its class.
  [[nodiscard]] const std::type_info& type() const { return *type_; }
  /// What it was added under; may be empty.
  [[nodiscard]] const std::string& id() const { return id_; }
  friend bool operator==(const handler_id& a, const handler_id& b) {
    return detail::same_type(*a.type_, *b.type_) && a.id_ == b.id_;
  }
  /// As `audit`, or `{audit, disk}`.
  friend std::ostream& operator<<(std::ostream& out, const handler_id& h) { return h.print(out); }

 private:
  handler_id(const std::type_info& type, std::string id) : type_(&type), id_(std::move(id)) {}
  std::ostream& print(std::ostream& out) const;
  const std::type_info* type_ = &typeid(void);
  std::string id_;
};

/// Why a handler leaves its manager: what its `terminate` is told. Prints as OTP's argument.
struct handler_end {
  /// What it was.
  enum class cause : std::uint8_t {
    deleted,           ///< by delete_handler; `why` is what that was given
    removed,           ///< it returned kin::remove_handler
    swapped,           ///< another takes its place; `why` is what the swap was given
    stopped,           ///< the manager ends, for `why`
    subscriber_ended,  ///< the process that add_sup_handler was called in, for `why`
    failed             ///< it has thrown, or left by kin::exit: `why`
  };
  handler_end::cause what = cause::deleted;  ///< what it was
  exit_reason why = {};                      ///< of that
  friend bool operator==(const handler_end&, const handler_end&) = default;
};
std::ostream& operator<<(std::ostream& out, const handler_end& e);

/// The message to who added a handler by add_sup_handler, when it is gone and its `terminate` has
/// run: OTP's {gen_event_EXIT, Handler, Reason}.
struct handler_exited {
  kin::pid manager = {};         ///< whose handler it was
  kin::handler_id handler = {};  ///< which
  /// normal: deleted, or removed as it wished; shutdown: the manager ends; handler_swapped{...};
  /// handler_failed{why}; crash: it was to take the place of another, and has refused.
  exit_reason reason = {};
  friend bool operator==(const handler_exited&, const handler_exited&) = default;
};
std::ostream& operator<<(std::ostream& out, const handler_exited& e);

/// Another handler has taken its place: OTP's {swapped, NewHandler, Supervisor}.
struct handler_swapped {
  handler_id by = {};        ///< which
  kin::pid subscriber = {};  ///< who hears of that one's end; none: nobody
  friend bool operator==(const handler_swapped&, const handler_swapped&) = default;
};
std::ostream& operator<<(std::ostream& out, const handler_swapped& s);

/// It misbehaved, and is gone: OTP's {'EXIT', Why}. The manager lives.
struct handler_failed {
  exit_reason why = {};  ///< what it threw
  friend bool operator==(const handler_failed&, const handler_failed&) = default;
};
std::ostream& operator<<(std::ostream& out, const handler_failed& f);

namespace detail {
struct swap_order;
class swapping;
}  // namespace detail

/// What a callback of a handler may return: nothing more, kin::hibernate (the whole manager, when
/// all handlers have had the event), kin::remove_handler, or kin::swap_to<Other, Manager>(*this).
class handled {
 public:
  handled();
  /// Nothing more.
  handled(noreply_t /*word*/);  // NOLINT(google-explicit-constructor)
  /// The manager hibernates.
  handled(hibernate_t /*word*/);  // NOLINT(google-explicit-constructor)
  /// The handler leaves.
  handled(remove_handler_t /*word*/);  // NOLINT(google-explicit-constructor)
  handled(handled&& other) noexcept;
  handled& operator=(handled&& other) noexcept;
  handled(const handled&) = delete;
  handled& operator=(const handled&) = delete;
  ~handled();

  /// For swap_to.
  explicit handled(std::unique_ptr<detail::swap_order> swap);

 private:
  friend class detail::swapping;
  enum class wish : std::uint8_t { nothing, rest, leave };
  wish wish_ = wish::nothing;
  std::unique_ptr<detail::swap_order> swap_;
};

/// What a handle_call of a handler returns when there is more than an answer.
template <class R>
class handler_reply {
 public:
  /// What `call` returns.
  using reply_type = R;
  /// The answer.
  handler_reply(R answer) : value(std::move(answer)) {}  // NOLINT(google-explicit-constructor)
  /// The answer, sent when what follows is done, and what that is.
  handler_reply(R answer, handled next_step)
      : value(std::move(answer)), then(std::move(next_step)) {}

  R value;       ///< the answer
  handled then;  ///< what it does beside
};

/// Where a handler is put, and how two change places.
struct handler_options {
  std::string id = {};  ///< tells handlers of one class apart; of those alike the newest counts
};
/// Of two handlers that change places.
struct swap_options {
  std::string old_id = {};  ///< of the one that leaves
  exit_reason why = {};     ///< what its `terminate` is told
  std::string id = {};      ///< of the one that comes
};

}  // namespace kin
