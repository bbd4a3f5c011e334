// SPDX-License-Identifier: Apache-2.0
// spawn by request: a reference at once, and what became of it as a message. For who starts many,
// and looks at all answers, failures too, where it takes its messages.
#pragma once

#include <kin/exit_reason.hpp>
#include <kin/export.hpp>
#include <kin/message.hpp>
#include <kin/pid.hpp>
#include <kin/process.hpp>
#include <kin/result.hpp>

#include <cstdint>
#include <iosfwd>
#include <optional>
#include <type_traits>
#include <utility>

namespace KIN_PUBLIC kin {

/// What became of a spawn_request: OTP's {spawn_reply, Ref, ok, Pid} and {spawn_reply, Ref, error,
/// Why}.
struct spawn_reply {
  kin::ref ref = {};                    ///< what spawn_request returned
  result<kin::pid> child = kin::pid{};  ///< badopt: an option that cannot be; system_limit
};
std::ostream& operator<<(std::ostream& out, const spawn_reply& r);

/// What comes of a spawn_request that was given a tag.
template <class Tag>
struct tagged_spawn_reply : spawn_reply {
  /// Made by the request.
  tagged_spawn_reply(Tag t, spawn_reply&& told) : spawn_reply(std::move(told)), tag(std::move(t)) {}
  Tag tag;  ///< what the request was given
};

/// Which outcomes of a spawn_request are told.
enum class spawn_replies : std::uint8_t { yes, no, error_only, success_only };

/// How a process starts that is requested: spawn_options, and what is told of it.
struct spawn_request_options {
  bool link = false;                               ///< to its parent
  bool monitor = false;                            ///< by its parent: the request is the monitor
  std::optional<alias_until> alias = {};           ///< the monitor's reference is one, until then
  kin::priority priority = kin::priority::normal;  ///< not inherited
  mailbox_options mailbox = {};                    ///< no bound, no alarm
  spawn_replies reply = spawn_replies::yes;        ///< which outcomes are told
};

namespace detail {

/// Makes the message of a reply, or none.
class spawn_answers {
 public:
  explicit spawn_answers(spawn_replies wanted) : wanted_(wanted) {}
  spawn_answers(const spawn_answers&) = delete;
  spawn_answers& operator=(const spawn_answers&) = delete;
  signal* about(spawn_reply&& told) {
    const auto only = told.child ? spawn_replies::success_only : spawn_replies::error_only;
    return wanted_ == spawn_replies::yes || wanted_ == only ? make(std::move(told)) : nullptr;
  }

 protected:
  ~spawn_answers() = default;

 private:
  virtual signal* make(spawn_reply&& told) { return box(std::move(told)); }
  spawn_replies wanted_;
};
class plain_spawn_answers final : public spawn_answers {
 public:
  using spawn_answers::spawn_answers;
};
template <class Tag>
class tagged_spawn_answers final : public spawn_answers {
 public:
  tagged_spawn_answers(spawn_replies wanted, Tag tag)
      : spawn_answers(wanted), tag_(std::move(tag)) {}

 private:
  signal* make(spawn_reply&& told) override {
    return box(tagged_spawn_reply<Tag>(std::move(tag_), std::move(told)));
  }
  Tag tag_;
};

ref request_spawn(std::unique_ptr<behaviour> body, start_with with, spawn_answers& answers);

inline start_with start_of(const spawn_request_options& options) {
  return {.link = options.link,
          .monitor = options.monitor,
          .alias = options.alias,
          .level = options.priority.level,
          .mailbox = &options.mailbox};
}
}  // namespace detail

/// Asks for a process that runs `body()`. What became of it comes as a kin::spawn_reply, always
/// before a kin::exited or kin::down of the new process; a failure comes that way, too, and is no
/// exception. With `monitor`, the kin::down carries the same reference.
///
///   const kin::ref request = kin::spawn_request(work);
///   kin::receive(kin::when(&kin::spawn_reply::ref, request, [](kin::spawn_reply r) { ... }));
///
/// Throws   kin::error with badarg outside a process.
/// Context  a process.   Cost  as spawn, and a message.   See  erlang:spawn_request/2.
template <class F>
ref spawn_request(F body, const spawn_request_options& options = {}) {
  detail::plain_spawn_answers answers(options.reply);
  return detail::request_spawn(detail::body_of(std::move(body)), detail::start_of(options),
                               answers);
}
/// As above, but what comes is `tagged_spawn_reply<Tag>`, so that it can be told from others by its
/// type or its tag.   See  erlang:spawn_request/2, {reply_tag, Term}.
template <class F, class Tag>
requires(!std::is_same_v<Tag, spawn_request_options>) ref
    spawn_request(F body, Tag tag, const spawn_request_options& options = {}) {
  static_assert(sendable<Tag>,
                "kin: this type cannot be a message: it is a pointer, a view or cannot be moved");
  if constexpr (sendable<Tag>) {
    detail::tagged_spawn_answers<Tag> answers(options.reply, std::move(tag));
    return detail::request_spawn(detail::body_of(std::move(body)), detail::start_of(options),
                                 answers);
  } else {
    return {};
  }
}

/// Calls a request off whose outcome is not told yet; true if there was one. In one machine there
/// never is: the reply lies in the mailbox when spawn_request returns, and the process runs. So
/// this is false, and what to do with the process is said by the reply.
///
/// Context  a process.   See  erlang:spawn_request_abandon/1.
bool spawn_request_abandon(ref request);

}  // namespace kin
