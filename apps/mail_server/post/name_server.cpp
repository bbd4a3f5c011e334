// SPDX-License-Identifier: Apache-2.0
#include "post/name_server.hpp"

#include "post/post_office.hpp"

#include <ostream>
#include <stdexcept>
#include <utility>

namespace post {

std::ostream& operator<<(std::ostream& out, const no_mailbox& none) {
  return out << "{no_mailbox, " << none.owner << '}';
}

// Only when this start is over does the supervisor answer; calls to this server wait until then.
kin::next name_server::init() {
  return kin::continue_with([this] {
    for (const kin::child_info& child : kin::which_children(office)) {
      if (child.id != names.text() && child.pid) handle_cast(enter{child.id, {child.pid}});
    }
  });
}

// An owner has one living mailbox, so the one that is known and lives is it: the message of
// another is late, and that one dead.
void name_server::handle_cast(enter message) {
  entry& known = boxes_[message.owner];
  if (known.box.pid && kin::is_alive(known.box)) return;
  known = {message.box, kin::monitor(message.box)};
}

kin::result<kin::server<mailbox>> name_server::handle_call(find request) const {
  const auto found = boxes_.find(request.owner);
  if (found == boxes_.end()) return kin::exit_reason(no_mailbox{std::move(request.owner)});
  return found->second.box;
}

std::vector<std::string> name_server::handle_call(list /*request*/) const {
  std::vector<std::string> owners;
  for (const auto& [owner, known] : boxes_) owners.push_back(owner);
  return owners;
}

void name_server::handle_cast(crash /*message*/) {
  throw std::runtime_error("the name server has lost its list");
}

// By its monitor: that of a predecessor finds nothing.
void name_server::forget(kin::ref watch) {
  std::erase_if(boxes_, [watch](const auto& named) { return named.second.watch == watch; });
}

}  // namespace post
