// SPDX-License-Identifier: Apache-2.0
// gen_server, as OTP's own suite plays it. otp-semantics 3.
#include <kin/gen_server.hpp>
#include <kin/info.hpp>
#include <kin/keyed_registry.hpp>
#include <kin/logger.hpp>
#include <kin/proc_lib.hpp>
#include <kin/send_request.hpp>
#include <kin/sys.hpp>

#include "conformance/support.hpp"

#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace {

using namespace kin::literals;
using test::number;
using test::word;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class gen_server : public test::in_worlds {};
INSTANTIATE_TEST_SUITE_P(worlds, gen_server, test::worlds(), test::name_of_world);

struct oops {
  int number = 0;
  friend bool operator==(const oops&, const oops&) = default;
};
const kin::exit_reason bad(oops{1});

// What is asked of the server under test.
struct started {};  // is it up?
struct delayed {    // the answer comes when the time is up
  std::chrono::milliseconds after = {};
};
struct never_answer {};
struct stop_with {
  kin::exit_reason why = {};
};
struct sleep_now {};
struct sleep_and_answer {};
struct crash {};
struct leave {  // by exit, not by throw
  kin::exit_reason why = {};
};
struct call_yourself {
  kin::duration limit = {};
};
struct heard {
  std::string what;
  friend bool operator==(const heard&, const heard&) = default;
  friend std::ostream& operator<<(std::ostream& out, const heard& h) { return out << h.what; }
};
struct state {
  int value = 0;
};

class server : public kin::gen_server {
 public:
  using init_function = std::function<kin::next()>;
  explicit server(
      kin::pid test, init_function init = [] { return kin::next(); })
      : test_(test), init_(std::move(init)) {}
  kin::next init() { return init_(); }

  std::string handle_call(started /*request*/) const { return "ok"; }
  kin::replies<std::string> handle_call(delayed d, kin::from<std::string> caller) {
    waiting_.push_back(std::move(caller));
    return kin::next(kin::timeout{d.after});
  }
  kin::replies<int> handle_call(never_answer /*request*/, kin::from<int> caller) {
    never_.push_back(std::move(caller));
    return kin::noreply;
  }
  kin::replies<int> handle_call(stop_with s) { return kin::stop(s.why); }
  kin::replies<int> handle_call(sleep_and_answer /*request*/) { return {1, kin::hibernate}; }
  int handle_call(crash /*request*/) { throw std::runtime_error("crashed"); }
  int handle_call(leave l) { kin::exit(l.why); }
  kin::exit_reason handle_call(call_yourself c) {
    return kin::try_call(kin::server<server>{kin::self()}, started{}, c.limit).error();
  }
  int handle_call(state s) { return std::exchange(value_, s.value); }

  void handle_cast(const heard& h) { kin::send(test_, h); }
  kin::next handle_cast(delayed d) { return kin::timeout{d.after}; }
  kin::next handle_cast(stop_with s) { return kin::stop(s.why); }
  kin::next handle_cast(sleep_now /*message*/) { return kin::hibernate; }
  auto handle_info() {
    return kin::clauses{[this](const heard& h) { kin::send(test_, h); },
                        [](delayed d) { return kin::timeout{d.after}; },
                        [](const stop_with& s) { return kin::stop(s.why); },
                        [](sleep_now) { return kin::hibernate; },
                        [](crash) { throw std::runtime_error("crashed"); },
                        [this](kin::timeout) {
                          for (auto& caller : waiting_) caller.answer("delayed");
                          if (waiting_.empty()) kin::send(test_, heard{"delayed info"});
                          waiting_.clear();
                        }};
  }
  void terminate(const kin::exit_reason& why) { kin::send(test_, why); }
  [[nodiscard]] int format_status() const { return value_; }
  [[nodiscard]] int value() const { return value_; }

 private:
  kin::pid test_;
  init_function init_;
  int value_ = 0;
  std::vector<kin::from<std::string>> waiting_;
  std::vector<kin::from<int>> never_;
};
constexpr kin::name<server> my_test_name{"my_test_name"};

kin::server<server> fresh() { return kin::start<server>(kin::self()); }
void expect_terminated(const kin::exit_reason& why) {
  EXPECT_EQ(test::expect<kin::exit_reason>(), why);
}

// ---- start --------------------------------------------------------------------------------------

// Alone, linked or watched; without a name, under a name, under a key: up, too late, ignored,
// stopped, there already.
TEST_P(gen_server, start) {
  kin::registry<int, server> keys;
  play([&] {
    kin::trap_exits();
    const auto in_every_way = [&](const auto& start) {
      for (const kin::server_name<server>& name :
           {kin::server_name<server>(), kin::server_name<server>(my_test_name),
            kin::server_name<server>(keys[1])}) {
        const kin::start_options<server> how{.name = name};
        const auto nothing_to_do = [] { return kin::next(); };
        const auto up = start(how, nothing_to_do);
        ASSERT_TRUE(up) << up.error();
        EXPECT_EQ(kin::call(*up, started{}), "ok");
        if (!name.untyped().empty()) {
          EXPECT_EQ(start(how, nothing_to_do).error(),
                    kin::exit_reason(kin::already_started{up->pid}));
        }
        kin::stop(*up);
        expect_terminated(kin::normal);
        EXPECT_EQ(start(how, [] { return kin::ignore(); }).error(), kin::ignored);
        EXPECT_EQ(start(how, [] { return kin::stop(oops{1}); }).error(), bad);
        const kin::start_options<server> in_a_hurry{.name = name, .timeout = 1ms};
        EXPECT_EQ(start(in_a_hurry,
                        []() -> kin::next {
                          test::idle();
                          return {};
                        })
                      .error(),
                  kin::timed_out);
      }
    };
    in_every_way([](const auto& how, server::init_function init) {
      return kin::try_start<server>(how, kin::self(), std::move(init));
    });
    EXPECT_THAT(test::drained(), IsEmpty());
    in_every_way([](const auto& how, server::init_function init) {
      return kin::try_start_link<server>(how, kin::self(), std::move(init));
    });
    in_every_way([](const auto& how, server::init_function init) {
      const auto both = kin::try_start_monitor<server>(how, kin::self(), std::move(init));
      return both ? kin::result<kin::server<server>>(both->server)
                  : kin::result<kin::server<server>>(both.error());
    });
    EXPECT_THAT(test::drained(), testing::Each(AllOf(HasSubstr("normal"))));
  });
}

