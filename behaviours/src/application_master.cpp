// SPDX-License-Identifier: Apache-2.0
#include "application_master.hpp"

#include <kin/info.hpp>
#include <kin/link.hpp>
#include <kin/process.hpp>
#include <kin/receive.hpp>
#include <kin/send.hpp>
#include <kin/timer.hpp>

#include <algorithm>
#include <chrono>
#include <string>
#include <utility>

namespace kin::detail {
namespace {

// From the master to the guard.
struct end_application {};
struct changes_for {
  app::config_changes changes;
  from<result<void>> caller;
};
// The reason of a guard whose application has ended by itself; inside shutdown(...), for it is the
// master that reports it.
struct ended_by_itself {
  exit_reason why;
};

// What a callback has raised. An exit signal that ends this process is passed on.
std::optional<exit_reason> raised_by(const std::function<void()>& callback) {
  try {
    callback();
    return std::nullopt;
  } catch (...) {
    auto why = caught_exit();
    if (!why) throw;
    return why;
  }
}

// The process that runs an application's callbacks.
class application_guard {
 public:
  application_guard(application_parts parts, pid master)
      : parts_(std::move(parts)), master_(master) {}

  void run() {
    trap_exits();
    code_ = nullptr;
    if (auto why = start()) {
      end_tree(shutdown);
      exit(shutdown(did_not_start{*std::move(why)}));
    }
    kin::send(master_, application_master::top_is_up{top_});
    for (;;) {
      kin::receive([this](end_application /*order*/) { stop(shutdown); },
                   [this](changes_for c) { c.caller.answer(tell(c.changes)); },
                   [this](const exited& e) {
                     if (e.from == master_) stop(e.reason);
                     if (e.from == top_) ended(e.reason);
                   },
                   [](const message& /*of no interest*/) {});
    }
  }

 private:
  [[nodiscard]] const std::string& name() const { return parts_.whole->name; }

  // How a callback failed that has raised this.
  static exit_reason failure(const std::string& whose, std::string callback, exit_reason why) {
    return exit_reason(
        app::bad_return{whose, std::move(callback), exit_reason(app::raised{std::move(why)})});
  }

  std::optional<exit_reason> start() {
    result<pid> started = pid{};
    if (auto why = raised_by([&] {
          code_ = parts_.whole->start.maker()();
          started = code_->start();
        })) {
      if (*why == normal)
        return exit_reason(
            app::callback_failed{name(), "start", exit_reason(app::raised{*std::move(why)})});
      return failure(name(), "start", *std::move(why));
    }
    if (!started) return exit_reason(app::callback_failed{name(), "start", started.error()});
    if (*started == pid{})
      return exit_reason(app::bad_return{name(), "start", exit_reason("no process")});
    top_ = *started;
    link(top_);  // a tree is linked already; a bare pid may not be
    for (const app::phase& p : parts_.whole->start_phases) {
      if (auto why = start_phase(*code_, *parts_.whole, p.name)) return why;
      for (const loaded_application& part : parts_.included) {
        if (auto why = start_phase_of(part, p.name)) return why;
      }
    }
    return std::nullopt;
  }

  // Of an application that is part of this one: its tree is its whole's affair.
  std::optional<exit_reason> start_phase_of(const loaded_application& part,
                                            const std::string& name_of_phase) {
    auto& code = codes_of_parts_[part->name];
    if (code == nullptr) {
      if (!part->start) return std::nullopt;
      if (auto why = raised_by([&] { code = part->start.maker()(); }))
        return failure(part->name, "start_phase(" + name_of_phase + ")", *std::move(why));
    }
    return start_phase(*code, *part, name_of_phase);
  }

  static std::optional<exit_reason> start_phase(application_callbacks& code,
                                                const application& whose,
                                                const std::string& name_of_phase) {
    const auto listed = std::find_if(whose.start_phases.begin(), whose.start_phases.end(),
                                     [&](const app::phase& p) { return p.name == name_of_phase; });
    if (listed == whose.start_phases.end()) return std::nullopt;
    const std::string callback = "start_phase(" + name_of_phase + ")";
    result<void> done;
    if (auto why = raised_by([&] { done = code.start_phase(listed->name, listed->arguments); }))
      return failure(whose.name, callback, *std::move(why));
    if (!done) return exit_reason(app::callback_failed{whose.name, callback, done.error()});
    return std::nullopt;
  }

