// SPDX-License-Identifier: Apache-2.0
// The process of a supervisor: a server whose requests are those of the API, and whose state is its
// `supervision`.
#include <kin/link.hpp>
#include <kin/message.hpp>
#include <kin/process.hpp>
#include <kin/supervisor.hpp>
#include <kin/sys.hpp>

#include "supervision.hpp"

#include <memory>
#include <utility>

namespace kin::detail {
namespace {

struct start_request_of {
  child_spec spec;
};
struct terminate_request_of {
  child_key which;
};
struct restart_request_of {
  child_key which;
};
struct delete_request_of {
  child_key which;
};
struct spec_request_of {
  child_key which;
};
struct which_request {};
struct count_request {};
struct degraded_request {};

}  // namespace

// What handles requests. An EXIT that was met while a request waited for a child comes right after
// its reply.
class supervisor_server {
 public:
  /// Why it cannot start: then none of its children runs.
  std::optional<exit_reason> start(const supervisor& tree, bool is_root) {
    if (auto fault = fault_of(tree)) return fault;
    if (const auto* kind = supervision_kind::of(tree)) {
      all_ = kind->make(tree, is_root);
    } else if (tree.options().strategy == simple_one_for_one) {
      all_ = dynamic_children(tree, is_root);
    } else {
      all_ = fixed_children(tree, is_root);
    }
    return all_->start_all();
  }
  [[nodiscard]] supervision& all() { return *all_; }
  /// Null before the start.
  [[nodiscard]] const supervision* state() const { return all_.get(); }

  replies<result<started_child>> handle_call(start_request_of r) {
    return reply_with(all_->start_child(std::move(r.spec)));
  }
  replies<result<void>> handle_call(terminate_request_of r) {
    return reply_with(all_->terminate_child(r.which));
  }
  replies<result<started_child>> handle_call(restart_request_of r) {
    return reply_with(all_->restart_child(r.which));
  }
  result<void> handle_call(delete_request_of r) { return all_->delete_child(r.which); }
  result<child_spec> handle_call(spec_request_of r) { return all_->get_childspec(r.which); }
  std::vector<child_info> handle_call(which_request /*r*/) { return all_->which_children(); }
  child_counts handle_call(count_request /*r*/) { return all_->count_children(); }
  std::vector<degraded_child> handle_call(degraded_request /*r*/) { return all_->degraded(); }

  template <class R>
  replies<result<R>> reply_with(result<R> r) {
    if (all_->met().empty()) [[likely]]
      return {std::move(r)};
    return {std::move(r), continue_with([this] { return take_met_exits({}); })};
  }
  // After `then`, unless that is the end.
  next take_met_exits(next then);

  pid parent_pid;  // whose EXIT ends the supervisor

 private:
  std::unique_ptr<supervision> all_;
};

next supervisor_server::take_met_exits(next then) {
  while (!then.stops()) {
    auto e = all_->met().take_oldest();
    if (!e) break;
    const bool is_order = !e->from || e->from == parent_pid;  // from no process: the machine stops
    then = is_order ? next::stop(e->reason) : all_->child_ended(*e);
  }
  return then;
}

namespace {

class supervisor_body final : public server_process {
 public:
  supervisor_body(std::unique_ptr<starting> how, tree_function tree, bool is_root)
      : server_process(std::move(how)), tree_(std::move(tree)), is_root_(is_root) {}
  [[nodiscard]] const std::type_info& subject() const override { return typeid(supervisor); }
  void print_state(std::ostream& out) const override {
    if (server_.state() != nullptr) server_.state()->print(out);
  }

 private:
  void* server() override { return &server_; }
  void construct() override { trap_exits(); }
  next init() override {
    server_.parent_pid = parent();
    const result<supervisor> tree = std::exchange(tree_, {})();
    if (!tree) return next::stop(tree.error());
    if (how().name.empty() && !tree->options().name.empty()) {
      how().name = tree->options().name.untyped();
      if (const auto holder = how().name.enter(self())) {
        how().name = {};
        how().ready.fail(exit_reason(already_started{*holder}));
        return next::stop(normal);
      }
    }
    auto failed = server_.start(*tree, is_root_);
    return failed ? next::stop(*std::move(failed)) : server_.take_met_exits({});
  }
  void terminate_server(const exit_reason& why) override {
    if (server_.state() != nullptr) server_.all().stop_all(why);
  }
  bool handle_info(message& m, next& then) override {
    if (const auto* ended = m.get_if<exited>()) {
      then = server_.take_met_exits(server_.all().child_ended(*ended));
    } else if (const auto* again = m.get_if<try_again>()) {
      then = server_.take_met_exits(server_.all().retry(*again));
    } else {
      server_.all().report().unexpected(type_name(m.type()) + " " + to_string(m));
    }
    return true;
  }