// ---- a process that becomes a server ------------------------------------------------------------

using ready_duty = kin::proc_lib::starter<>;

// Under no name, under one that it holds; under one that it does not hold it ends.
TEST_P(gen_server, spec_init) {
  kin::registry<int, server> keys;
  play([&] {
    const kin::pid me = kin::self();
    const auto plain = kin::proc_lib::start_link([me](ready_duty ready) {
      ready.init_ack();
      return kin::enter_loop<server>(me);
    });
    EXPECT_EQ(kin::call(kin::server<server>{plain.pid}, started{}), "ok");

    kin::proc_lib::start_link([me](ready_duty ready) {
      kin::register_name(my_test_name, kin::self());
      ready.init_ack();
      return kin::enter_loop<server>({.name = my_test_name}, me);
    });
    EXPECT_EQ(kin::call(my_test_name, started{}), "ok");

    const auto wrong_name = kin::proc_lib::start_monitor([me](ready_duty ready) {
      ready.init_ack();
      return kin::enter_loop<server>({.name = kin::name<server>("another_name")}, me);
    });
    EXPECT_EQ(test::expect_down(wrong_name.ref).reason, kin::process_not_registered);
    const auto wrong_key = kin::proc_lib::start_monitor([&, me](ready_duty ready) {
      ready.init_ack();
      return kin::enter_loop<server>({.name = keys[1]}, me);
    });
    EXPECT_EQ(test::expect_down(wrong_key.ref).reason, kin::process_not_registered_via);
  });
}

// The end of a parent that has a name is heard.
TEST_P(gen_server, spec_init_local_registered_parent) {
  play_on_threads([] {
    const kin::pid me = kin::self();
    const auto above = kin::spawn_monitor([me] {
      kin::register_name(kin::name<server>("the_parent"), kin::self());
      const auto child = kin::proc_lib::start_link([me](ready_duty ready) {
        kin::trap_exits();
        ready.init_ack();
        return kin::enter_loop<server>(me);
      });
      kin::send(me, child.pid);
      test::idle();
      kin::exit(oops{1});
    });
    const auto child = test::expect<kin::pid>();
    EXPECT_EQ(kin::call(kin::server<server>{child}, started{}), "ok");
    EXPECT_EQ(kin::sys::get_status(kin::server<server>{child}).parent, above.pid);
    const kin::ref watch = kin::monitor(child);
    kin::send(above.pid, word{"end"});
    expect_terminated(bad);
    EXPECT_EQ(test::expect_down(watch).reason, bad);
  });
}

// A name, or a key, that another process holds is none of its own.
TEST_P(gen_server, otp_5854) {
  kin::registry<int, server> keys;
  play([&] {
    const kin::pid me = kin::self();
    kin::start<server>({.name = my_test_name}, me);
    kin::start<server>({.name = keys[1]}, me);
    const auto local = kin::proc_lib::start_monitor([me](ready_duty ready) {
      ready.init_ack();
      return kin::enter_loop<server>({.name = my_test_name}, me);
    });
    EXPECT_EQ(test::expect_down(local.ref).reason, kin::process_not_registered);
    const auto via = kin::proc_lib::start_monitor([&, me](ready_duty ready) {
      ready.init_ack();
      return kin::enter_loop<server>({.name = keys[1]}, me);
    });
    EXPECT_EQ(test::expect_down(via.ref).reason, kin::process_not_registered_via);
  });
}

// ---- stop ---------------------------------------------------------------------------------------

// A server is stopped with `normal`; it is gone then, and a second stop finds nobody.
TEST_P(gen_server, stop1) {
  play([] {
    const auto s = fresh();
    kin::stop(s);
    EXPECT_FALSE(kin::is_alive(s));
    expect_terminated(kin::normal);
    EXPECT_EQ(kin::try_stop(s).error(), kin::noproc);
    EXPECT_THROW(kin::stop(s), kin::call_failed);
  });
}

// ... with another reason, which is what it ends with.
TEST_P(gen_server, stop2) {
  play([] {
    const auto s = fresh();
    const kin::ref watch = kin::monitor(s);
    kin::stop(s, oops{1});
    EXPECT_EQ(test::expect_down(watch).reason, bad);
    EXPECT_EQ(kin::try_stop(s).error(), kin::noproc);
  });
}

