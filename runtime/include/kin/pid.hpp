// SPDX-License-Identifier: Apache-2.0
// Two small values that name things: a process, and a reference. Both are unique among the machines
// of a program that live at the same time.
#pragma once

#include <kin/export.hpp>

#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <iosfwd>

namespace KIN_PUBLIC kin {

namespace detail {
struct pid_access;
struct ref_access;
}  // namespace detail

/// The name of a process; never its owner. Safe to keep and to use after the process, even the
/// machine, has gone: what is sent there is then dropped, as in Erlang.
///
/// Two pids are equal when they name the same process. Order, hash and print follow the order in
/// which the machine made its processes, so they are the same in every replay. Of two machines that
/// live at the same time no two pids are equal; a machine that comes later may use the place, and
/// the pids, of one that has gone.
class pid {
 public:
  /// Names no process.
  constexpr pid() = default;

  /// Which process of its machine, counted from 1.
  [[nodiscard]] constexpr std::uint32_t number() const { return static_cast<std::uint32_t>(id_); }
  /// How often `number` has gone round.
  [[nodiscard]] constexpr std::uint32_t serial() const {
    return static_cast<std::uint32_t>(id_ >> 32) & 0xffff;
  }
  /// Which machine of the program it is of: 0 where there is one. 65535: a thread that has called.
  [[nodiscard]] constexpr std::uint32_t machine() const {
    return static_cast<std::uint32_t>(id_ >> 48);
  }

  /// False for a default pid only; says nothing about life.
  constexpr explicit operator bool() const { return id_ != 0; }

  friend constexpr bool operator==(pid a, pid b) { return a.id_ == b.id_; }
  friend constexpr auto operator<=>(pid a, pid b) { return a.id_ <=> b.id_; }
  /// As Erlang prints it: `<0.83.0>`, machine, number, serial; a thread as `<thread.7>`.
  friend std::ostream& operator<<(std::ostream& out, pid p) { return p.print(out); }

 private:
  std::ostream& print(std::ostream& out) const;
  friend struct detail::pid_access;
  std::uint64_t hint_ = 0;  // where its control block is, and 16 bits that tell a reused block
  std::uint64_t id_ = 0;    // 16 bits machine, 16 serial, 32 number
};

/// A value that is made once: the name of a monitor, a timer, or of whatever a program wants to
/// tell apart.
class ref {
 public:
  /// Equal to no made reference.
  constexpr ref() = default;

  /// False for a default reference only.
  constexpr explicit operator bool() const { return number_ != 0; }
  friend constexpr bool operator==(ref a, ref b) { return a.number_ == b.number_; }
  friend constexpr auto operator<=>(ref a, ref b) { return a.number_ <=> b.number_; }
  /// As Erlang prints it: `#Ref<0.7>`, machine and number.
  friend std::ostream& operator<<(std::ostream& out, ref r) { return r.print(out); }

 private:
  std::ostream& print(std::ostream& out) const;
  friend struct detail::ref_access;
  std::uint64_t hint_ = 0;  // of a timer: where its entry is
  std::uint64_t number_ = 0;
};

namespace detail {
/// What kin's own code may know of a pid.
struct pid_access {
  static constexpr pid make(std::uint64_t hint, std::uint64_t id) {
    pid p;
    p.hint_ = hint;
    p.id_ = id;
    return p;
  }
  static constexpr std::uint64_t hint(pid p) { return p.hint_; }
  static constexpr std::uint64_t id(pid p) { return p.id_; }
  /// What stands for the machine in the pid of a thread.
  static constexpr std::uint64_t of_threads = 0xffff;
  static constexpr unsigned machine_shift = 48;
};

/// What kin's own code may know of a ref.
struct ref_access {
  static constexpr ref make(std::uint64_t number, std::uint64_t hint = 0) {
    ref r;
    r.number_ = number;
    r.hint_ = hint;
    return r;
  }
  static constexpr std::uint64_t number(ref r) { return r.number_; }
  static constexpr std::uint64_t hint(ref r) { return r.hint_; }
};
}  // namespace detail
}  // namespace kin

template <>
struct std::hash<kin::pid> {
  std::size_t operator()(kin::pid p) const noexcept { return kin::detail::pid_access::id(p); }
};
template <>
struct std::hash<kin::ref> {
  std::size_t operator()(kin::ref r) const noexcept { return kin::detail::ref_access::number(r); }
};
