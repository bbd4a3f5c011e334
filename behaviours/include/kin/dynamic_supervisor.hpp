// SPDX-License-Identifier: Apache-2.0
// A supervisor of children that come and go, each of a kind of its own: Elixir's DynamicSupervisor.
//
//   inline constexpr kin::name<kin::dynamic_supervisor> sessions{"sessions"};
//   kin::supervisor{{}, kin::dynamic_supervisor{{.name = sessions, .max_children = 1000}}}
//   kin::start_child(sessions, kin::child<session>({.restart = kin::temporary}, socket));
//
// What simple_one_for_one does for one kind of child, it does for any: children have no order, are
// known by pid, each is started again alone, and all are ended at once, each within its own time.
// Ids are for people: many children may have the same.
#pragma once

#include <kin/export.hpp>
#include <kin/supervisor.hpp>

#include <chrono>
#include <concepts>
#include <cstddef>
#include <limits>
#include <memory>
#include <optional>
#include <tuple>
#include <type_traits>
#include <typeinfo>
#include <utility>

namespace KIN_PUBLIC kin {

/// How a dynamic_supervisor works; every field may be left out.
struct dynamic_options {
  supervisor_name name = {};  ///< registered before its start is over
  /// More restarts than this within `period`, and it gives up.
  unsigned intensity = 3;
  duration period = std::chrono::seconds(5);  ///< over which restarts are counted
  /// Of more, start_child says max_children; those that are being restarted count.
  std::size_t max_children = std::numeric_limits<std::size_t>::max();
};

namespace detail {
/// What a dynamic_supervisor has for its children.
struct dynamic_shape {
  std::size_t max_children = 0;
  const std::type_info* extra_type = nullptr;  // null: none
  std::shared_ptr<const void> extra = {};
};
class dynamic_kind final : public supervision_kind {
 public:
  explicit dynamic_kind(dynamic_shape shape) : shape_(std::move(shape)) {}
  [[nodiscard]] std::unique_ptr<supervision> make(const supervisor& tree,
                                                  bool is_root) const override;
  [[nodiscard]] std::optional<exit_reason> fault(const supervisor& tree) const override;
  [[nodiscard]] const dynamic_shape& shape() const { return shape_; }

 private:
  dynamic_shape shape_;
};
exit_reason has_no_extra(const std::type_info& wanted);
}  // namespace detail

/// See above. To a running one: start_child with a child_spec or a tree; terminate_child and
/// get_childspec by pid; which_children, count_children, degraded. No child may be significant, and
/// restart_child and delete_child say badcall: who does not run is not kept.
///
/// start_child says `ignored` by no pid, and then nothing is kept.
class dynamic_supervisor : public supervisor {
 public:
  /// Without arguments that all children have.
  dynamic_supervisor(dynamic_options options)  // NOLINT(google-explicit-constructor)
      : dynamic_supervisor(std::move(options), nullptr, nullptr) {}

 protected:
  /// With them, of that type.
  dynamic_supervisor(dynamic_options options, const std::type_info* extra_type,
                     std::shared_ptr<const void> extra)
      : supervisor(supervisor_options{.name = std::move(options.name),
                                      .intensity = options.intensity,
                                      .period = options.period}) {
    detail::supervision_kind::put(
        *this, std::make_shared<const detail::dynamic_kind>(
                   detail::dynamic_shape{options.max_children, extra_type, std::move(extra)}));
  }
};

/// One that has arguments for its children: each kin::extended_child is made of these, and then of
/// its own. Elixir's extra_arguments.
///
///   inline constexpr kin::name<kin::dynamic_supervisor_with<config>> sessions{"sessions"};
///   kin::dynamic_supervisor_with{{.name = sessions}, config{...}}
///   kin::start_child(sessions, kin::extended_child<session>(socket));    session(config, socket)
template <class... Extra>
class dynamic_supervisor_with : public dynamic_supervisor {
  static_assert((std::copy_constructible<Extra> && ...),
                "kin: extra arguments are used for each child, so they must be copyable");

 public:
  /// `extra` comes first among the arguments of each child.
  dynamic_supervisor_with(dynamic_options options, Extra... extra)
      : dynamic_supervisor(std::move(options), &typeid(std::tuple<Extra...>),
                           std::make_shared<const std::tuple<Extra...>>(std::move(extra)...)) {}
};
template <class... Extra>
dynamic_supervisor_with(dynamic_options, Extra...) -> dynamic_supervisor_with<Extra...>;

/// A child for a dynamic_supervisor_with: made by extended_child.
template <class Server, class... A>
struct extended {
  child_options<Server> options;  ///< as given
  std::tuple<A...> own;           ///< what follows the extra arguments
};
/// A child that is a server made of the extra arguments of its dynamic_supervisor_with, and then of
/// these.
template <class Server, class... A>
[[nodiscard]] extended<Server, A...> extended_child(child_options<Server> options, A... own) {
  return {std::move(options), std::tuple<A...>(std::move(own)...)};
}
/// The same where nothing needs to be said.
template <class Server, class... A>
[[nodiscard]] extended<Server, A...> extended_child(A... own) {
  return {{}, std::tuple<A...>(std::move(own)...)};
}

namespace detail {

template <class... Extra, class Server, class... A>
struct spec_for<dynamic_supervisor_with<Extra...>, extended<Server, A...>> : std::true_type {
  static child_spec make(extended<Server, A...> child) {
    constexpr bool possible = std::constructible_from<Server, Extra..., A...>;
    constexpr bool copyable = (std::copy_constructible<A> && ...);
    static_assert(possible,
                  "kin: the server has no constructor that takes the supervisor's extra arguments "
                  "and then these");
    static_assert(
        copyable,
        "kin: a child's arguments are used again at each restart, so they must be copyable");
    child_spec spec;
    if constexpr (possible && copyable) {
      spec.id = child.options.id.empty() ? type_name(typeid(Server)) : child.options.id;
      spec.start = [how = start_options_of(child.options),
                    own = std::move(child.own)](start_context& with) -> result<pid> {
        using extra = std::tuple<Extra...>;
        if (with.extra_type == nullptr || !same_type(*with.extra_type, typeid(extra)))
          return has_no_extra(typeid(extra));
        auto started = std::apply(
            [&](const auto&... all) {
              return detail::start<Server>(how, {.linked = true, .gentle = true}, all...);
            },
            std::tuple_cat(*static_cast<const extra*>(with.extra), own));
        if (!started) return started.error();
        return started->pid;
      };
      spec.restart = child.options.restart;
      spec.shutdown = child.options.shutdown;
      spec.significant = child.options.significant;
      spec.backoff = child.options.backoff;
      spec.module = &typeid(Server);
      spec.held_name = held_by(child.options.name, child.options.backoff);
    }
    return spec;
  }
};
template <class S, class Server, class... A>
struct spec_for<S, extended<Server, A...>> : std::true_type {
  static child_spec make(const extended<Server, A...>& /*child*/) {
    static_assert(!std::is_same_v<S, S>,
                  "kin: an extended_child is started by the typed name or handle of a "
                  "dynamic_supervisor_with");
    return {};
  }
};

}  // namespace detail
}  // namespace kin