// A time that cannot be waited is an error, and the server lives.
TEST_P(gen_server, stop3) {
  play([] {
    const auto s = fresh();
    EXPECT_THROW(kin::stop(s, kin::normal, -1s), kin::error);
    EXPECT_EQ(kin::call(s, started{}), "ok");
    kin::stop(s);
  });
}

// By its name.
TEST_P(gen_server, stop4) {
  play([] {
    const auto s = kin::start<server>({.name = my_test_name}, kin::self());
    kin::stop(my_test_name);
    EXPECT_FALSE(kin::is_alive(s));
    EXPECT_EQ(kin::try_stop(my_test_name).error(), kin::noproc);
  });
}

// By its name, of this node: kin has one.
TEST_P(gen_server, stop5) {
  play([] {
    const auto s = kin::start<server>({.name = my_test_name}, kin::self());
    const kin::name<server> again{"my_test_name"};
    kin::stop(again);
    EXPECT_FALSE(kin::is_alive(s));
    EXPECT_EQ(kin::try_stop(again).error(), kin::noproc);
  });
}

// By a name of the whole: a key of a registry is what kin has in its place.
TEST_P(gen_server, stop6) {
  kin::registry<std::string, server> names;
  play([&] {
    const auto s = kin::start<server>({.name = names["to stop"]}, kin::self());
    kin::stop(names["to stop"]);
    EXPECT_FALSE(kin::is_alive(s));
    EXPECT_EQ(kin::try_stop(names["to stop"]).error(), kin::noproc);
  });
}

// By a key of a registry, via.
TEST_P(gen_server, stop7) {
  kin::registry<int, server> numbers;
  play([&] {
    const auto s = kin::start<server>({.name = numbers[7]}, kin::self());
    kin::stop(numbers[7]);
    EXPECT_FALSE(kin::is_alive(s));
    EXPECT_EQ(kin::try_stop(numbers[7]).error(), kin::noproc);
  });
}

// ---- ends ---------------------------------------------------------------------------------------

// Who ends in order is not reported; of a crash there is a report with the last message, the client,
// the state.
TEST_P(gen_server, crash) {
  play([] {
    for (const kin::exit_reason& orderly :
         {kin::exit_reason(kin::normal), kin::exit_reason(kin::shutdown), kin::shutdown(5)}) {
      kin::cast(fresh(), stop_with{orderly});
      expect_terminated(orderly);
      EXPECT_EQ(kin::try_call(fresh(), leave{orderly}).error(), orderly);
      expect_terminated(orderly);
    }
    EXPECT_THAT(test::reports(), IsEmpty());

    const auto s = fresh();
    kin::call(s, state{4711});
    EXPECT_NE(kin::try_call(s, ::crash{}).error().get_if<std::runtime_error>(), nullptr);
    test::await_exit(s);
    const auto told = test::reports();
    ASSERT_EQ(told.size(), 1U);
    EXPECT_EQ(told[0].severity, kin::severity::error);
    EXPECT_THAT(told[0].text, AllOf(HasSubstr("server"), HasSubstr("crash"), HasSubstr("4711"),
                                    HasSubstr(kin::to_string(kin::self()))));
  });
}

// ---- call, cast, info ---------------------------------------------------------------------------

// An answer at once; one that comes when the server's own time is up; one that does not come; and
// what the server ends with.
TEST_P(gen_server, call) {
  play([] {
    const auto s = kin::start<server>({.name = my_test_name}, kin::self());
    EXPECT_EQ(kin::call(my_test_name, started{}), "ok");
    EXPECT_EQ(kin::call(my_test_name, delayed{1ms}), "delayed");
    EXPECT_EQ(kin::call(s, delayed{0ms}, kin::infinity), "delayed");
    EXPECT_EQ(kin::try_call(s, never_answer{}, 1ms).error(), kin::timed_out);
    EXPECT_THROW(kin::call(s, never_answer{}, 0s), kin::call_failed);
    EXPECT_EQ(kin::call(s, started{}), "ok");
    EXPECT_EQ(kin::try_call(s, stop_with{bad}).error(), bad);
    expect_terminated(bad);
    EXPECT_EQ(kin::try_call(s, started{}).error(), kin::noproc);
    EXPECT_EQ(kin::try_call(my_test_name, started{}).error(), kin::noproc);
  });
}

// Requests by pid and name: waited for, looked for among messages, too late, to nobody.
TEST_P(gen_server, send_request) {
  play([] {
    EXPECT_EQ(kin::try_receive_response(kin::send_request(my_test_name, started{})).error(),
              kin::noproc);
    const auto s = kin::start<server>({.name = my_test_name}, kin::self());
    EXPECT_EQ(kin::wait_response(kin::send_request(my_test_name, started{})), "ok");
    EXPECT_EQ(kin::receive_response(kin::send_request(s, delayed{1ms})), "delayed");

    const auto first = kin::send_request(s, delayed{0ms});
    EXPECT_EQ(kin::wait_response(first, kin::infinity), "delayed");

    const auto asked = kin::send_request(s, started{});
    const auto other = kin::send_request(s, started{});
    auto message = test::expect<kin::response>();
    EXPECT_EQ(kin::check_response(message, other), std::nullopt);
    EXPECT_EQ(kin::check_response(message, asked)->value(), "ok");
    EXPECT_EQ(kin::receive_response(other), "ok");

    const auto late = kin::send_request(s, never_answer{});
    EXPECT_EQ(kin::wait_response(late, 1ms), std::nullopt);
    EXPECT_EQ(kin::try_receive_response(late, 1ms).error(), kin::timed_out);
    kin::stop(s);
    expect_terminated(kin::normal);
    EXPECT_THAT(test::drained(), IsEmpty());
    EXPECT_EQ(kin::try_receive_response(kin::send_request(s, started{})).error(), kin::noproc);
  });
}

