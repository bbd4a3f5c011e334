// SPDX-License-Identifier: Apache-2.0
// A tree of processes as a value: which children, in which order, and what to do when one dies.
#pragma once

#include <kin/child_spec.hpp>
#include <kin/child_template.hpp>
#include <kin/export.hpp>
#include <kin/registry.hpp>
#include <kin/result.hpp>
#include <kin/server_name.hpp>
#include <kin/time.hpp>

#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <iosfwd>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <type_traits>
#include <typeinfo>
#include <utility>
#include <vector>

namespace KIN_PUBLIC kin {

/// Who is started again when one child has died: it alone; all; it and those that were started
/// after it. Or: all children are made from one child_template, and started with start_child.
enum class strategy : unsigned char { one_for_one, one_for_all, rest_for_one, simple_one_for_one };
using enum strategy;
std::ostream& operator<<(std::ostream& out, strategy s);

/// Whether the supervisor ends when a significant child has gone by itself and is not started
/// again.
enum class auto_shutdown : unsigned char { never, any_significant, all_significant };
using auto_shutdown::all_significant;
using auto_shutdown::any_significant;
std::ostream& operator<<(std::ostream& out, auto_shutdown a);

/// The name of a supervisor: `kin::name<kin::supervisor>`, or a `name<supervisor_of<...>>`; or a key
/// of a registry for supervisors.
class supervisor_name {
 public:
  supervisor_name() = default;
  /// Of a name of any kind of supervisor.
  template <class S>
  supervisor_name(name<S> n) : name_(n.untyped()) {  // NOLINT(google-explicit-constructor): it is
    static_assert(std::derived_from<S, supervisor>, "kin: this is not the name of a supervisor");
  }
  /// A key of a registry, which must outlive all that starts with it.
  template <class Registry>
  supervisor_name(via<Registry> key)  // NOLINT(google-explicit-constructor)
      : name_(std::make_shared<const detail::held_key_of<Registry>>(std::move(key))) {
    static_assert(std::is_base_of_v<supervisor, typename Registry::server_type>,
                  "kin: this is a key of a registry that is not for supervisors");
  }
  [[nodiscard]] const detail::start_name& untyped() const { return name_; }
  /// Whether there is none.
  [[nodiscard]] bool empty() const { return name_.empty(); }
  /// As people read it; empty: none.
  [[nodiscard]] std::string text() const { return name_.empty() ? std::string() : name_.text(); }

 private:
  detail::start_name name_;
};

/// How a supervisor works; every field may be left out.
struct supervisor_options {
  supervisor_name name = {};             ///< registered before the first child starts
  kin::strategy strategy = one_for_one;  ///< who is started again with the one that died
  /// More restarts than this within `period`, and it gives up: ends its children and itself, with
  /// `shutdown`.
  unsigned intensity = 1;
  duration period = std::chrono::seconds(5);  ///< over which restarts are counted
  /// Of a simple_one_for_one supervisor: so many at once, those that are restarting included; one
  /// more start_child gives kin::max_children.
  std::size_t max_children = SIZE_MAX;
  /// Whether it ends with its significant children.
  kin::auto_shutdown auto_shutdown = auto_shutdown::never;
};

namespace detail {
class supervision;
/// What a supervisor of another kind does: a bridge, a dynamic_supervisor. Never changed.
class supervision_kind {
 public:
  supervision_kind() = default;
  supervision_kind(const supervision_kind&) = delete;
  supervision_kind& operator=(const supervision_kind&) = delete;
  virtual ~supervision_kind() = default;
  [[nodiscard]] virtual std::unique_ptr<supervision> make(const supervisor& tree,
                                                          bool is_root) const = 0;
  /// Why it cannot be.
  [[nodiscard]] virtual std::optional<exit_reason> fault(const supervisor& tree) const = 0;

  static void put(supervisor& tree, std::shared_ptr<const supervision_kind> kind);
  static void put(supervisor& tree, std::shared_ptr<const child_recipe> recipe);
  static void rename(supervisor& tree, supervisor_name name);
  static const supervision_kind* of(const supervisor& tree);
};
}  // namespace detail

/// A tree of processes, as a value. Children start in the order written, each when the one before
/// it is up, and end in reverse.
class supervisor {
 public:
  /// `children`: child(...), child_process(...), other supervisors; or one child_template.
  template <class... Children>
  supervisor(supervisor_options options,
             Children... children);  // NOLINT(google-explicit-constructor): f() returns {...}
  /// Children whose number is known at run time only.
  supervisor(supervisor_options options, std::vector<child_spec> children)
      : options_(std::move(options)), children_(std::move(children)) {}

