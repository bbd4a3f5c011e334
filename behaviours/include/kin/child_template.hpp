// SPDX-License-Identifier: Apache-2.0
// The one child of a simple_one_for_one supervisor: a pattern. Each start_child brings what
// differs, and the pattern is written as a function type says it, child from arguments:
//
//   child_template<worker(job)>       start_child(..., job) starts the server worker(fixed..., job)
//   child_template<pid(job)>          ... a process that runs f(job)
//   child_template<supervisor(job)>   ... the tree that f(job) gives
//   child_template<started_child(job)>  whatever f(job) starts, linked to its caller
#pragma once

#include <kin/child_spec.hpp>
#include <kin/export.hpp>

#include <concepts>
#include <memory>
#include <tuple>
#include <type_traits>
#include <typeinfo>
#include <utility>

namespace KIN_PUBLIC kin {

namespace detail {

/// How a child comes of the arguments of start_child. Never changed, and shared by all children.
class child_recipe {
 public:
  child_recipe() = default;
  child_recipe(const child_recipe&) = delete;
  child_recipe& operator=(const child_recipe&) = delete;
  virtual ~child_recipe() = default;
  /// The tuple of what a start takes.
  [[nodiscard]] virtual const std::type_info& arguments() const = 0;
  /// Uses the arguments up.
  virtual result<pid> start(void* arguments, message& info) const = 0;
  /// False: they can only be moved, so that a child cannot be started again.
  [[nodiscard]] virtual bool can_keep() const = 0;
  /// A copy, for restarts.
  [[nodiscard]] virtual std::shared_ptr<const void> keep(const void* arguments) const = 0;
  /// Once more, with what was kept; the info is nobody's.
  virtual result<pid> start_again(const void* kept) const = 0;
};

template <class Make, class... Extra>
class recipe_of final : public child_recipe {
 public:
  using tuple = std::tuple<Extra...>;
  explicit recipe_of(Make make) : make_(std::move(make)) {}
  [[nodiscard]] const std::type_info& arguments() const override { return typeid(tuple); }
  result<pid> start(void* arguments, message& info) const override {
    return made(std::move(*static_cast<tuple*>(arguments)), info);
  }
  [[nodiscard]] bool can_keep() const override { return copyable; }
  [[nodiscard]] std::shared_ptr<const void> keep(
      [[maybe_unused]] const void* arguments) const override {
    if constexpr (copyable)
      return std::make_shared<const tuple>(*static_cast<const tuple*>(arguments));
    return nullptr;
  }
  result<pid> start_again([[maybe_unused]] const void* kept) const override {
    if constexpr (copyable) {
      message info;
      return made(tuple(*static_cast<const tuple*>(kept)), info);
    }
    return exit_reason(badarg);
  }