// A collection: what arrived first is received first; a time by the clock; when it has passed all
// are abandoned; an id stays if that is wanted.
TEST_P(gen_server, send_request_receive_reqid_collection) {
  play([] {
    const auto a = fresh();
    const auto b = fresh();
    kin::request_ids<std::string, int> open;
    EXPECT_EQ(kin::try_receive_response(open).error(), kin::no_request);

    const auto by_hand = kin::send_request(a, delayed{1h});
    open.add(by_hand, 1);
    EXPECT_THROW(open.add(by_hand, 9), kin::error);
    kin::send_request(b, started{}, 2, open);
    EXPECT_EQ(open.size(), 2U);
    EXPECT_THAT(open.to_list(),
                ElementsAre(testing::Pair(by_hand, 1), testing::Pair(testing::_, 2)));

    const auto first = kin::receive_response(open, kin::infinity, kin::when_taken::keep);
    EXPECT_EQ(first.label, 2);
    EXPECT_EQ(*first.response, "ok");
    EXPECT_EQ(open.size(), 2U);
    kin::cast(a, delayed{0ms});
    const auto second = kin::receive_response(open, kin::clock::now() + 10s);
    EXPECT_EQ(second.label, 1);
    EXPECT_EQ(*second.response, "delayed");
    EXPECT_EQ(open.size(), 1U);

    kin::stop(b);
    expect_terminated(kin::normal);
    kin::request_ids<std::string, int> more;
    kin::send_request(b, started{}, 3, more);
    kin::send_request(my_test_name, started{}, 4, more);
    EXPECT_EQ(kin::receive_response(more).response.error(), kin::noproc);
    EXPECT_EQ(kin::receive_response(more).response.error(), kin::noproc);
    EXPECT_TRUE(more.empty());

    kin::send_request(a, delayed{1h}, 5, more);
    EXPECT_EQ(kin::try_receive_response(more, kin::clock::now() - 1s).error(), kin::timed_out);
    EXPECT_EQ(more.size(), 1U);
    kin::cast(a, delayed{0ms});  // answers what waits: nobody hears it
    kin::call(a, delayed{0ms});
    EXPECT_THAT(test::drained(), IsEmpty());
  });
}

// The same waited for: when the time has passed all are open still.
TEST_P(gen_server, send_request_wait_reqid_collection) {
  play([] {
    const auto a = fresh();
    kin::request_ids<std::string, word> open;
    EXPECT_EQ(kin::try_wait_response(open).error(), kin::no_request);
    kin::send_request(a, delayed{1h}, word{"late"}, open);
    EXPECT_EQ(kin::try_wait_response(open, 0s).error(), kin::timed_out);
    EXPECT_EQ(open.size(), 1U);
    kin::cast(a, delayed{0ms});
    const auto got = kin::wait_response(open, 10s, kin::when_taken::keep);
    EXPECT_EQ(got.label, word{"late"});
    EXPECT_EQ(*got.response, "delayed");
    EXPECT_EQ(open.size(), 1U);
    EXPECT_EQ(kin::try_wait_response(open, 0s).error(), kin::timed_out);
  });
}

// Any message is held against a collection.
TEST_P(gen_server, send_request_check_reqid_collection) {
  play([] {
    const auto a = fresh();
    kin::request_ids<std::string, int> open;
    kin::request_ids<std::string, int> others;
    kin::send_request(a, started{}, 1, open);
    auto message = test::expect<kin::response>();
    EXPECT_EQ(kin::check_response(message, others).error(), kin::no_request);
    kin::send_request(a, delayed{1h}, 2, others);
    EXPECT_EQ(kin::check_response(message, others).error(), kin::no_reply);
    const auto got = kin::check_response(message, open, kin::when_taken::keep).value();
    EXPECT_EQ(got.label, 1);
    EXPECT_EQ(*got.response, "ok");
    EXPECT_EQ(open.size(), 1U);
  });
}

// A cast is heard, may wait, may stop; to nobody it is no error.
TEST_P(gen_server, cast) {
  play([] {
    kin::cast(my_test_name, heard{"nobody"});
    const auto s = kin::start<server>({.name = my_test_name}, kin::self());
    kin::cast(s, heard{"by pid"});
    kin::cast(my_test_name, heard{"by name"});
    EXPECT_EQ(test::expect<heard>(), heard{"by pid"});
    EXPECT_EQ(test::expect<heard>(), heard{"by name"});
    kin::cast(s, delayed{1ms});
    EXPECT_EQ(test::expect<heard>(), heard{"delayed info"});
    kin::cast(s, stop_with{bad});
    expect_terminated(bad);
    test::await_exit(s);
    kin::cast(s, heard{"gone"});
    EXPECT_THAT(test::drained(), IsEmpty());
  });
}

// The same by plain messages.
TEST_P(gen_server, info) {
  play([] {
    const auto s = kin::start<server>({.name = my_test_name}, kin::self());
    kin::send(s, heard{"by pid"});
    kin::send(my_test_name, heard{"by name"});
    EXPECT_EQ(test::expect<heard>(), heard{"by pid"});
    EXPECT_EQ(test::expect<heard>(), heard{"by name"});
    kin::send(s, delayed{1ms});
    EXPECT_EQ(test::expect<heard>(), heard{"delayed info"});
    kin::send(s, stop_with{bad});
    expect_terminated(bad);
  });
}

