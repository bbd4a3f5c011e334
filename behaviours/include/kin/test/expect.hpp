// SPDX-License-Identifier: Apache-2.0
// What a test waits for: a message, an end, silence. What does not come fails the test, and says
// what the mailbox held instead.
#pragma once

#include <kin/exit_reason.hpp>
#include <kin/export.hpp>
#include <kin/link.hpp>
#include <kin/message.hpp>
#include <kin/pid.hpp>
#include <kin/print.hpp>
#include <kin/receive.hpp>
#include <kin/send.hpp>
#include <kin/test/framework.hpp>
#include <kin/time.hpp>

#include <chrono>
#include <concepts>
#include <string>
#include <type_traits>
#include <typeinfo>
#include <utility>
#include <vector>

namespace KIN_PUBLIC kin {
namespace test {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
/// Compiled with a sanitizer, all takes some ten times as long.
inline constexpr bool sanitized = true;
#elif defined(__has_feature)
/// Compiled with a sanitizer, all takes some ten times as long.
inline constexpr bool sanitized =
    __has_feature(address_sanitizer) || __has_feature(thread_sanitizer);
#else
/// Compiled with a sanitizer, all takes some ten times as long.
inline constexpr bool sanitized = false;
#endif

/// Long enough that only a lost message lasts longer; virtual where the test is simulated.
inline constexpr duration patience = std::chrono::seconds(sanitized ? 30 : 10);

/// Takes all that is in the caller's mailbox now, and prints it, oldest first.   Context  a process.
std::vector<std::string> drained();

}  // namespace test

namespace detail {

/// A message of type T that a test waits for, and what it says if none comes.
template <class T, class Guard>
struct wanted_message {
  Guard guard;
  std::string words;
};
template <class T, class M, class N>
struct members_are {
  M T::*one;
  M first;
  N T::*other;
  N second;
  bool operator()(const T& m) const { return m.*one == first && m.*other == second; }
};

/// The test has failed, and says what lies in the mailbox of the caller, which ends.
[[noreturn]] void not_come(test::place asked, const std::string& wanted, duration within);
/// As not_come, and what that process does instead.
[[noreturn]] void not_ended(test::place asked, pid p, duration within);
/// What lies in the caller's mailbox, of each its type and its value; taken.
std::vector<std::string> described_mail();

}  // namespace detail

namespace test {

/// For expect: a message whose member has this value: `expect(when(&down::ref, r))`.
template <class T, class M, std::convertible_to<M> V>
[[nodiscard]] auto when(M T::*member, V value) {
  auto pinned = static_cast<M>(std::move(value));
  std::string words = kin::type_name(typeid(T)) + " with a member that is " + to_string(pinned);
  return kin::detail::wanted_message<T, kin::detail::member_is<T, M>>{{member, std::move(pinned)},
                                                                      std::move(words)};
}
/// The same of two members.
template <class T, class M, std::convertible_to<M> V, class N, std::convertible_to<N> W>
[[nodiscard]] auto when(M T::*one, V first, N T::*other, W second) {
  std::string words = kin::type_name(typeid(T)) + " with members that are " + to_string(first) +
                      " and " + to_string(second);
  using guard = kin::detail::members_are<T, M, N>;
  return kin::detail::wanted_message<T, guard>{
      guard{one, static_cast<M>(std::move(first)), other, static_cast<N>(std::move(second))},
      std::move(words)};
}
/// The same for a message of which `holds`, a lambda with one named parameter, says true.
template <class F>
requires std::is_class_v<F>
[[nodiscard]] auto when(F holds) {
  using T = std::remove_cvref_t<typename kin::detail::parameter_in<decltype(&F::operator())>::type>;
  return kin::detail::wanted_message<T, F>{
      std::move(holds), kin::type_name(typeid(T)) + " of which what was asked holds"};
}

/// Takes the oldest message of type T out of the caller's mailbox, and returns it. Others stay. If
/// none comes within that time, the test has failed at `asked`, and the caller ends.
///
/// Waits.   Context  a process.
template <class T>
T expect(duration within = patience, place asked = place::here()) {
  return kin::receive([](T value) { return value; }, kin::after(within, [&]() -> T {
                        kin::detail::not_come(asked, kin::type_name(typeid(T)), within);
                      }));
}
/// The same, of a message that `when` describes.
template <class T, class Guard>
T expect(kin::detail::wanted_message<T, Guard> wanted, duration within = patience,
         place asked = place::here()) {
  return kin::receive(
      kin::when(std::move(wanted.guard), [](T value) { return value; }),
      kin::after(within, [&]() -> T { kin::detail::not_come(asked, wanted.words, within); }));
}

/// Nothing is in the caller's mailbox, nor comes within that time; with none, nothing that is under
/// way now (see settle). What comes all the same is taken, and the test has failed at `asked`.
///
/// Waits.   Context  a process.
void expect_nothing(duration within = {}, place asked = place::here());

/// The DOWN of that monitor.   Waits.   Context  a process.
down expect_down(ref monitor, duration within = patience, place asked = place::here());
/// Waits for the end of a process. Returns the reason it ended for, noproc if it had ended before;
/// if it does not end, the test has failed, and says what it does.   Waits.   Context  a process.
exit_reason await_exit(pid p, duration within = patience, place asked = place::here());
/// The reason for which a process ends that gets this message: it is watched before it gets it.
/// Waits.   Context  a process.
template <class Message>
exit_reason end_told_by(pid p, Message message, duration within = patience,
                        place asked = place::here()) {
  const ref watch = kin::monitor(p);
  kin::send(p, std::move(message));
  return expect_down(watch, within, asked).reason;
}

}  // namespace test
}  // namespace kin