 private:
  result<pid> made(tuple&& arguments, [[maybe_unused]] message& info) const {
    if constexpr (std::is_invocable_v<const Make&, tuple, message&>) {
      return make_(std::move(arguments), info);
    } else {
      return make_(std::move(arguments));
    }
  }
  static constexpr bool copyable = (std::is_copy_constructible_v<Extra> && ...);
  Make make_;
};

/// Starts the tree, linked to this process; a failed start comes as a result alone.
result<pid> start_tree(const supervisor& tree);

/// What a template makes whose function returns R.
template <class R>
struct made_by_returning : std::type_identity<pid> {};
template <>
struct made_by_returning<supervisor> : std::type_identity<supervisor> {};
template <>
struct made_by_returning<started_child> : std::type_identity<started_child> {};
template <>
struct made_by_returning<result<started_child>> : std::type_identity<started_child> {};

template <class F>
struct signature_of : signature_of<decltype(&F::operator())> {};
template <class R, class... A>
struct signature_of<R (*)(A...)> {
  using type = typename made_by_returning<R>::type(std::remove_cvref_t<A>...);
};
template <class R, class... A>
struct signature_of<R (*)(A...) noexcept> : signature_of<R (*)(A...)> {};
template <class C, class R, class... A>
struct signature_of<R (C::*)(A...)> : signature_of<R (*)(A...)> {};
template <class C, class R, class... A>
struct signature_of<R (C::*)(A...) const> : signature_of<R (*)(A...)> {};
template <class C, class R, class... A>
struct signature_of<R (C::*)(A...) noexcept> : signature_of<R (*)(A...)> {};
template <class C, class R, class... A>
struct signature_of<R (C::*)(A...) const noexcept> : signature_of<R (*)(A...)> {};

template <class Child>
inline constexpr bool made_by_function =
    std::is_same_v<Child, pid> || std::is_same_v<Child, supervisor> ||
    std::is_same_v<Child, started_child>;
template <class Child>
using template_options = child_options<std::conditional_t<
    std::is_same_v<Child, pid> || std::is_same_v<Child, started_child>, void, Child>>;

/// start_child brings `Extra`; what is fixed is copied for each start.
template <class Child, class... Extra>
struct recipes {
  template <class... Fixed>
  static std::shared_ptr<const child_recipe> make(const child_options<Child>& options,
                                                  Fixed... fixed) {
    auto start_one = [how = start_options_of(options),
                      ... fixed = std::move(fixed)](std::tuple<Extra...> extra) -> result<pid> {
      auto started = std::apply(
          [&](Extra&... own) {
            return detail::start<Child>(how, {.linked = true, .gentle = true}, fixed...,
                                        std::move(own)...);
          },
          extra);
      if (!started) return started.error();
      return started->pid;
    };
    return std::make_shared<recipe_of<decltype(start_one), Extra...>>(std::move(start_one));
  }
};
template <class... Extra>
struct recipes<pid, Extra...> {
  template <class F>
  static std::shared_ptr<const child_recipe> make(const child_options<void>& options, F body) {
    auto start_one = [how = spawn_options_of(options),
                      body = std::move(body)](std::tuple<Extra...> extra) -> result<pid> {
      return spawn([body, extra = std::move(
                              extra)]() mutable { return std::apply(body, std::move(extra)); },
                   how)
          .pid;
    };
    return std::make_shared<recipe_of<decltype(start_one), Extra...>>(std::move(start_one));
  }
};
template <class... Extra>
struct recipes<supervisor, Extra...> {
  template <class F>
  static std::shared_ptr<const child_recipe> make(const child_options<supervisor>& /*options*/,
                                                  F tree) {
    auto start_one = [tree = std::move(tree)](std::tuple<Extra...> extra) -> result<pid> {
      return start_tree(std::apply(tree, std::move(extra)));
    };
    return std::make_shared<recipe_of<decltype(start_one), Extra...>>(std::move(start_one));
  }
};

template <class... Extra>
struct recipes<started_child, Extra...> {
  template <class F>
  static std::shared_ptr<const child_recipe> make(const child_options<void>& /*options*/, F start) {
    auto start_one = [start = std::move(start)](std::tuple<Extra...> extra,
                                                message& info) -> result<pid> {
      return without_info(std::apply(start, std::move(extra)), info);
    };
    return std::make_shared<recipe_of<decltype(start_one), Extra...>>(std::move(start_one));
  }
};

template <class Child, class Extras, class... Fixed>
inline constexpr bool can_make = false;
template <class Child, class... Extra, class... Fixed>
inline constexpr bool can_make<Child, std::tuple<Extra...>, Fixed...> =
    std::is_constructible_v<Child, Fixed..., Extra...>;
template <class Child, class... Extra, class F>
requires made_by_function<Child>
inline constexpr bool can_make<Child, std::tuple<Extra...>, F> = std::is_invocable_v<F&, Extra...>;

}  // namespace detail

template <class Signature>
class child_template;

/// The pattern after which a simple_one_for_one supervisor makes its children.
///
/// `fixed` come first and are copied for each start, what start_child brings follows. The latter is
/// kept for restarts, unless the child is temporary: only then may it be something that can only be
/// moved.
template <class Child, class... Extra>
class child_template<Child(Extra...)> {
 public:
  /// child_options of what it makes.
  using options = detail::template_options<Child>;

  /// A pattern about which something is to be said.
  template <class... Fixed>
  explicit child_template(options how, Fixed... fixed) {
    constexpr bool copyable = (std::copy_constructible<Fixed> && ...);
    constexpr bool possible = detail::can_make<Child, std::tuple<Extra...>, Fixed...>;
    static_assert(
        copyable,
        "kin: a template's fixed arguments are used for each child, so they must be copyable");
    static_assert(possible || detail::made_by_function<Child>,
                  "kin: the server has no constructor that takes the fixed arguments and then "
                  "those of start_child");
    static_assert(
        possible || !detail::made_by_function<Child>,
        "kin: this template takes a function that can be called with the arguments of start_child");
    if constexpr (copyable && possible) {
      spec_.id = how.id.empty() ? type_name(typeid(Child)) : how.id;
      spec_.restart = how.restart;
      spec_.shutdown = how.shutdown;
      spec_.significant = how.significant;
      spec_.backoff = how.backoff;
      spec_.module = module_of<Fixed...>();
      spec_.type = std::is_same_v<Child, supervisor> ? child_type::supervisor : child_type::worker;
      recipe_ = detail::recipes<Child, Extra...>::make(how, std::move(fixed)...);
    }
  }
  /// One about which nothing needs to be said.
  template <class... Fixed>
  requires(!std::is_same_v<std::tuple<Fixed...>,
                           std::tuple<child_template>>) explicit child_template(Fixed... fixed)
      : child_template(options{}, std::move(fixed)...) {}

  /// Without a start of its own.
  [[nodiscard]] const child_spec& spec() const { return spec_; }
  [[nodiscard]] const std::shared_ptr<const detail::child_recipe>& recipe() const {
    return recipe_;
  }

 private:
  template <class... Fixed>
  static const std::type_info* module_of() {
    if constexpr (detail::made_by_function<Child>) {
      return (&typeid(Fixed), ...);
    } else {
      return &typeid(Child);
    }
  }

  child_spec spec_;
  std::shared_ptr<const detail::child_recipe> recipe_;
};
template <class F>
child_template(F) -> child_template<typename detail::signature_of<F>::type>;
template <class F>
child_template(child_options<void>, F) -> child_template<typename detail::signature_of<F>::type>;

}  // namespace kin
