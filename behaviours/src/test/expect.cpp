// SPDX-License-Identifier: Apache-2.0
#include <kin/info.hpp>
#include <kin/process.hpp>
#include <kin/test/expect.hpp>
#include <kin/test/play.hpp>
#include <kin/timer.hpp>

#include "test/end_checks.hpp"

#include <ostream>
#include <sstream>

namespace kin {
namespace detail {
namespace {

template <class F>
void take_all(F each) {
  bool more = true;
  while (more) {
    kin::receive([&](message m) { each(m); }, kin::after(duration{}, [&] { more = false; }));
  }
}

void print_lines(std::ostream& out, const std::vector<std::string>& lines) {
  for (const std::string& line : lines) out << "\n  " << line;
}

std::string how_long(duration within) {
  return within == duration{} ? "" : " " + to_string(within);
}

}  // namespace

std::vector<std::string> described_mail() {
  std::vector<std::string> all;
  take_all([&](const message& m) {
    const std::string type = type_name(m.type());
    const std::string text = to_string(m);
    all.push_back(text.starts_with(type) ? text : type + ' ' + text);
  });
  return all;
}

void not_come(test::place asked, const std::string& wanted, duration within) {
  const std::vector<std::string> found = described_mail();
  std::ostringstream text;
  text << self() << " has waited" << how_long(within) << " for " << wanted << "; its mailbox holds"
       << (found.empty() ? " nothing" : "");
  print_lines(text, found);
  test::current_framework().fail(asked, std::move(text).str());
  exit("a message that a test waits for has not come");
}

void not_ended(test::place asked, pid p, duration within) {
  std::ostringstream text;
  text << self() << " has waited" << how_long(within) << " for the end of " << what_it_does(p);
  test::current_framework().fail(asked, std::move(text).str());
  exit("an end that a test waits for has not come");
}

}  // namespace detail

namespace test {

std::vector<std::string> drained() {
  std::vector<std::string> all;
  kin::detail::take_all([&](const message& m) { all.push_back(to_string(m)); });
  return all;
}

void expect_nothing(duration within, place asked) {
  if (within == duration{}) {
    settle();
  } else {
    kin::sleep(within);
  }
  const std::vector<std::string> found = kin::detail::described_mail();
  if (found.empty()) return;
  std::ostringstream text;
  text << "nothing was to be in the mailbox of " << self() << ", but";
  kin::detail::print_lines(text, found);
  current_framework().fail(asked, std::move(text).str());
}

down expect_down(ref monitor, duration within, place asked) {
  return expect(when(&down::ref, monitor), within, asked);
}

exit_reason await_exit(pid p, duration within, place asked) {
  return kin::receive(
      kin::when(&down::ref, kin::monitor(p), [](down d) { return std::move(d.reason); }),
      kin::after(within, [&]() -> exit_reason { kin::detail::not_ended(asked, p, within); }));
}

}  // namespace test
}  // namespace kin
