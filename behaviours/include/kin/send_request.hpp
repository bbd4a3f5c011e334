// SPDX-License-Identifier: Apache-2.0
// Calls that do not wait. send_request gives a request_id at once; the answer comes as a message, a
// kin::response, which is taken later:
//
//   const auto price = kin::send_request(shop, price_of{"tea"});
//   ...                                               // something else meanwhile
//   const int cents = kin::receive_response(price);   // or wait_response, which may be repeated
//
// A server does not wait, it takes the response among its messages:
//
//   auto handle_info() {
//     return kin::clauses{[this](kin::response r) {
//       if (auto cents = kin::check_response(r, price_)) ...   // a result<int>
//     }};
//   }
//
// Many requests go into a request_ids, each with a label; responses are taken as they come.
#pragma once

#include <kin/export.hpp>
#include <kin/gen.hpp>
#include <kin/pid.hpp>
#include <kin/response.hpp>
#include <kin/result.hpp>
#include <kin/time.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <type_traits>
#include <utility>
#include <vector>

namespace KIN_PUBLIC kin {
namespace detail {
struct request_access;
}

/// A request on its way, in the process that has sent it: a value, which may be copied, compared
/// and forgotten. If it is forgotten the response comes all the same, as a message like others.
template <class R>
class request_id {
 public:
  /// What receive_response returns.
  using reply_type = R;
  /// Whom it was sent to; none if the name was nobody's.
  [[nodiscard]] std::optional<pid> server() const { return server_; }
  friend bool operator==(const request_id&, const request_id&) = default;

 private:
  friend struct detail::request_access;
  request_id(std::uint64_t number, std::optional<pid> server) : number_(number), server_(server) {}
  std::uint64_t number_;
  std::optional<pid> server_;
};

/// How long to wait for a response: for so long, or until that time, which may have passed.
class time_limit {
 public:
  /// Throws  kin::error with timeout_value if it is negative.
  time_limit(duration d);  // NOLINT(google-explicit-constructor)
  /// The same, of any unit.
  template <class Rep, class Period>
  time_limit(std::chrono::duration<Rep, Period> d)  // NOLINT(google-explicit-constructor)
      : time_limit(duration(d)) {}
  /// OTP's {abs, Time}; by kin::clock.
  time_limit(clock::time_point at);  // NOLINT(google-explicit-constructor)
  /// From now.
  [[nodiscard]] duration left() const { return left_; }

 private:
  duration left_;
};

/// Whether a request_ids keeps a request whose response was taken.
enum class when_taken : std::uint8_t { remove, keep };

/// One response of a request_ids.
template <class R, class Label>
struct labelled_response {
  result<R> response;  ///< what the server has answered, or what it ended with before
  Label label;         ///< what the request was given
};

/// Requests that are open, each with a label. Of one process; all their replies are of one type.
template <class R, class Label>
class request_ids {
 public:
  static_assert(std::copyable<Label>, "kin: a request's label is copied, so that it can be kept");
  /// Throws  kin::error with badarg if it is in it already.   See  gen_server:reqids_add/3.
  void add(const request_id<R>& id, Label label);
  /// Of another type of reply: does not compile.
  template <class Other>
  void add(const request_id<Other>&, const Label&) {
    static_assert(std::is_same_v<Other, R>,
                  "kin: this collection is for requests with another type of reply");
  }
  /// How many.
  [[nodiscard]] std::size_t size() const { return open_.size(); }
  /// Whether there are none.
  [[nodiscard]] bool empty() const { return open_.empty(); }
  /// All, in the order they were sent.   See  gen_server:reqids_to_list/1.
  [[nodiscard]] std::vector<std::pair<request_id<R>, Label>> to_list() const;

