// SPDX-License-Identifier: Apache-2.0
// The filters that come with the logger, and how a row of them decides.
#include "logger_filter.hpp"

#include <utility>

namespace kin::logger {

bool detail::is_within(std::string_view domain, std::string_view of) {
  return domain.starts_with(of) &&
         (domain.size() == of.size() || of.empty() || domain[of.size()] == '.');
}

filter domain_filter(verdict then, compare how, std::string domain) {
  return [then, how, of = std::move(domain)](const event& e) {
    const std::string& is = e.meta.domain;
    const bool has = !is.empty();
    bool such = false;
    switch (how) {
      case compare::equal:
        such = is == of;
        break;
      case compare::not_equal:
        such = is != of;
        break;
      case compare::super:
        such = has && detail::is_within(is, of);
        break;
      case compare::sub:
        such = has && detail::is_within(of, is);
        break;
      case compare::undefined:
        such = !has;
        break;
      case compare::at_least:
      case compare::at_most:
        break;
    }
    return such ? then : verdict::ignore;
  };
}

filter level_filter(verdict then, compare how, level of) {
  return [then, how, of](const event& e) {
    const bool such = how == compare::at_least    ? e.level <= of
                      : how == compare::at_most   ? e.level >= of
                      : how == compare::not_equal ? e.level != of
                                                  : e.level == of;
    return such ? then : verdict::ignore;
  };
}

filter progress_filter(verdict then) {
  return [then](const event& e) {
    const auto* said = std::get_if<report>(&e.msg);
    const bool is_one = said != nullptr && (said->label == "supervisor progress" ||
                                            said->label == "application_controller progress");
    return is_one ? then : verdict::ignore;
  };
}

bool detail::passes(const std::vector<named_filter>& filters, verdict otherwise, event& e,
                    const std::function<void(const named_filter&, const exit_reason&)>& failed) {
  bool said_yes = false;
  for (const named_filter& one : filters) {
    verdict says = verdict::ignore;
    event changed = e;
    if (const auto why = failure_of([&] { says = one.use(changed); })) {
      failed(one, *why);
      continue;
    }
    if (says == verdict::stop) return false;
    if (says == verdict::log) {
      e = std::move(changed);
      said_yes = true;
    }
  }
  return said_yes || otherwise != verdict::stop;
}

}  // namespace kin::logger
