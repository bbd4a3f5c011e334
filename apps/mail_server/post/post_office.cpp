// SPDX-License-Identifier: Apache-2.0
#include "post/post_office.hpp"

#include "post/name_server.hpp"

#include <utility>

namespace post {

using namespace kin::literals;

kin::supervisor post_office(unsigned restarts) {
  return {{.name = office, .strategy = kin::one_for_one, .intensity = restarts, .period = 60s},
          kin::child<name_server>({.name = names})};
}

kin::result<kin::server<mailbox>> open_mailbox(const std::string& owner) {
  return kin::try_start_child(
             office, kin::child<mailbox>({.id = owner, .shutdown = kin::brutal_kill}, owner))
      .and_then([](kin::pid box) { return kin::result(kin::server<mailbox>{box}); });
}

kin::result<void> close_mailbox(const std::string& owner) {
  if (auto ended = kin::try_terminate_child(office, owner); !ended) return ended;
  return kin::try_delete_child(office, owner);
}

kin::result<kin::server<mailbox>> find_mailbox(const std::string& owner) {
  return kin::try_call(names, name_server::find{owner}).and_then([](auto found) { return found; });
}

kin::result<void> send_mail(const std::string& to, letter mail) {
  return find_mailbox(to).and_then(
      [&](kin::server<mailbox> box) { return kin::try_call(box, mailbox::put{std::move(mail)}); });
}

kin::result<std::vector<letter>> fetch_mail(const std::string& owner) {
  return find_mailbox(owner).and_then(
      [](kin::server<mailbox> box) { return kin::try_call(box, mailbox::take_all{}); });
}

}  // namespace post
