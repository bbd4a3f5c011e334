// SPDX-License-Identifier: Apache-2.0
// The name server: whose mailbox is where.
//
// A mailbox enters itself, and the name server monitors it: one that crashes or is killed cannot
// say that it leaves. A name server that starts anew asks the supervisor who is there, so its own
// crash loses nothing. (Where a program needs just this, kin::registry does it.)
#pragma once

#include <kin/kin.hpp>

#include "post/mailbox.hpp"

#include <iosfwd>
#include <map>
#include <string>
#include <vector>

namespace post {

/// Why there is no mailbox to be given: that owner has none.
struct no_mailbox {
  std::string owner;
  friend bool operator==(const no_mailbox&, const no_mailbox&) = default;
};
/// `{no_mailbox, ada}`.
std::ostream& operator<<(std::ostream& out, const no_mailbox& none);

class name_server : public kin::gen_server {
 public:
  kin::next init();

  struct enter {
    std::string owner;
    kin::server<mailbox> box;
  };
  struct find {
    std::string owner;
  };
  struct list {};
  struct crash {};

  void handle_cast(enter message);
  kin::result<kin::server<mailbox>> handle_call(find request) const;
  /// The owners, in the order of their names.
  std::vector<std::string> handle_call(list request) const;
  void handle_cast(crash message);
  auto handle_info() {
    return kin::clauses{[this](const kin::down& end) { forget(end.ref); }};
  }
  /// What a crash report shows of it: the owners.
  [[nodiscard]] std::vector<std::string> format_status() const { return handle_call(list{}); }

 private:
  struct entry {
    kin::server<mailbox> box;
    kin::ref watch;
  };
  void forget(kin::ref watch);

  std::map<std::string, entry> boxes_;
};
inline constexpr kin::name<name_server> names{"name_server"};

}  // namespace post