 private:
  friend struct detail::request_access;
  std::map<std::uint64_t, std::pair<request_id<R>, Label>> open_;
};

namespace detail {
using request_filter = std::function<bool(std::uint64_t)>;
/// The oldest response to one of these.
std::optional<response> take_response(const request_filter& wanted, duration limit);
[[noreturn]] void throw_known_request();

struct request_access {
  template <class R>
  static request_id<R> make(std::uint64_t number, std::optional<pid> server) {
    return {number, server};
  }
  template <class R>
  static std::uint64_t number(const request_id<R>& id) {
    return id.number_;
  }
  template <class R, class Label>
  static auto& open(request_ids<R, Label>& ids) {
    return ids.open_;
  }
  // What `got`, a response to one of them, says.
  template <class R, class Label>
  static labelled_response<R, Label> label(response& got, request_ids<R, Label>& ids,
                                           when_taken then) {
    const auto found = ids.open_.find(response_access::number(got));
    labelled_response<R, Label> labelled{response_access::take<R>(got), found->second.second};
    if (then == when_taken::remove) ids.open_.erase(found);
    return labelled;
  }
};

}  // namespace detail

template <class R, class Label>
void request_ids<R, Label>::add(const request_id<R>& id, Label label) {
  const std::uint64_t number = detail::request_access::number(id);
  if (!open_.emplace(number, std::pair(id, std::move(label))).second) detail::throw_known_request();
}
template <class R, class Label>
std::vector<std::pair<request_id<R>, Label>> request_ids<R, Label>::to_list() const {
  std::vector<std::pair<request_id<R>, Label>> all;
  all.reserve(open_.size());
  for (const auto& [number, labelled] : open_) all.push_back(labelled);
  return all;
}

/// As call, but does not wait: the answer comes as a kin::response. Nobody there is no error here,
/// but in the response.
///
/// Throws   kin::error with badarg outside a process.
/// Context  a process; it waits only for room in a bounded mailbox.   Cost  as call, and a message.
/// See      gen_server:send_request/2.
template <class To, class Request>
auto send_request(const To& to, Request request) {
  using S = typename detail::server_behind<To>::type;
  if constexpr (detail::check_call<To, Request>()) {
    using R = reply_of<S, Request>;
    const std::optional<pid> target = whereis(to);  // first: it may throw
    const std::uint64_t number = detail::post_request(
        target, detail::box_request(std::move(request), &detail::call_of<S, Request>));
    return detail::request_access::make<R>(number, target);
  }
}
/// The same, into a collection.   See  gen_server:send_request/4.
template <class To, class Request, class R, class Label>
void send_request(const To& to, Request request, std::type_identity_t<Label> label,
                  request_ids<R, Label>& ids) {
  ids.add(send_request(to, std::move(request)), std::move(label));
}

/// Waits for the response to this request, the value or why there is none. When the time is up the
/// request is abandoned: its response is thrown away when it comes.
///
/// Returns  the value; or timed_out, or what the server ended with, noproc.
/// Waits    up to `limit`.   Context  the process that has sent it.
/// See      gen_server:receive_response/2.
template <class R>
result<R> try_receive_response(const request_id<R>& id, time_limit limit = infinity) {
  const std::uint64_t number = detail::request_access::number(id);
  auto got = detail::take_response([=](std::uint64_t n) { return n == number; }, limit.left());
  if (got) return detail::response_access::take<R>(*got);
  detail::abandon_request(number);
  return exit_reason(timed_out);
}
/// As try_receive_response.
///
/// Throws  call_failed with the reason.
template <class R>
R receive_response(const request_id<R>& id, time_limit limit = infinity) {
  return detail::value_or_throw(try_receive_response(id, limit), "receive_response");
}

/// As try_receive_response, but when the time is up, which is nothing here, the request is still
/// open, and may be waited for again.   See  gen_server:wait_response/2.
template <class R>
std::optional<result<R>> try_wait_response(const request_id<R>& id, time_limit limit = infinity) {
  const std::uint64_t number = detail::request_access::number(id);
  auto got = detail::take_response([=](std::uint64_t n) { return n == number; }, limit.left());
  if (!got) return std::nullopt;
  return detail::response_access::take<R>(*got);
}
/// As try_wait_response; true is the answer to a request without a value.
///
/// Throws  call_failed with the reason.
template <class R>
auto wait_response(const request_id<R>& id, time_limit limit = infinity) {
  auto got = try_wait_response(id, limit);
  if constexpr (std::is_void_v<R>) {
    if (got) got->value();
    return got.has_value();
  } else {
    return got ? std::optional<R>(detail::value_or_throw(*std::move(got), "wait_response"))
               : std::optional<R>();
  }
}

/// What `r`, taken by a receive or a handle_info, says if it is the response to this request;
/// nothing if it is another's.   See  gen_server:check_response/2.
template <class R>
std::optional<result<R>> check_response(response& r, const request_id<R>& id) {
  if (detail::response_access::number(r) != detail::request_access::number(id)) return std::nullopt;
  return detail::response_access::take<R>(r);
}

/// The first response that has come to one of these requests, or comes. When the time is up all of
/// them are abandoned, and stay in `ids`.
///
/// Returns  it; or timed_out; or no_request, if there are none.
/// Waits    up to `limit`.   Context  the process that has sent them.
/// See      gen_server:receive_response/3.
template <class R, class Label>
result<labelled_response<R, Label>> try_receive_response(request_ids<R, Label>& ids,
                                                         time_limit limit = infinity,
                                                         when_taken then = when_taken::remove) {
  auto got = try_wait_response(ids, limit, then);
  if (!got && got.error() == timed_out) {
    for (const auto& [number, labelled] : detail::request_access::open(ids))
      detail::abandon_request(number);
  }
  return got;
}
/// As try_receive_response.
///
/// Throws  call_failed with the reason.
template <class R, class Label>
labelled_response<R, Label> receive_response(request_ids<R, Label>& ids,
                                             time_limit limit = infinity,
                                             when_taken then = when_taken::remove) {
  return detail::value_or_throw(try_receive_response(ids, limit, then), "receive_response");
}

/// As try_receive_response, but when the time is up nothing is abandoned.
/// See  gen_server:wait_response/3.
template <class R, class Label>
result<labelled_response<R, Label>> try_wait_response(request_ids<R, Label>& ids,
                                                      time_limit limit = infinity,
                                                      when_taken then = when_taken::remove) {
  auto& open = detail::request_access::open(ids);
  if (open.empty()) return exit_reason(no_request);
  auto got = detail::take_response([&](std::uint64_t n) { return open.contains(n); }, limit.left());
  if (!got) return exit_reason(timed_out);
  return detail::request_access::label(*got, ids, then);
}
/// As try_wait_response.
///
/// Throws  call_failed with the reason.
template <class R, class Label>
labelled_response<R, Label> wait_response(request_ids<R, Label>& ids, time_limit limit = infinity,
                                          when_taken then = when_taken::remove) {
  return detail::value_or_throw(try_wait_response(ids, limit, then), "wait_response");
}

/// What `r` says if it is the response to one of these; else no_reply, or no_request if there are
/// none.   See  gen_server:check_response/3.
template <class R, class Label>
result<labelled_response<R, Label>> check_response(response& r, request_ids<R, Label>& ids,
                                                   when_taken then = when_taken::remove) {
  auto& open = detail::request_access::open(ids);
  if (open.empty()) return exit_reason(no_request);
  if (!open.contains(detail::response_access::number(r))) return exit_reason(no_reply);
  return detail::request_access::label(r, ids, then);
}

/// What became of a request to several servers.
template <class To, class R>
struct multi_reply {
  std::vector<std::pair<To, R>> replies;  ///< who has answered, in the order they were asked
  std::vector<To> bad;                    ///< who was not there, has ended, or was late
};

/// Asks several servers at once and waits for all: gen_server:multi_call, whose nodes are here any
/// servers of a kind. What comes too late is thrown away. `R` is not void: who has only to be there
/// is asked for something.
///
/// Waits  up to `limit` for all of them together.   Context  a process.
template <class To, std::copyable Request>
auto multi_call(const std::vector<To>& servers, const Request& request,
                time_limit limit = infinity) {
  using id = decltype(send_request(servers.front(), request));
  using R = typename id::reply_type;
  const duration all = limit.left();
  const bool for_ever = all == infinity;
  const clock::time_point end = for_ever ? clock::time_point() : clock::now() + all;
  std::vector<id> asked;
  asked.reserve(servers.size());
  for (const To& server : servers) asked.push_back(send_request(server, request));
  multi_reply<To, R> all_told;
  for (std::size_t i = 0; i < servers.size(); ++i) {
    auto got = try_receive_response(asked[i], for_ever ? time_limit(infinity) : time_limit(end));
    if (got) {
      all_told.replies.emplace_back(servers[i], *std::move(got));
    } else {
      all_told.bad.push_back(servers[i]);
    }
  }
  return all_told;
}

/// Casts `message` to several servers, whatever becomes of it.   See  gen_server:abcast/2.
template <class To, std::copyable Message>
void abcast(const std::vector<To>& servers, const Message& message) {
  for (const To& server : servers) cast(server, message);
}

}  // namespace kin
