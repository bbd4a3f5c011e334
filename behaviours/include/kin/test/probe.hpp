// SPDX-License-Identifier: Apache-2.0
// A process in the hands of a test, which stands in for another one. What is sent to it lies in its
// mailbox; whatever the test has it do, it does as that process: expect, answer, register, link.
#pragma once

#include <kin/exit_reason.hpp>
#include <kin/export.hpp>
#include <kin/gen.hpp>
#include <kin/link.hpp>
#include <kin/process.hpp>
#include <kin/receive.hpp>
#include <kin/registry.hpp>
#include <kin/send.hpp>
#include <kin/test/expect.hpp>
#include <kin/test/framework.hpp>
#include <kin/time.hpp>
#include <kin/wait.hpp>

#include <array>
#include <memory>
#include <string>
#include <type_traits>
#include <typeinfo>
#include <utility>
#include <vector>

namespace KIN_PUBLIC kin {
namespace detail {

/// What a probe is told to do.
class probe_work {
 public:
  probe_work() = default;
  probe_work(const probe_work&) = delete;
  probe_work& operator=(const probe_work&) = delete;
  virtual ~probe_work() = default;
  virtual void run() = 0;
};
struct probe_task {
  std::unique_ptr<probe_work> work;
};
/// The end it is told.
struct probe_end {
  exit_reason why;
};
/// What came of it.
template <class R>
struct probe_result {
  ref asked;
  R value;
};
template <>
struct probe_result<void> {
  ref asked;
};

template <class F>
class probe_work_of final : public probe_work {
 public:
  probe_work_of(F f, pid asks, ref asked) : function_(std::move(f)), asks_(asks), asked_(asked) {}
  void run() override {
    using R = std::invoke_result_t<F&>;
    if constexpr (std::is_void_v<R>) {
      function_();
      kin::send(asks_, probe_result<void>{asked_});
    } else {
      kin::send(asks_, probe_result<R>{asked_, function_()});
    }
  }

 private:
  F function_;
  pid asks_;
  ref asked_;
};

pid start_probe();
/// It had something to do, and has ended.
[[noreturn]] void probe_has_ended(const down& told);

/// The next call, or cast, with that request for a server of that class out of the caller's
/// mailbox; the test has failed if none comes.
template <class Server, class Request>
message take_request(bool is_call, duration within, test::place asked) {
  const std::array<const std::type_info*, 1> types{&typeid(Request)};
  receiver mailbox(types.data(), 1, false, within, {});
  while (signal* candidate = mailbox.next()) {
    const request_type* type = as_request(incoming(*candidate));
    if (type != nullptr && same_type(*type->server, typeid(Server)) &&
        is_call == (head_of(*candidate).number != 0))
      return mailbox.take();
  }
  not_come(asked,
           std::string(is_call ? "a call of " : "a cast of ") + type_name(typeid(Request)) +
               " to " + type_name(typeid(Server)),
           within);
}

}  // namespace detail

namespace test {

/// A process in the hands of the test; it ends when the test has, or when it is told to.
///
/// Context  all members are called in a process. Copies mean the same process.
class probe {
 public:
  /// Starts it.
  probe() : pid_(kin::detail::start_probe()) {}
  /// Starts it, and gives it that name.
  template <class Server>
  explicit probe(const name<Server>& n) : probe() {
    register_name(n, pid_);
  }

  /// Who it is.
  [[nodiscard]] kin::pid pid() const { return pid_; }
  /// It can be used wherever a pid can.
  operator kin::pid() const { return pid_; }  // NOLINT(google-explicit-constructor): it is one

  /// Runs `does()` as this process, and returns what it does. What it needs is captured by value.
  /// An exit in there ends the probe, and the caller for the same reason.   Waits.
  template <class F>
  auto as(F does) const {
    using R = std::invoke_result_t<F&>;
    using result = kin::detail::probe_result<R>;
    const ref asked = kin::monitor(pid_);
    kin::send(pid_, kin::detail::probe_task{std::make_unique<kin::detail::probe_work_of<F>>(
                        std::move(does), kin::self(), asked)});
    if constexpr (std::is_void_v<R>) {
      kin::receive(kin::when(&result::asked, asked, [](result) {}),
                   kin::when(&down::ref, asked, [](down d) { kin::detail::probe_has_ended(d); }));
      kin::demonitor(asked, {.flush = true});
    } else {
      R value = kin::receive(
          kin::when(&result::asked, asked, [](result r) { return std::move(r.value); }),
          kin::when(&down::ref, asked, [](down d) -> R { kin::detail::probe_has_ended(d); }));
      kin::demonitor(asked, {.flush = true});
      return value;
    }
  }

  /// As test::expect, of what was sent to the probe.   Waits.
  template <class T>
  T expect(duration within = patience, place asked = place::here()) const {
    return as([=] { return test::expect<T>(within, asked); });
  }
  /// The same.
  template <class T, class Guard>
  T expect(kin::detail::wanted_message<T, Guard> wanted, duration within = patience,
           place asked = place::here()) const {
    return as([=, wanted = std::move(wanted)]() mutable {
      return test::expect(std::move(wanted), within, asked);
    });
  }
  /// As test::expect_nothing.   Waits.
  void expect_nothing(duration within = {}, place asked = place::here()) const {
    as([=] { test::expect_nothing(within, asked); });
  }
  /// Takes all that it has got, and prints it, oldest first.   Waits.
  std::vector<std::string> drained() const {  // NOLINT(modernize-use-nodiscard): to forget it
    return as([] { return test::drained(); });
  }
  /// Ends it; who is linked to it, watches it or calls it hears of that reason.   Waits.
  template <class Why>
  void end(Why why) const {
    const ref watch = kin::monitor(pid_);
    kin::send(pid_, kin::detail::probe_end{exit_reason(std::move(why))});
    expect_down(watch);
  }

 private:
  kin::pid pid_;
};

/// A call that a stand-in got. `kin::reply(std::move(call.caller), value)` answers it.
template <class Request, class Reply>
struct taken_call {
  Request request;     ///< what it was called with
  from<Reply> caller;  ///< the duty to answer; dropped, the call fails
};

/// A probe that stands in for a server of that class: what is called and cast to it waits until the
/// test takes it, and answers.
template <class Server>
class stand_in : public probe {
 public:
  /// Starts it.
  stand_in() = default;
  /// Starts it, and gives it that name.
  explicit stand_in(const name<Server>& n) : probe(n) {}

  /// What calls and casts go to.
  [[nodiscard]] server<Server> handle() const { return {pid()}; }
  /// The next call with that request. If none comes within that time, the test has failed.   Waits.
  template <class Request>
  taken_call<Request, reply_of<Server, Request>> expect_call(duration within = patience,
                                                             place asked = place::here()) const {
    return as([=] {
      using reply = reply_of<Server, Request>;
      const message taken = kin::detail::take_request<Server, Request>(true, within, asked);
      from<reply> caller(kin::detail::head_of(taken.node()));
      return taken_call<Request, reply>{
          std::move(*static_cast<Request*>(kin::detail::value_of(taken.node()))),
          std::move(caller)};
    });
  }
  /// The next cast of that type. If none comes within that time, the test has failed.   Waits.
  template <class Message>
  Message expect_cast(duration within = patience, place asked = place::here()) const {
    static_assert(hears<Server, Message>,
                  "kin: the server has no handle_cast that takes this message");
    return as([=] {
      const message taken = kin::detail::take_request<Server, Message>(false, within, asked);
      return std::move(*static_cast<Message*>(kin::detail::value_of(taken.node())));
    });
  }
};

}  // namespace test
}  // namespace kin