  result<void> tell(const app::config_changes& changes) {
    if (auto why = raised_by([&] { code_->config_change(changes); }))
      return failure(name(), "config_change", *std::move(why));
    return {};
  }

  // However long it takes.
  void end_tree(const exit_reason& why) {
    if (top_ == pid{}) return;
    kin::exit(top_, why);
    kin::receive(kin::when(&exited::from, top_, [](const exited& /*at last*/) {}));
  }

  [[noreturn]] void stop(const exit_reason& why) {
    static_cast<void>(raised_by([this] { code_->prep_stop(); }));
    end_tree(why);
    static_cast<void>(raised_by([this] { code_->stop(); }));
    exit(shutdown);
  }

  [[noreturn]] void ended(const exit_reason& why) {
    static_cast<void>(raised_by([this] { code_->prep_stop(); }));
    static_cast<void>(raised_by([this] { code_->stop(); }));
    exit(shutdown(ended_by_itself{why}));
  }

  application_parts parts_;
  pid master_;
  pid top_;
  std::unique_ptr<application_callbacks> code_;
  std::map<std::string, std::unique_ptr<application_callbacks>> codes_of_parts_;
};

// Those whose group leader this process is, itself not among them. One in a long callback does not
// answer, and one in the hands of kin::blocking neither: it is asked again by the next round, if
// there is one.
std::vector<pid> members() {
  std::vector<pid> all;
  for (const pid p : processes()) {
    if (p == self()) continue;
    const auto about = info(p, {.limit = std::chrono::seconds(1)});
    if (about && about->group_leader == self()) all.push_back(p);
  }
  return all;
}

void kill_members() {
  for (auto left = members(); !left.empty(); left = members()) {
    for (const pid p : left) {
      const ref watch = monitor(p);
      kin::exit(p, kill);
      kin::receive(kin::when(&down::ref, watch, [](const down& /*gone*/) {}));
    }
  }
}

}  // namespace

application_master::application_master(application_parts parts, pid controller,
                                       std::shared_ptr<application_table> table)
    : parts_(std::move(parts)), controller_(controller), table_(std::move(table)) {
  trap_exits();
}

next application_master::init() {
  group_leader(self(), self());
  table_->set_master(parts_.whole->name, self());  // before any code of the application runs
  guard_ =
      spawn_link([parts = parts_, master = self()] { application_guard(parts, master).run(); });
  guarded_ = true;
  if (parts_.whole->max_time != infinity)
    send_after(parts_.whole->max_time, self(), time_is_over{});
  return {};
}

replies<result<void>> application_master::handle_call(tell_changes t, from<result<void>> caller) {
  if (!top_) return result<void>();  // it reads what is set when it starts
  kin::send(guard_, changes_for{std::move(t.changes), std::move(caller)});
  return noreply;
}

next application_master::guard_ended(const exit_reason& why) {
  guarded_ = false;
  if (ending_) return kin::stop(shutdown);
  if (const auto* itself = why.get_if<ended_by_itself>()) return kin::stop(itself->why);
  return kin::stop(why);
}

// It goes on answering until the guard has ended.
void application_master::handle_cast(end_order /*order*/) {
  if (!guarded_ || std::exchange(ending_, true)) return;
  if (top_) {
    kin::send(guard_, end_application{});
  } else {
    kin::exit(guard_, kill);  // it starts, or does not: what it has is linked to it
  }
}

void application_master::terminate(const exit_reason& /*why*/) {
  handle_cast(end_order{});
  if (std::exchange(guarded_, false)) {
    kin::receive(kin::when(&exited::from, guard_, [](const exited& /*gone*/) {}));
  }
  kill_members();
}

}  // namespace kin::detail
