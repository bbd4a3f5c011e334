// SPDX-License-Identifier: Apache-2.0
// pid, ref and exit_reason, where they need more than a header.
#include <kin/exit_reason.hpp>
#include <kin/link.hpp>
#include <kin/pid.hpp>
#include <kin/print.hpp>
#include <kin/process.hpp>
#include <kin/time.hpp>

#include <array>
#include <cstdlib>
#include <cxxabi.h>
#include <memory>
#include <ostream>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>

namespace kin {

std::ostream& pid::print(std::ostream& out) const {
  if (machine() == detail::pid_access::of_threads) return out << "<thread." << number() << '>';
  return out << '<' << machine() << '.' << number() << '.' << serial() << '>';
}
std::ostream& ref::print(std::ostream& out) const {
  constexpr std::uint64_t of_number = (std::uint64_t{1} << detail::pid_access::machine_shift) - 1;
  return out << "#Ref<" << (number_ >> detail::pid_access::machine_shift) << '.'
             << (number_ & of_number) << '>';
}

namespace {

void replace_all(std::string& text, std::string_view from, std::string_view to) {
  for (auto at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size())) {
    text.replace(at, from.size(), to);
  }
}

}  // namespace

std::string type_name(const std::type_info& type) {
  constexpr std::size_t longest =
      200;  // what a lambda in a template in a template is called helps nobody
  int status = 0;
  const std::unique_ptr<char, decltype(&std::free)> text(
      abi::__cxa_demangle(type.name(), nullptr, nullptr, &status), &std::free);
  if (status != 0) return type.name();
  std::string name = text.get();
  replace_all(name,
              "std::__cxx11::basic_string<char, std::char_traits<char>, std::allocator<char> >",
              "std::string");
  replace_all(name, "std::__cxx11::", "std::");
  replace_all(name, "(anonymous namespace)::", "");
  if (name.size() > longest) name = name.substr(0, longest) + "...";
  return name;
}

std::string detail::written_by(void (*write)(std::ostream& out, const void* of), const void* of) {
  std::ostringstream out;
  write(out, of);
  return std::move(out).str();
}