  /// As given.
  [[nodiscard]] const supervisor_options& options() const { return options_; }
  /// In the order in which they start; of simple_one_for_one the template's alone.
  [[nodiscard]] const std::vector<child_spec>& children() const { return children_; }
  /// Of a simple_one_for_one supervisor; else null.
  [[nodiscard]] const std::shared_ptr<const detail::child_recipe>& recipe() const {
    return recipe_;
  }

 private:
  friend class detail::supervision_kind;
  template <class T>
  void add(T one);

  supervisor_options options_;
  std::vector<child_spec> children_;
  std::shared_ptr<const detail::child_recipe> recipe_;
  std::shared_ptr<const detail::supervision_kind> kind_;
};

/// A simple_one_for_one supervisor whose handles and names know what start_child takes and gives:
///
///   inline constexpr kin::name<kin::supervisor_of<worker(job)>> workers{"workers"};
///   kin::supervisor_of<worker(job)> crew{
///       {.name = workers}, kin::child_template<worker(job)>({.restart = kin::temporary}, 8)};
///   kin::server<worker> one = kin::start_child(workers, job{...});
template <class Signature>
class supervisor_of;
/// See above: the signature is that of the child_template.
template <class Child, class... Extra>
class supervisor_of<Child(Extra...)> : public supervisor {
 public:
  /// What start_child returns.
  using child = std::conditional_t<detail::made_by_function<Child>, pid, server<Child>>;
  /// What start_child takes.
  using arguments = std::tuple<Extra...>;
  /// Whatever `options` say, the strategy is simple_one_for_one.
  supervisor_of(supervisor_options options, child_template<Child(Extra...)> pattern)  // NOLINT
      : supervisor((options.strategy = simple_one_for_one, options), std::move(pattern)) {}
};

namespace detail {
inline void supervision_kind::put(supervisor& tree, std::shared_ptr<const supervision_kind> kind) {
  tree.kind_ = std::move(kind);
}
inline void supervision_kind::put(supervisor& tree, std::shared_ptr<const child_recipe> recipe) {
  tree.recipe_ = std::move(recipe);
}
inline void supervision_kind::rename(supervisor& tree, supervisor_name name) {
  tree.options_.name = std::move(name);
}
inline const supervision_kind* supervision_kind::of(const supervisor& tree) {
  return tree.kind_.get();
}

/// What a supervisor runs at its start: its tree, or the reason it has none.
using tree_function = std::function<result<supervisor>()>;
child_spec tree_child(child_options<supervisor> options, tree_function tree,
                      const std::type_info& module);
child_spec tree_child(child_options<supervisor> options, supervisor tree);
template <class F>
concept gives_tree = std::convertible_to<std::invoke_result_t<F&>, supervisor> ||
    std::same_as<std::invoke_result_t<F&>, result<supervisor>>;
template <class F>
concept tree_source = std::derived_from<F, supervisor> ||(std::invocable<F&>&& gives_tree<F>);
}  // namespace detail

/// A child that is a tree: a supervisor, or a function that gives one, or a result of one. The
/// function runs at each start, in the process of the new supervisor, so that a restarted tree has
/// fresh arguments. A reason instead of a tree is why it does not start; `ignored`: there is nothing
/// to do, and that is well.
template <detail::tree_source Tree>
[[nodiscard]] child_spec child(child_options<supervisor> options, Tree tree) {
  if constexpr (std::derived_from<Tree, supervisor>) {
    if (options.id.empty()) options.id = tree.options().name.text();
    return detail::tree_child(std::move(options), supervisor(std::move(tree)));
  } else {
    return detail::tree_child(
        std::move(options),
        [tree = std::move(tree)]() mutable { return result<supervisor>(tree()); }, typeid(Tree));
  }
}
/// The same where nothing needs to be said.
template <detail::tree_source Tree>
[[nodiscard]] child_spec child(Tree tree) {
  return child(child_options<supervisor>{}, std::move(tree));
}

// -------------------------------------------------------------------------------------------------

namespace detail {
template <class>
inline constexpr bool is_template = false;
template <class Signature>
inline constexpr bool is_template<child_template<Signature>> = true;
}  // namespace detail

template <class T>
void supervisor::add(T one) {
  if constexpr (std::is_same_v<T, child_spec>) {
    children_.push_back(std::move(one));
  } else if constexpr (detail::is_template<T>) {
    children_.push_back(one.spec());
    recipe_ = one.recipe();
  } else {
    static_assert(detail::tree_source<T>,
                  "kin: a supervisor's children are kin::child(...), kin::child_process(...), "
                  "supervisors, or one "
                  "kin::child_template");
    if constexpr (detail::tree_source<T>) children_.push_back(kin::child(std::move(one)));
  }
}

template <class... Children>
supervisor::supervisor(supervisor_options options, Children... children)
    : options_(std::move(options)) {
  children_.reserve(sizeof...(Children));
  (add(std::move(children)), ...);
}

}  // namespace kin
