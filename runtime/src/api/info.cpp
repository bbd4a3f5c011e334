// SPDX-License-Identifier: Apache-2.0
// info, processes, group_leader, suspend, resume.
#include <kin/info.hpp>
#include <kin/process.hpp>

#include "api/calling_process.hpp"
#include "base/symbols.hpp"
#include "process/introspection.hpp"
#include "process/mailbox.hpp"
#include "process/suspension.hpp"

#include <array>
#include <ostream>
#include <span>
#include <utility>

namespace kin {

std::ostream& operator<<(std::ostream& out, process_status s) {
  constexpr std::array<const char*, 4> words{"running", "runnable", "waiting", "suspended"};
  return out << words.at(static_cast<std::size_t>(s));
}

namespace {

// kin's own frames say nothing to its user.
std::vector<std::string> lines_of(std::span<const void* const> frames) {
  std::vector<std::string> lines;
  for (const auto& frame : detail::places_of(frames)) {
    for (const detail::place& p : frame) {
      if (!p.is_users) continue;
      lines.push_back(p.file.empty() ? p.function : p.where() + " in " + p.function);
    }
  }
  return lines;
}

std::optional<process_info> told(std::optional<detail::description> about) {
  if (!about) return std::nullopt;
  if (!about->frames.empty()) about->stack = lines_of(about->frames);
  return process_info(std::move(*about));
}

}  // namespace

std::optional<process_info> info(pid other, const info_options& options) {
  const detail::caller calling("kin::info");
  detail::control_block& p = calling.block();
  auto* question = detail::make_signal<detail::info_signal>(detail::signal_kind::info_question);
  question->messages = options.messages;
  question->dictionary = options.dictionary;
  question->stack = options.stack;
  question->as_neighbour = false;
  if (other == p.name() && !calling.is_thread()) {
    detail::drain(p);
    auto about = detail::describe(p, *question);
    detail::free_signal(question);
    return told(std::move(about));
  }
  auto answered =
      detail::ask<std::optional<detail::description>>(p, other, *question, options.limit);
  if (answered) return told(*std::move(answered));
  if (detail::is_gone(other) || options.limit == infinity) return std::nullopt;
  process_info about;
  about.pid = other;
  return about;
}

std::vector<pid> processes() { return detail::ambient_machine("kin::processes").living(); }

std::size_t process_count() {
  return detail::ambient_machine("kin::process_count").process_count();
}

unsigned workers() { return detail::ambient_machine("kin::workers").worker_count(); }

pid group_leader() { return detail::group_leader_of(detail::calling_process("kin::group_leader")); }

void group_leader(pid leader, pid of) {
  detail::control_block* me = detail::current_process();
  if (me != nullptr && of == me->name()) return detail::set_group_leader(*me, leader);
  auto* s = detail::make_signal<detail::question_signal>(detail::signal_kind::group_leader);
  s->caller = leader;
  if (!detail::post(of, s)) detail::free_signal(s);
}

void suspend(pid other) {
  detail::control_block& p = detail::calling_process("kin::suspend");
  if (other == p.name()) throw error(badarg, "a process cannot suspend itself");
  detail::expect_to_wait(p);
  auto* question = detail::make_signal<detail::question_signal>(detail::signal_kind::suspend);
  ++p.make_rare().suspended[other];
  if (detail::ask<bool>(p, other, *question, infinity).value_or(false)) return;
  p.rare()->suspended.erase(other);
  throw error(noproc, "suspend: " + to_string(other) + " is no living process");
}

void resume(pid other) {
  detail::control_block& p = detail::calling_process("kin::resume");
  const bool mine = p.rare() != nullptr && p.rare()->suspended.count(other) != 0;
  if (!mine) throw error(badarg, "resume: this process has not suspended " + to_string(other));
  if (--p.rare()->suspended[other] == 0) p.rare()->suspended.erase(other);
  auto* s = detail::make_signal<detail::signal>(detail::signal_kind::resume);
  if (!detail::post(other, s)) detail::free_signal(s);
}

}  // namespace kin