// A cast to all of a group, here or not.
TEST_P(gen_server, abcast) {
  play([] {
    kin::start<server>({.name = my_test_name}, kin::self());
    kin::abcast(std::vector{my_test_name, kin::name<server>("nobody"), my_test_name}, heard{"all"});
    EXPECT_EQ(test::expect<heard>(), heard{"all"});
    EXPECT_EQ(test::expect<heard>(), heard{"all"});
    kin::abcast(std::vector{my_test_name}, delayed{1ms});
    EXPECT_EQ(test::expect<heard>(), heard{"delayed info"});
    kin::abcast(std::vector{my_test_name}, stop_with{bad});
    expect_terminated(bad);
  });
}

// A call to all of a group: who answers, in time or late, who is not there, who stops of it.
TEST_P(gen_server, multicall) {
  play([] {
    const kin::name<server> nobody{"nobody"};
    kin::start<server>({.name = my_test_name}, kin::self());
    const auto all = kin::multi_call(std::vector{my_test_name, nobody}, started{});
    EXPECT_THAT(all.replies, ElementsAre(std::pair(my_test_name, "ok")));
    EXPECT_THAT(all.bad, ElementsAre(nobody));
    const auto slow = kin::multi_call(std::vector{my_test_name}, delayed{1ms}, 10s);
    EXPECT_THAT(slow.replies, ElementsAre(std::pair(my_test_name, "delayed")));
    const auto late = kin::multi_call(std::vector{my_test_name}, never_answer{}, 1ms);
    EXPECT_THAT(late.replies, IsEmpty());
    EXPECT_THAT(late.bad, ElementsAre(my_test_name));
    const auto dead = kin::multi_call(std::vector{my_test_name}, stop_with{bad});
    EXPECT_THAT(dead.bad, ElementsAre(my_test_name));
    expect_terminated(bad);
    EXPECT_THAT(test::drained(), IsEmpty());
  });
}

// What goes on after init, a call, a cast, a message, or itself, comes before what is queued.
TEST_P(gen_server, continue) {
  class continues : public kin::gen_server {
   public:
    explicit continues(kin::pid test) : test_(test) {}
    kin::next init() {
      tell("init");
      return on("init");
    }
    kin::replies<int> handle_call(started /*request*/) { return {1, on("call")}; }
    kin::next handle_cast(const heard& h) { return on("cast " + h.what); }
    kin::next handle_cast(const stop_with& s) {
      return kin::continue_with([why = s.why] { return kin::stop(why); });
    }
    auto handle_info() {
      return kin::clauses{[this](const heard& h) { return on("info " + h.what); }};
    }

   private:
    kin::next on(std::string text) {
      return kin::continue_with([this, text] {
        tell(text + ", on");
        return kin::continue_with([this, text] { tell(text + ", and on"); });
      });
    }
    void tell(const std::string& text) { kin::send(test_, heard{text}); }
    kin::pid test_;
  };
  play([] {
    const auto c = kin::start<continues>(kin::self());
    const auto expect_three = [](const std::string& what) {
      EXPECT_EQ(test::expect<heard>(), heard{what + ", on"});
      EXPECT_EQ(test::expect<heard>(), heard{what + ", and on"});
    };
    EXPECT_EQ(test::expect<heard>(), heard{"init"});
    expect_three("init");
    kin::suspend(c);
    kin::cast(c, heard{"1"});
    kin::send(c, heard{"2"});
    kin::resume(c);
    EXPECT_EQ(kin::call(c, started{}), 1);
    expect_three("cast 1");
    expect_three("info 2");
    expect_three("call");
    const kin::ref watch = kin::monitor(c);
    kin::cast(c, stop_with{bad});
    EXPECT_EQ(test::expect_down(watch).reason, bad);
  });
}

// Who calls itself is told so, with and without a time limit.
TEST_P(gen_server, calling_self) {
  play([] {
    const auto s = fresh();
    EXPECT_EQ(kin::call(s, call_yourself{5s}), kin::calling_self);
    EXPECT_EQ(kin::call(s, call_yourself{kin::infinity}), kin::calling_self);
    EXPECT_EQ(kin::call(s, started{}), "ok");
  });
}

// A name is never seen after a start that was ignored or stopped has returned.
TEST_P(gen_server, otp_7669) {
  play([] {
    kin::trap_exits();
    for (int i = 0; i < test::times(100); ++i) {
      const auto start = [i](server::init_function init) {
        const kin::start_options<server> named{.name = my_test_name};
        return i % 2 == 0 ? kin::try_start_link<server>(named, kin::self(), std::move(init))
                          : kin::try_start<server>(named, kin::self(), std::move(init));
      };
      EXPECT_EQ(start([] { return kin::ignore(); }).error(), kin::ignored);
      EXPECT_EQ(kin::whereis(my_test_name), std::nullopt);
      EXPECT_EQ(start([] { return kin::stop(oops{1}); }).error(), bad);
      EXPECT_EQ(kin::whereis(my_test_name), std::nullopt);
    }
  });
}

// ---- hibernation --------------------------------------------------------------------------------

bool hibernates(kin::pid p) { return kin::info(p)->current_function == "kin::hibernate"; }
void await_hibernation(kin::pid p) {
  while (!hibernates(p)) kin::yield();
}

