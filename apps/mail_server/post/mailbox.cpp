// SPDX-License-Identifier: Apache-2.0
#include "post/mailbox.hpp"

#include "post/name_server.hpp"

#include <stdexcept>
#include <utility>

namespace post {

// A cast: a call would have the name server wait for the supervisor, which waits for this start,
// which would wait for the name server. If there is none just now, the next one asks who is here.
mailbox::mailbox(std::string owner) : owner_(std::move(owner)) {
  kin::cast(names, name_server::enter{owner_, {kin::self()}});
}

void mailbox::handle_call(put request) { letters_.push_back(std::move(request.mail)); }

std::vector<letter> mailbox::handle_call(take_all /*request*/) {
  return std::exchange(letters_, {});
}

void mailbox::handle_cast(crash /*message*/) {
  throw std::runtime_error("the mailbox of " + owner_ + " has a hole");
}

std::string mailbox::format_status() const {
  return owner_ + ", with " + std::to_string(letters_.size()) +
         (letters_.size() == 1 ? " letter" : " letters");
}

}  // namespace post