  supervisor_server server_;
  tree_function tree_;  // until it has started
  bool is_root_;
};

std::unique_ptr<supervisor_body> body_of(tree_function tree, start_name name, bool linked,
                                         bool gentle, bool is_root = false) {
  auto how = std::make_unique<starting>();
  how->name = std::move(name);
  how->linked = linked;
  how->gentle = gentle;
  return std::make_unique<supervisor_body>(std::move(how), std::move(tree), is_root);
}
tree_function giving(const supervisor& tree) {
  return [tree] { return result<supervisor>(tree); };
}

template <class Q>
constexpr request_type request_to_supervisor{
    {&typeid(Q), &destroy_value<Q>, &print_value<Q>, request_offset<Q>},
    &typeid(supervisor),
    &apply_call<supervisor_server, Q>};

template <class R>
result<R> answer_of(reply r) {
  if (!r) return r.error();
  return std::move(r.value<result<R>>());
}
template <class Q>
reply ask(std::optional<pid> to, Q request) {
  return call(to, box_request(std::move(request), &request_to_supervisor<Q>), infinity);
}

}  // namespace

next apply_start(server_host& host, signal& request) {
  auto& server = *static_cast<supervisor_server*>(host.server());
  return settle<result<started_child>>(
      host, head_of(request),
      server.reply_with(server.all().start_child(*request.type->info, value_of(request))));
}

result<started_child> start_child(std::optional<pid> to, child_spec spec) {
  return answer_of<started_child>(ask(to, start_request_of{std::move(spec)}));
}
result<started_child> send_start(std::optional<pid> to, signal* request) {
  return answer_of<started_child>(call(to, request, infinity));
}
result<started_child> restart_child(std::optional<pid> to, child_key which) {
  return answer_of<started_child>(ask(to, restart_request_of{std::move(which)}));
}
result<void> terminate_child(std::optional<pid> to, child_key which) {
  return answer_of<void>(ask(to, terminate_request_of{std::move(which)}));
}
result<void> delete_child(std::optional<pid> to, child_key which) {
  return answer_of<void>(ask(to, delete_request_of{std::move(which)}));
}
result<child_spec> get_childspec(std::optional<pid> to, child_key which) {
  return answer_of<child_spec>(ask(to, spec_request_of{std::move(which)}));
}
result<std::vector<child_info>> which_children(std::optional<pid> to) {
  auto r = ask(to, which_request{});
  if (!r) return r.error();
  return std::move(r.value<std::vector<child_info>>());
}
result<child_counts> count_children(std::optional<pid> to) {
  auto r = ask(to, count_request{});
  if (!r) return r.error();
  return r.value<child_counts>();
}

result<std::vector<degraded_child>> degraded(std::optional<pid> to) {
  auto r = ask(to, degraded_request{});
  if (!r) return r.error();
  return std::move(r.value<std::vector<degraded_child>>());
}

// ---- as sys sees it -----------------------------------------------------------------------------

namespace {
supervision& supervision_at(const system_access& at) {
  return static_cast<supervisor_server*>(at.server())->all();
}
}  // namespace

result<supervisor> tree_of(std::optional<pid> to, duration limit) {
  return ask_system<supervisor>(
      to, [](const system_access& at) { return supervision_at(at).tree(); }, limit);
}
result<supervisor> change_tree(std::optional<pid> to, tree_change change, bool suspended_only,
                               duration limit) {
  auto changed = ask_system<supervisor>(
      to,
      [change = std::move(change), suspended_only](const system_access& at) -> result<supervisor> {
        if (suspended_only && !at.is_suspended()) return exit_reason(sys::not_suspended);
        supervision& all = supervision_at(at);
        const result<supervisor> wanted = change(all.tree());
        if (wanted) {
          if (const auto done = all.change(*wanted); !done) return done.error();
        } else if (wanted.error() != ignored) {
          return wanted.error();
        }
        return all.tree();
      },
      limit);
  return changed ? *std::move(changed) : result<supervisor>(changed.error());
}

// ---- starts -------------------------------------------------------------------------------------

namespace {
result<pid> start_body(std::unique_ptr<supervisor_body> body) {
  const auto started = start_server(std::move(body), {}, infinity);
  return started ? result<pid>(started->pid) : result<pid>(started.error());
}
}  // namespace

result<pid> start_supervisor(const supervisor& tree, bool gentle) {
  return start_body(body_of(giving(tree), tree.options().name.untyped(), true, gentle));
}
result<pid> start_supervisor(tree_function tree, bool gentle) {
  return start_body(body_of(std::move(tree), {}, true, gentle));
}
result<pid> start_tree(const supervisor& tree) { return start_supervisor(tree, true); }

int run_supervisor(const supervisor& root, const run_options& options) {
  return run_root(body_of(giving(root), root.options().name.untyped(), false, false, true),
                  options);
}

namespace {
child_spec spec_of(child_options<supervisor> options, start_function start,
                   const std::type_info& module, std::shared_ptr<const start_name> held_name) {
  return {.id = options.id.empty() ? "supervisor" : std::move(options.id),
          .start = std::move(start),
          .restart = options.restart,
          .shutdown = options.shutdown,
          .type = child_type::supervisor,
          .significant = options.significant,
          .backoff = options.backoff,
          .module = &module,
          .held_name = std::move(held_name)};
}
}  // namespace

child_spec tree_child(child_options<supervisor> options, tree_function tree,
                      const std::type_info& module) {
  return spec_of(
      std::move(options), [tree = std::move(tree)] { return start_supervisor(tree, true); }, module,
      nullptr);
}
child_spec tree_child(child_options<supervisor> options, supervisor tree) {
  auto held_name = held_by(tree.options().name, options.backoff);
  return spec_of(
      std::move(options), [tree = std::move(tree)] { return start_tree(tree); }, typeid(supervisor),
      std::move(held_name));
}

}  // namespace kin::detail

namespace kin {

result<void> try_check_childspecs(const std::vector<child_spec>& specs,
                                  std::optional<kin::auto_shutdown> mode) {
  if (auto fault = detail::fault_of(specs, mode)) return *std::move(fault);
  return {};
}
void check_childspecs(const std::vector<child_spec>& specs,
                      std::optional<kin::auto_shutdown> mode) {
  detail::value_or_throw(try_check_childspecs(specs, mode), "check_childspecs");
}

}  // namespace kin