// From init, a call, a cast, a message; it wakes for each, and sleeps on when sys has asked.
TEST_P(gen_server, hibernate) {
  play([] {
    const auto s = kin::start<server>(kin::self(), [] { return kin::hibernate; });
    await_hibernation(s);
    EXPECT_EQ(kin::call(s, started{}), "ok");
    EXPECT_FALSE(hibernates(s));
    EXPECT_EQ(kin::call(s, sleep_and_answer{}), 1);
    await_hibernation(s);
    kin::cast(s, sleep_now{});
    await_hibernation(s);
    kin::send(s, sleep_now{});
    await_hibernation(s);
    kin::sys::suspend(s);
    kin::sys::resume(s);
    await_hibernation(s);
    kin::cast(s, heard{"awake"});
    EXPECT_EQ(test::expect<heard>(), heard{"awake"});
    EXPECT_FALSE(hibernates(s));
  });
}

// Started so, it hibernates when nothing has come for that long, after each kind of event.
TEST_P(gen_server, auto_hibernate) {
  play([] {
    const auto s = kin::start<server>({.hibernate_after = 1ms}, kin::self());
    await_hibernation(s);
    kin::call(s, started{});
    await_hibernation(s);
    kin::cast(s, heard{"cast"});
    EXPECT_EQ(test::expect<heard>(), heard{"cast"});
    await_hibernation(s);
    kin::send(s, heard{"info"});
    EXPECT_EQ(test::expect<heard>(), heard{"info"});
    await_hibernation(s);
    EXPECT_EQ(kin::sys::get_status(s).state, "0");
    await_hibernation(s);
  });
}

// ---- what people see of the state ---------------------------------------------------------------

// sys shows what format_status makes of the state; by pid, name, key.
TEST_P(gen_server, call_format_status) {
  kin::registry<int, server> keys;
  play([&] {
    const auto by_pid = fresh();
    const auto by_name = kin::start<server>({.name = my_test_name}, kin::self());
    const auto by_key = kin::start<server>({.name = keys[1]}, kin::self());
    for (const auto& s : {by_pid, by_name, by_key}) kin::call(s, state{77});
    EXPECT_EQ(kin::sys::get_status(by_pid).state, "77");
    EXPECT_EQ(kin::sys::get_status(my_test_name).state, "77");
    EXPECT_EQ(kin::sys::get_status(keys[1]).state, "77");
  });
}

// So does the report of a crash.
TEST_P(gen_server, error_format_status) {
  play([] {
    const auto s = fresh();
    kin::call(s, state{4242});
    kin::cast(s, stop_with{bad});
    expect_terminated(bad);
    test::await_exit(s);
    ASSERT_EQ(test::reports().size(), 1U);
    EXPECT_THAT(test::reports()[0].text, AllOf(HasSubstr("4242"), HasSubstr("oops")));
  });
}

// A server whose formatted state and whose end are a test's to choose.
class fragile : public kin::gen_server {
 public:
  explicit fragile(
      std::function<std::string()> status, std::function<void()> end = [] {})
      : status_(std::move(status)), end_(std::move(end)) {}
  kin::next handle_cast(stop_with s) { return kin::stop(s.why); }
  std::string handle_call(started /*request*/) { return "ok"; }
  void terminate(const kin::exit_reason& /*why*/) { end_(); }
  [[nodiscard]] std::string format_status() const { return status_(); }

 private:
  std::function<std::string()> status_;
  std::function<void()> end_;
};

// What terminate throws is what it ends with, and the report has the formatted state.
TEST_P(gen_server, terminate_crash_format) {
  play([] {
    const auto s = kin::start<fragile>([] { return "formatted"s; },
                                       [] { throw std::logic_error("crash in terminate"); });
    const kin::ref watch = kin::monitor(s);
    kin::cast(s, stop_with{kin::normal});
    EXPECT_NE(test::expect_down(watch).reason.get_if<std::logic_error>(), nullptr);
    ASSERT_EQ(test::reports().size(), 1U);
    EXPECT_THAT(test::reports()[0].text,
                AllOf(HasSubstr("formatted"), HasSubstr("crash in terminate")));
  });
}

// A format_status that fails is said in place of the state; the server goes on.
TEST_P(gen_server, crash_in_format_status) {
  play([] {
    const auto s = kin::start<fragile>([]() -> std::string { throw std::logic_error("no"); });
    EXPECT_THAT(kin::sys::get_status(s).state, HasSubstr("fragile::format_status threw"));
    EXPECT_EQ(kin::call(s, started{}), "ok");
    kin::cast(s, stop_with{bad});
    test::await_exit(s);
    ASSERT_EQ(test::reports().size(), 1U);
    EXPECT_THAT(test::reports()[0].text, HasSubstr("fragile::format_status threw"));
  });
}

// Whatever is thrown: there is no other way out of it in C++ than to return.
TEST_P(gen_server, throw_in_format_status) {
  play([] {
    const auto s = kin::start<fragile>([]() -> std::string { throw 5; });
    EXPECT_THAT(kin::sys::get_status(s).state, HasSubstr("fragile::format_status threw"));
    EXPECT_EQ(kin::call(s, started{}), "ok");
    kin::stop(s);
  });
}

