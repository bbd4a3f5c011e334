// SPDX-License-Identifier: Apache-2.0
// The process of a supervisor: a server whose requests are those of the API, and whose state is its
// `supervision`.
#include <kin/link.hpp>
#include <kin/message.hpp>
#include <kin/process.hpp>
#include <kin/supervisor.hpp>

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

}  // namespace

// What handles requests. An EXIT that was met while a request waited for a child comes right after
// its reply.
class supervisor_server {
 public:
  supervisor_server(const supervisor& tree, bool is_root) {
    if (auto fault = fault_of(tree)) {
      fault_ = std::move(fault);
    } else {
      all_ = tree.options().strategy == simple_one_for_one ? dynamic_children(tree, is_root)
                                                           : fixed_children(tree, is_root);
    }
  }
  [[nodiscard]] std::optional<exit_reason> start() { return fault_ ? fault_ : all_->start_all(); }
  [[nodiscard]] supervision& all() { return *all_; }
  [[nodiscard]] const supervision* state() const { return all_.get(); }

  replies<result<pid>> handle_call(start_request_of r) {
    return reply_with(all_->start_child(std::move(r.spec)));
  }
  replies<result<void>> handle_call(terminate_request_of r) {
    return reply_with(all_->terminate_child(r.which));
  }
  replies<result<pid>> handle_call(restart_request_of r) {
    return reply_with(all_->restart_child(r.which));
  }
  result<void> handle_call(delete_request_of r) { return all_->delete_child(r.which); }
  result<child_spec> handle_call(spec_request_of r) { return all_->get_childspec(r.which); }
  std::vector<child_info> handle_call(which_request /*r*/) { return all_->which_children(); }
  child_counts handle_call(count_request /*r*/) { return all_->count_children(); }

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
  std::optional<exit_reason> fault_;
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
  supervisor_body(std::unique_ptr<starting> how, const supervisor& tree, bool is_root)
      : server_process(std::move(how)), server_(tree, is_root) {}
  [[nodiscard]] const std::type_info& subject() const override { return typeid(supervisor); }
  void print_state(std::ostream& out) const override {
    if (server_.state() != nullptr) out << server_.state()->options().strategy;
  }

 private:
  void* server() override { return &server_; }
  void construct() override { trap_exits(); }
  next init() override {
    server_.parent_pid = parent();
    auto failed = server_.start();
    return failed ? next::stop(*std::move(failed)) : server_.take_met_exits({});
  }
  void terminate_server(const exit_reason& /*why*/) override { server_.all().stop_all(); }
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
};

std::unique_ptr<supervisor_body> body_of(const supervisor& tree, bool linked, bool gentle,
                                         bool is_root) {
  auto how = std::make_unique<starting>();
  how->name = start_name(tree.options().name.untyped());
  how->linked = linked;
  how->gentle = gentle;
  return std::make_unique<supervisor_body>(std::move(how), tree, is_root);
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
  return settle<result<pid>>(
      host, head_of(request),
      server.reply_with(server.all().start_child(*request.type->info, value_of(request))));
}

result<pid> start_child(std::optional<pid> to, child_spec spec) {
  return answer_of<pid>(ask(to, start_request_of{std::move(spec)}));
}
result<pid> send_start(std::optional<pid> to, signal* request) {
  return answer_of<pid>(call(to, request, infinity));
}
result<pid> restart_child(std::optional<pid> to, child_key which) {
  return answer_of<pid>(ask(to, restart_request_of{std::move(which)}));
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

result<pid> start_supervisor(const supervisor& tree, bool linked, bool gentle) {
  return start_server(body_of(tree, linked, gentle, false), {}, infinity);
}
result<pid> start_tree(const supervisor& tree) { return start_supervisor(tree, true, true); }

int run_supervisor(const supervisor& root, const run_options& options) {
  return run_root(body_of(root, false, false, true), options);
}

child_spec tree_child(child_options<supervisor> options, std::function<supervisor()> tree) {
  return {.id = options.id.empty() ? "supervisor" : std::move(options.id),
          .start = [tree = std::move(tree)] { return start_tree(tree()); },
          .restart = options.restart,
          .shutdown = options.shutdown,
          .type = child_type::supervisor,
          .significant = options.significant};
}

}  // namespace kin::detail