namespace detail {
void print_duration(std::ostream& out, std::chrono::nanoseconds time) {
  struct unit {
    std::int64_t nanoseconds;
    const char* name;
  };
  static constexpr std::array<unit, 6> units{{{3'600'000'000'000, "h"},
                                              {60'000'000'000, "min"},
                                              {1'000'000'000, "s"},
                                              {1'000'000, "ms"},
                                              {1'000, "us"},
                                              {1, "ns"}}};
  if (time == infinity) {
    out << "infinity";
  } else if (time == time.zero()) {
    out << "0s";
  } else {
    const auto* largest = units.begin();
    while (time.count() % largest->nanoseconds != 0) ++largest;
    out << time.count() / largest->nanoseconds << largest->name;
  }
}
}  // namespace detail

std::ostream& operator<<(std::ostream& out, priority p) {
  static constexpr std::array<const char*, 4> words{"low", "normal", "high", "max"};
  return p.level < words.size() ? out << words[p.level] : out << "no priority";
}

std::ostream& operator<<(std::ostream& out, const down& d) {
  return out << "{DOWN, " << d.ref << ", process, " << d.pid << ", " << d.reason << '}';
}
std::ostream& operator<<(std::ostream& out, const exited& e) {
  return out << "{EXIT, " << e.from << ", " << e.reason << '}';
}

namespace detail {

constinit const atom_rep normal_rep{"normal"};
constinit const atom_rep shutdown_rep{"shutdown"};
constinit const atom_rep kill_rep{"kill"};
constinit const atom_rep killed_rep{"killed"};
constinit const atom_rep noproc_rep{"noproc"};
constinit const atom_rep noconnection_rep{"noconnection"};
constinit const atom_rep timed_out_rep{"timeout"};
constinit const atom_rep calling_self_rep{"calling_self"};
constinit const atom_rep ignored_rep{"ignore"};
constinit const atom_rep dropped_rep{"dropped"};
constinit const atom_rep badarg_rep{"badarg"};
constinit const atom_rep badopt_rep{"badopt"};
constinit const atom_rep system_limit_rep{"system_limit"};
constinit const atom_rep timeout_value_rep{"timeout_value"};
constinit const atom_rep no_request_rep{"no_request"};
constinit const atom_rep no_reply_rep{"no_reply"};
constinit const atom_rep mailbox_full_rep{"mailbox_full"};

void atom_rep::print(std::ostream& out) const { out << text_; }

namespace {

class shutdown_with_rep final : public reason_rep {
 public:
  explicit shutdown_with_rep(exit_reason why)
      : reason_rep(kind::shutdown_with, false), why_(std::move(why)) {}
  bool equals(const reason_rep& other) const override {
    return why_ == static_cast<const shutdown_with_rep&>(other).why_;
  }
  void print(std::ostream& out) const override { out << "{shutdown, " << why_ << '}'; }
  const void* find(const std::type_info& type) const override {
    return reason_access::rep(why_)->find(type);
  }
  const std::exception_ptr* thrown() const override { return reason_access::rep(why_)->thrown(); }

 private:
  void destroy() const override { delete this; }
  exit_reason why_;
};

class error_rep final : public reason_rep {
 public:
  explicit error_rep(std::exception_ptr thrown)
      : reason_rep(kind::error, false), thrown_(std::move(thrown)) {
    try {
      std::rethrow_exception(thrown_);
    } catch (const std::exception& e) {
      type_ = &typeid(e);
      text_ = e.what();
    } catch (...) {
      type_ = abi::__cxa_current_exception_type();
      text_ = "not a std::exception";
    }
  }
  bool equals(const reason_rep& other) const override {
    const auto& theirs = static_cast<const error_rep&>(other);
    return text_ == theirs.text_ &&
           (type_ == theirs.type_ ||
            (type_ != nullptr && theirs.type_ != nullptr && *type_ == *theirs.type_));
  }
  void print(std::ostream& out) const override {
    out << (type_ == nullptr ? "an exception of a foreign language" : type_name(*type_)) << ": "
        << text_;
  }
  const void* find(const std::type_info& /*type*/) const override { return nullptr; }
  const std::exception_ptr* thrown() const override { return &thrown_; }

 private:
  void destroy() const override { delete this; }
  std::exception_ptr thrown_;  // an attachment: never decides equality
  const std::type_info* type_ = nullptr;
  std::string text_;
};

// {Reason, Where} of a call that failed and was not caught.
class failed_call_rep final : public reason_rep {
 public:
  failed_call_rep(exit_reason why, std::string text)
      : reason_rep(kind::failed_call, false), why_(std::move(why)), text_(std::move(text)) {}
  bool equals(const reason_rep& other) const override {
    const auto& theirs = static_cast<const failed_call_rep&>(other);
    return why_ == theirs.why_ && text_ == theirs.text_;
  }
  void print(std::ostream& out) const override { out << '{' << why_ << ", " << text_ << '}'; }
  const void* find(const std::type_info& type) const override {
    return reason_access::rep(why_)->find(type);
  }
  const std::exception_ptr* thrown() const override { return reason_access::rep(why_)->thrown(); }

 private:
  void destroy() const override { delete this; }
  exit_reason why_;
  std::string text_;
};

}  // namespace

exit_reason reason_access::failed_call(const exit_reason& why, std::string text) {
  return adopt(new failed_call_rep(why, std::move(text)));
}

}  // namespace detail

exit_reason::exit_reason(std::string text)
    : rep_(new detail::value_rep<std::string>(std::move(text))) {}

exit_reason exit_reason::error(std::exception_ptr thrown) {
  return detail::reason_access::adopt(new detail::error_rep(std::move(thrown)));
}

exit_reason exit_reason::shutdown_with(const exit_reason& why) {
  return detail::reason_access::adopt(new detail::shutdown_with_rep(why));
}

bool exit_reason::is_orderly() const {
  return *this == normal || *this == shutdown ||
         rep_->what() == detail::reason_rep::kind::shutdown_with;
}

error::error(exit_reason why, const std::string& text)
    : reason_(std::move(why)), what_("kin: " + text) {}

call_failed::call_failed(exit_reason why, std::string where)
    : reason_(std::move(why)), where_(std::move(where)) {
  what_ = "call failed: " + to_string(reason_);
  if (!where_.empty()) what_ += " (" + where_ + ")";
}

std::ostream& operator<<(std::ostream& out, const already_started& s) {
  return out << "{already_started, " << s.pid << '}';
}

}  // namespace kin