// All that is shown may be written anew: state, message, reason; in sys the log as well.
TEST_P(gen_server, format_all_status) {
  class discreet : public kin::gen_server {
   public:
    void handle_call(const heard& /*password*/) {}
    kin::next handle_cast(const heard& password) { return kin::stop(password); }
    void format_status(kin::crash_report& shown) const {
      shown.state = "new_state";
      shown.last_message = "new_message";
      shown.reason = kin::exit_reason(word{"new_reason"});
      for (std::string& event : shown.log) event = "new_event";
    }
    void format_status(kin::sys::status& shown) const {
      shown.state = "new_state";
      for (auto& event : shown.log) event.text = "new_event";
    }
  };
  play_on_threads([] {
    const auto s = kin::start<discreet>();
    kin::sys::log(s, 5);
    kin::call(s, heard{"secret"});
    const auto shown = kin::sys::get_status(s);
    EXPECT_EQ(shown.state, "new_state");
    ASSERT_FALSE(shown.log.empty());
    EXPECT_EQ(shown.log[0].text, "new_event");
    const kin::ref watch = kin::monitor(s);
    kin::cast(s, heard{"secret"});
    EXPECT_EQ(test::expect_down(watch).reason, kin::exit_reason(heard{"secret"}));
    ASSERT_EQ(test::reports().size(), 1U);
    const std::string report = test::reports()[0].text;
    EXPECT_THAT(report,
                AllOf(HasSubstr("new_state"), HasSubstr("new_message"), HasSubstr("new_reason"),
                      HasSubstr("log: [new_event"), testing::Not(HasSubstr("secret"))));
  });
}

// A state that is one number, to be taken out and put back.
class holder : public kin::gen_server {
 public:
  explicit holder(int value) : value_(value) {}
  int handle_call(started /*request*/) const { return value_; }
  [[nodiscard]] int value() const { return value_; }

 private:
  int value_;
};
constexpr kin::name<holder> held_name{"held"};

// The state by pid and name, while it is suspended, too.
TEST_P(gen_server, get_state) {
  play([] {
    const auto s = kin::start<holder>({.name = held_name}, 5);
    EXPECT_EQ(kin::sys::get_state(s).value(), 5);
    EXPECT_EQ(kin::sys::get_state(held_name).value(), 5);
    kin::sys::suspend(s);
    EXPECT_EQ(kin::sys::get_state(s).value(), 5);
    kin::sys::resume(s);
  });
}

// Another state; a function that fails leaves the old one.
TEST_P(gen_server, replace_state) {
  play([] {
    const auto s = kin::start<holder>({.name = held_name}, 5);
    kin::sys::replace_state(s, [](const holder& h) { return holder(h.value() + 1); });
    EXPECT_EQ(kin::call(held_name, started{}), 6);
    kin::sys::suspend(held_name);
    kin::sys::replace_state(held_name, [](const holder& h) { return holder(h.value() + 1); });
    EXPECT_EQ(kin::sys::get_state(s).value(), 7);
    kin::sys::resume(held_name);
    const auto fails = [](const holder& /*h*/) -> holder { throw std::runtime_error("no"); };
    EXPECT_FALSE(kin::sys::try_replace_state(s, fails));
    EXPECT_EQ(kin::call(s, started{}), 7);
  });
}

