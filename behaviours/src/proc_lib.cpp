// SPDX-License-Identifier: Apache-2.0
#include <kin/link.hpp>
#include <kin/print.hpp>
#include <kin/proc_lib.hpp>
#include <kin/receive.hpp>
#include <kin/start_process.hpp>

#include <string>
#include <utility>

namespace kin::detail {

constinit const atom_rep process_not_registered_rep{"process_not_registered"};
constinit const atom_rep process_not_registered_via_rep{"process_not_registered_via"};

void start_duty::acknowledge() {
  // release: with the value. The starter reads it when the answer has come, or when it has given up
  // and looks what there was.
  word_->at.store(start_word::stage::acknowledged, std::memory_order_release);
  word_->ready.answer(nothing{});
}

void start_duty::fail(exit_reason told, exit_reason why) {
  if (owed()) {
    if (owner_ != self())
      throw error(badarg, "init_fail was called outside the process that is started");
    word_->told = std::move(told);
    word_->at.store(start_word::stage::failed, std::memory_order_release);
  }
  exit(std::move(why));
}

void unlink_unless_ready(const start_word& word) {
  if (word.linked && word.at.load(std::memory_order_relaxed) != start_word::stage::acknowledged)
    unlink(parent());
}

std::unique_ptr<behaviour> loop_of(handler<server_entered> h) { return std::move(h.server); }

namespace {

// Of a process that could not unlink: it was killed before its first line, or ended as the loop that
// its body had returned.
void take_exit_of(pid child) {
  unlink(child);
  receive(when(&exited::from, child, [](const exited& /*e*/) {}), after(duration(0), [] {}));
}

}  // namespace

result<pid> start_and_wait(std::unique_ptr<behaviour> body, start_word& word, start_with with,
                           duration limit, ref& monitor) {
  word.linked = with.link;
  spawned made;
  start_request request;
  request.body = std::move(body);
  request.with = with;
  request.ready = &word.ready;
  request.may_move = true;
  request.limit = limit;
  result<pid> child = start_process(std::move(request), made);
  monitor = made.ref;
  if (child) return child;
  if (word.linked && made.pid) take_exit_of(made.pid);
  if (word.at.load(std::memory_order_acquire) == start_word::stage::failed) return word.told;
  return child;
}

start_with start_of(const spawn_options& options, bool link, bool monitor) {
  if (options.monitor)
    throw error(badarg, "a start is monitored by start_monitor, not by its options");
  start_with with = start_with_all(options);
  with.link = options.link || link;
  with.monitor = monitor;
  return with;
}

void throw_not_started(const exit_reason& why, const std::type_info& body, ref monitor) {
  if (monitor) demonitor(monitor, {.flush = true});
  throw error(why, type_name(body) + " did not start: " + to_string(why));
}

void expect_to_hold(const start_name& name) {
  const pid me = self();
  if (name.empty() || name.find() == me) return;
  exit(name.is_key() ? process_not_registered_via : process_not_registered);
}

}  // namespace kin::detail
