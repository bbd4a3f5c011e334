// SPDX-License-Identifier: Apache-2.0
// Exceptions in processes: what they say, caught or as an exit reason, and whose they are.
// otp-semantics 0 and 1.3.
#include "conformance/support.hpp"

#include <any>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <typeinfo>
#include <variant>
#include <vector>

namespace {

using namespace kin::literals;
using test::number;
using test::word;

class exception : public test::in_worlds {};
INSTANTIATE_TEST_SUITE_P(worlds, exception, test::worlds(), test::name_of_world);

inline constexpr kin::name<> nobody{"exception_conformance.nobody"};

// Runs `act` when it is destroyed: what a scope leaves behind it, an exception too.
class at_end {
 public:
  explicit at_end(std::function<void()> act) : act_(std::move(act)) {}
  at_end(const at_end&) = delete;
  at_end& operator=(const at_end&) = delete;
  ~at_end() { act_(); }

 private:
  std::function<void()> act_;
};

template <class E>
struct no_match {
  E value;
};

// ---- what an exit reason says -------------------------------------------------------------------

// What fitted nowhere is in the exit reason, of whatever type and size; and the language's own
// matches that fail say so.
TEST_P(exception, badmatch) {
  play([] {
    const auto reason_of = [](auto value) {
      return test::how_it_ends([=] { kin::exit(no_match<decltype(value)>{value}); });
    };
    EXPECT_TRUE(reason_of(17).get_if<no_match<int>>()->value == 17);
    EXPECT_TRUE(reason_of(1.5).get_if<no_match<double>>()->value == 1.5);
    EXPECT_TRUE(reason_of("text"s).get_if<no_match<std::string>>()->value == "text");
    EXPECT_TRUE(reason_of(test::large_ledger()).get_if<no_match<test::ledger>>()->value ==
                test::large_ledger());
    EXPECT_EQ(reason_of(17).get_if<no_match<double>>(), nullptr);

    const std::variant<int, std::string> text("text");
    const std::any any(17);
    EXPECT_NE(test::how_it_ends([=] {
                std::ignore = std::get<int>(text);
              }).get_if<std::bad_variant_access>(),
              nullptr);
    EXPECT_NE(test::how_it_ends([=] {
                std::ignore = std::any_cast<std::string>(any);
              }).get_if<std::bad_any_cast>(),
              nullptr);
  });
}

// Each kind of fault, and what it is caught as.
struct fault {
  const char* what;
  std::function<void()> commit;
  std::function<bool(const std::exception&)> is_it;
};
template <class E>
fault fault_of(const char* what, std::function<void()> commit) {
  return {what, std::move(commit),
          [](const std::exception& e) { return dynamic_cast<const E*>(&e) != nullptr; }};
}
fault kin_fault(const char* what, const kin::exit_reason& why, std::function<void()> commit) {
  return {what, std::move(commit), [why](const std::exception& e) {
            const auto* error = dynamic_cast<const kin::error*>(&e);
            return error != nullptr && error->reason() == why;
          }};
}
std::vector<fault> faults() {
  return {
      kin_fault("badarg_of_send", kin::badarg, [] { kin::send(nobody, word{"x"}); }),
      kin_fault("badarg_of_unregister", kin::badarg, [] { kin::unregister_name(nobody); }),
      kin_fault("badarg_of_timer", kin::badarg,
                [] { kin::send_after(-1ms, kin::self(), word{"x"}); }),
      kin_fault("noproc", kin::noproc,
                [] {
                  const kin::pid dead = kin::spawn([] {});
                  test::await_exit(dead);
                  kin::link(dead);
                }),
      fault_of<std::bad_function_call>("undefined_function", [] { std::function<void()>()(); }),
      fault_of<std::out_of_range>("range", [] { std::ignore = std::vector<int>().at(1); }),
      fault_of<std::invalid_argument>("bad_argument", [] { std::ignore = std::stoi("x"); }),
      fault_of<std::bad_optional_access>("no_value",
                                         [] { std::ignore = std::optional<int>().value(); }),
      fault_of<std::bad_weak_ptr>("gone",
                                  [] { const std::shared_ptr<int> p{std::weak_ptr<int>()}; }),
      fault_of<std::length_error>("length", [] { std::vector<int>().reserve(SIZE_MAX); }),
      fault_of<std::bad_cast>("no_such_type",
                              [] {
                                const std::exception plain;
                                std::ignore = dynamic_cast<const std::logic_error&>(plain);
                              }),
  };
}

// Caught in the process it is this exception; uncaught, its exit reason is an error with it inside.
TEST_P(exception, pending_errors) {
  play([] {
    for (const fault& f : faults()) {
      const kin::exit_reason caught = test::how_it_ends([&f] {
        try {
          f.commit();
        } catch (const std::exception& e) {
          kin::exit(f.is_it(e) ? "this one" : "another one");
        }
      });
      EXPECT_EQ(caught, "this one") << f.what;
      const kin::exit_reason uncaught = test::how_it_ends(f.commit);
      EXPECT_TRUE(uncaught.is_error()) << f.what;
      ASSERT_NE(uncaught.get_if<std::exception>(), nullptr) << f.what << ": " << uncaught;
      EXPECT_TRUE(f.is_it(*uncaught.get_if<std::exception>())) << f.what << ": " << uncaught;
    }
  });
}

// ---- thrown again -------------------------------------------------------------------------------

// What is caught and thrown again, here or from a pointer kept meanwhile, ends the process as if it
// had not been caught: an error as an error, an exit as an exit.
TEST_P(exception, raise) {
  play([] {
    const std::vector<std::function<void()>> bodies{[] { throw std::out_of_range("too far"); },
                                                    [] { throw 17; },
                                                    [] { kin::send(nobody, word{"x"}); },
                                                    [] { kin::exit("out"); },
                                                    [] { kin::exit(kin::normal); },
                                                    [] { kin::exit(kin::shutdown("why"s)); },
                                                    [] { kin::exit(kin::self(), kin::kill); }};
    for (const auto& body : bodies) {
      const kin::exit_reason plain = test::how_it_ends(body);
      const kin::exit_reason at_once = test::how_it_ends([=] {
        try {
          body();
        } catch (...) {
          throw;
        }
      });
      const kin::exit_reason kept = test::how_it_ends([=] {
        std::exception_ptr thrown;
        try {
          body();
        } catch (...) {
          thrown = std::current_exception();
        }
        std::rethrow_exception(thrown);
      });
      EXPECT_EQ(at_once, plain);
      EXPECT_EQ(kept, plain);
      EXPECT_EQ(at_once.is_error(), plain.is_error());
      EXPECT_EQ(kept.is_error(), plain.is_error());
    }
  });
}

// An exception that passes through scopes which clean up, and throw and catch others while they do,
// stays what it is.
TEST_P(exception, gunilla) {
  struct thrown {
    int value;
  };
  play([] {
    const kin::pid me = kin::self();
    const kin::exit_reason why = test::how_it_ends([me] {
      try {
        const at_end outer([me] {
          try {
            throw std::runtime_error("in between");
          } catch (const std::runtime_error& /*mine*/) {
            kin::send(me, word{"outer"});
          }
        });
        const at_end inner([me] { kin::send(me, word{"inner"}); });
        throw thrown{3};
      } catch (const thrown& t) {
        kin::exit(t.value);
      } catch (...) {
        kin::exit("something else");
      }
    });
    EXPECT_EQ(why, kin::exit_reason(3));
    EXPECT_EQ(test::expect<word>(), word{"inner"});
    EXPECT_EQ(test::expect<word>(), word{"outer"});
  });
}

// A handler may throw something of another kind instead, and that goes on through cleaning scopes:
// an error becomes an exit, an exit an error.
TEST_P(exception, change_exception_class) {
  play([] {
    const kin::exit_reason now_exit = test::how_it_ends([] {
      const at_end cleanup([] {});
      try {
        throw std::runtime_error("was an error");
      } catch (const std::runtime_error& e) {
        kin::exit(std::string(e.what()));
      }
    });
    EXPECT_EQ(now_exit, "was an error");
    EXPECT_FALSE(now_exit.is_error());

    const kin::exit_reason now_error = test::how_it_ends([] {
      const at_end cleanup([] {});
      try {
        throw number{3};
      } catch (const number& n) {
        throw std::runtime_error("was " + std::to_string(n.value));
      }
    });
    EXPECT_TRUE(now_error.is_error());
    ASSERT_NE(now_error.get_if<std::runtime_error>(), nullptr);
    EXPECT_STREQ(now_error.get_if<std::runtime_error>()->what(), "was 3");
  });
}

// ---- the current exception ----------------------------------------------------------------------

std::string current_text() {
  const std::exception_ptr current = std::current_exception();
  if (!current) return "none";
  try {
    std::rethrow_exception(current);
  } catch (const std::exception& e) {
    return e.what();
  }
}

// In a handler the current exception is the one it handles, before and after a wait, though other
// processes of the same worker handle theirs meanwhile; outside there is none.
TEST_P(exception, stacktrace) {
  play([] {
    std::vector<kin::ref> ends;
    for (int i = 0; i < 20; ++i) {
      ends.push_back(kin::spawn_monitor([i] {
                       const std::string mine = "of " + std::to_string(i);
                       EXPECT_EQ(current_text(), "none");
                       try {
                         throw std::runtime_error(mine);
                       } catch (const std::exception& /*mine*/) {
                         for (int j = 0; j < 10; ++j) {
                           EXPECT_EQ(current_text(), mine);
                           j % 2 == 0 ? kin::yield() : kin::sleep(10us);
                         }
                       }
                       kin::yield();
                       EXPECT_EQ(current_text(), "none");
                     }).ref);
    }
    for (const kin::ref end : ends) EXPECT_EQ(test::expect_down(end).reason, kin::normal);
    EXPECT_EQ(current_text(), "none");
  });
}

// A handler inside a handler sees its own exception, and the outer one its own again afterwards;
// with waits in between as well.
TEST_P(exception, nested_stacktrace) {
  play([] {
    const auto nested = [](const std::string& who) {
      try {
        throw std::runtime_error("outer " + who);
      } catch (const std::exception& /*outer*/) {
        kin::yield();
        EXPECT_EQ(current_text(), "outer " + who);
        try {
          throw std::logic_error("inner " + who);
        } catch (const std::exception& /*inner*/) {
          kin::yield();
          EXPECT_EQ(current_text(), "inner " + who);
        }
        kin::yield();
        EXPECT_EQ(current_text(), "outer " + who);
      }
      EXPECT_EQ(current_text(), "none");
    };
    const auto a = kin::spawn_monitor([=] { nested("a"); });
    const auto b = kin::spawn_monitor([=] { nested("b"); });
    nested("c");
    EXPECT_EQ(test::expect_down(a.ref).reason, kin::normal);
    EXPECT_EQ(test::expect_down(b.ref).reason, kin::normal);
  });
}

// C++ keeps no trace; what an error of kin says instead begins with the call that failed.
TEST(exception, top_of_stacktrace) {
  test::run([] {
    const kin::pid dead = kin::spawn([] {});
    test::await_exit(dead);
    const auto text_of = [](const std::function<void()>& fails) -> std::string {
      try {
        fails();
      } catch (const kin::error& e) {
        return e.what();
      }
      return "it did not fail";
    };
    using testing::HasSubstr;
    EXPECT_THAT(text_of([] { kin::send(nobody, word{"x"}); }), HasSubstr("send"));
    EXPECT_THAT(text_of([] { kin::unregister_name(nobody); }), HasSubstr("unregister_name"));
    EXPECT_THAT(text_of([=] { kin::register_name(nobody, dead); }), HasSubstr("register_name"));
    EXPECT_THAT(text_of([=] { kin::link(dead); }), HasSubstr("link"));
    EXPECT_THAT(text_of([] { kin::send_after(-1s, kin::self(), word{"x"}); }), HasSubstr("timer"));
  });
}

}  // namespace