// Half a million messages in the caller's mailbox cost a call nothing: it looks at none of them.
TEST_P(gen_server, call_with_huge_message_queue) {
  play([] {
    const auto s = fresh();
    const int many = test::times(500'000);
    for (int i = 0; i < many; ++i) kin::send(kin::self(), number{i});
    const auto before = kin::info(kin::self())->reductions;
    for (int i = 0; i < 100; ++i) kin::call(s, started{});
    EXPECT_LT(kin::info(kin::self())->reductions - before, 1000);
    EXPECT_EQ(kin::info(kin::self())->message_queue_len, static_cast<std::size_t>(many));
  });
}

// ---- what is not there --------------------------------------------------------------------------

// As little as a server can be, and answer.
class plain : public kin::gen_server {
 public:
  std::string handle_call(started /*request*/) { return "ok"; }
};

// A server without handle_info: a message is warned of, and it lives.
TEST_P(gen_server, undef_handle_info) {
  play([] {
    const auto s = kin::start<plain>();
    kin::send(s, word{"hello"});
    EXPECT_EQ(kin::call(s, started{}), "ok");
    ASSERT_EQ(test::reports().size(), 1U);
    EXPECT_EQ(test::reports()[0].severity, kin::severity::warning);
    EXPECT_THAT(test::reports()[0].text, AllOf(HasSubstr("hello"), HasSubstr("plain")));
    kin::stop(s);
  });
}

struct nested {
  std::vector<std::vector<int>> rows;
};
struct crash_by {
  int code = 0;
};
// Ends badly by a call or a cast.
class brittle : public kin::gen_server {
 public:
  int handle_call(crash_by /*c*/) { throw std::runtime_error("oops"); }
  kin::next handle_cast(crash_by /*c*/) { return kin::stop("end"); }
  [[nodiscard]] nested format_status() const { return {{{1, 2}, {3}}}; }
};
constexpr kin::name<brittle> glass{"conformance.glass"};
// The fields of the one crash report, and what it reads as.
struct told_crash {
  std::vector<kin::report_field> fields;
  std::string text;
  std::string line;
  std::string cut;
  [[nodiscard]] std::string field(std::string_view key) const {
    for (const auto& f : fields) {
      if (f.key == key) return f.value;
    }
    return "(none)";
  }
};
class crash_keeper {
 public:
  explicit crash_keeper(std::shared_ptr<told_crash> to) : to_(std::move(to)) {}
  void log(const kin::logger::event& e, const kin::logger::handler_config& /*how*/) const {
    const auto* said = std::get_if<kin::logger::report>(&e.msg);
    if (said == nullptr || said->label != "proc_lib crash") return;
    to_->fields = said->fields;
    to_->text = kin::logger::message_of(e, {});
    to_->line = kin::logger::message_of(e, {.single_line = true});
    to_->cut = kin::logger::message_of(e, {.single_line = true, .depth = 1, .chars_limit = 300});
  }

 private:
  std::shared_ptr<told_crash> to_;
};
template <class F>
told_crash crash_of(F end_badly, kin::debug_options debug = {}) {
  auto told = std::make_shared<told_crash>();
  kin::logger::add_handler("crashes", crash_keeper(told));
  const auto s = kin::start<brittle>({.name = glass, .debug = debug});
  const kin::ref watch = kin::monitor(s);
  end_badly(s);
  test::expect_down(watch);
  kin::logger::remove_handler("crashes");
  return *told;
}

// What OTP's server and proc_lib say in two reports is one here: to the letter; on one line; cut.
// Who waits for the answer is told with it: where, or that nobody does any more.
TEST_P(gen_server, format_log_2) {
  play_on_threads([] {
    const kin::pid me = kin::self();
    const std::string client = kin::to_string(me);
    kin::pid server;
    const auto by_call = [&](const kin::server<brittle>& s) {
      server = s.pid;
      static_cast<void>(kin::try_call(s, crash_by{1}));
    };
    const told_crash called = crash_of(by_call);
    const std::string type = kin::type_name(typeid(brittle));
    const std::string why = called.field("exception error");
    EXPECT_THAT(why, HasSubstr("oops"));
    const std::string request = kin::to_string(crash_by{1});
    const std::string state = kin::to_string(nested{{{1, 2}, {3}}});
    EXPECT_EQ(called.text,
              "  crasher:\n    initial call: " + type + "\n    pid: " + kin::to_string(server) +
                  "\n    registered_name: conformance.glass\n    exception error: " + why +
                  "\n    ancestors: [" + client + "]\n    last message: " + request +
                  "\n    client: " + client + " in kin::call\n    state: " + state +
                  "\n    links: []\n    message_queue_len: 0\n    trap_exit: false");
    EXPECT_EQ(called.line, "crasher: initial call: " + type + ", pid: " + kin::to_string(server) +
                               ", registered_name: conformance.glass, exception error: " + why +
                               ", ancestors: [" + client + "], last message: " + request +
                               ", client: " + client + " in kin::call, state: " + state +
                               ", links: [], message_queue_len: 0, trap_exit: false");
    EXPECT_LE(called.cut.size(), 300U);
    EXPECT_THAT(called.cut, AllOf(testing::StartsWith("crasher: initial call: "),
                                  HasSubstr("state: nested{[...]}"), HasSubstr("...")));

    const auto by_dead = [&](const kin::server<brittle>& s) {
      kin::sys::suspend(s);
      const auto dead = kin::spawn_monitor([s] { kin::call(s, crash_by{2}); });
      test::settle();
      kin::exit(dead.pid, kin::kill);
      test::expect_down(dead.ref);
      kin::sys::resume(s);
    };
    EXPECT_THAT(crash_of(by_dead).field("client"), testing::EndsWith(" is dead"));

    const auto by_cast = [](const kin::server<brittle>& s) { kin::cast(s, crash_by{3}); };
    const told_crash cast = crash_of(by_cast, {.log = 3});
    EXPECT_EQ(cast.field("client"), "(none)");
    EXPECT_EQ(cast.field("exception exit"), "\"end\"");
    EXPECT_THAT(cast.field("log"), HasSubstr("got cast "));
    EXPECT_EQ(called.field("log"), "(none)");
  });
}

// Without terminate it is stopped all the same.
TEST_P(gen_server, undef_terminate1) {
  play([] {
    const auto s = kin::start<plain>();
    const kin::ref watch = kin::monitor(s);
    kin::stop(s);
    EXPECT_EQ(test::expect_down(watch).reason, kin::normal);
    EXPECT_THAT(test::reports(), IsEmpty());
  });
}

// ... and with another reason.
TEST_P(gen_server, undef_terminate2) {
  play([] {
    const auto s = kin::start<plain>();
    const kin::ref watch = kin::monitor(s);
    kin::stop(s, oops{1});
    EXPECT_EQ(test::expect_down(watch).reason, bad);
    EXPECT_EQ(test::reports().size(), 1U);
  });
}

// An error within terminate is one.
TEST_P(gen_server, undef_in_terminate) {
  play([] {
    const auto s = kin::start<fragile>([] { return ""s; }, [] { throw std::bad_function_call(); });
    EXPECT_NE(kin::try_stop(s).error().get_if<std::bad_function_call>(), nullptr);
  });
}

// An error within handle_info ends the server.
TEST_P(gen_server, undef_in_handle_info) {
  play([] {
    const auto s = fresh();
    const kin::ref watch = kin::monitor(s);
    kin::send(s, ::crash{});
    EXPECT_NE(test::expect_down(watch).reason.get_if<std::runtime_error>(), nullptr);
    EXPECT_NE(test::expect<kin::exit_reason>().get_if<std::runtime_error>(), nullptr);
  });
}

}  // namespace
