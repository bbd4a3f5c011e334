// SPDX-License-Identifier: Apache-2.0
// What a server is found by from its start on: a registered name, a key of a registry, or nothing.
#pragma once

#include <kin/export.hpp>
#include <kin/pid.hpp>
#include <kin/print.hpp>
#include <kin/registry.hpp>

#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

namespace KIN_PUBLIC kin {
namespace detail {

/// A key of a registry of whatever type.
class held_key {
 public:
  held_key() = default;
  held_key(const held_key&) = delete;
  held_key& operator=(const held_key&) = delete;
  virtual ~held_key() = default;
  [[nodiscard]] virtual std::optional<pid> find() const = 0;
  /// Gives who holds it, if it is taken.
  [[nodiscard]] virtual std::optional<pid> enter(pid p) const = 0;
  virtual void leave() const = 0;
  [[nodiscard]] virtual std::string text() const = 0;
};
template <class Registry>
class held_key_of final : public held_key {
 public:
  explicit held_key_of(via<Registry> v) : via_(std::move(v)) {}
  [[nodiscard]] std::optional<pid> find() const override { return whereis(via_); }
  [[nodiscard]] std::optional<pid> enter(pid p) const override {
    return via_.in().enter(via_.key(), p);
  }
  void leave() const override { via_.in().leave(via_.key()); }
  [[nodiscard]] std::string text() const override {
    using key = typename Registry::key_type;
    if constexpr (std::is_convertible_v<const key&, std::string>) {
      return via_.key();
    } else {
      return to_string(via_.key());
    }
  }

 private:
  via<Registry> via_;
};

/// A name, a key, or nothing, without its server's type.
class start_name {
 public:
  start_name() = default;
  explicit start_name(const name_text& name) : name_(name) {}
  explicit start_name(std::shared_ptr<const held_key> key) : key_(std::move(key)) {}

  [[nodiscard]] bool empty() const { return key_ == nullptr && name_.text.empty(); }
  [[nodiscard]] bool is_key() const { return key_ != nullptr; }
  /// Only when there is one, as all that follow.
  [[nodiscard]] std::string text() const {
    return key_ != nullptr ? key_->text() : std::string(name_.text);
  }
  [[nodiscard]] std::optional<pid> find() const {
    return key_ != nullptr ? key_->find() : find_name(name_);
  }
  /// Gives who holds it, if it is taken.
  [[nodiscard]] std::optional<pid> enter(pid p) const {
    return key_ != nullptr ? key_->enter(p) : enter_name(name_, p);
  }
  void leave() const { key_ != nullptr ? key_->leave() : unregister_name(name<void>(name_.text)); }

 private:
  name_text name_;
  std::shared_ptr<const held_key> key_;  // or null
};

}  // namespace detail

/// What a server starts with as its name: `.name = visits`, or `.name = sessions[42]`.
template <class Server>
class server_name {
 public:
  /// None.
  server_name() = default;
  /// A registered name.
  template <class S>
  server_name(const name<S>& n) : name_(n.untyped()) {  // NOLINT(google-explicit-constructor)
    static_assert(std::is_same_v<S, Server>, "kin: this is the name of another server");
  }
  /// A key of a registry, which must outlive all that starts with it.
  template <class Registry>
  server_name(via<Registry> key)  // NOLINT(google-explicit-constructor)
      : name_(std::make_shared<const detail::held_key_of<Registry>>(std::move(key))) {
    static_assert(std::is_same_v<typename Registry::server_type, Server>,
                  "kin: this is a key of a registry for another server");
  }

  /// Whether there is one.
  explicit operator bool() const { return !name_.empty(); }
  /// As people read it.
  [[nodiscard]] std::string text() const { return name_.text(); }
  [[nodiscard]] const detail::start_name& untyped() const { return name_; }

 private:
  detail::start_name name_;
};

}  // namespace kin
