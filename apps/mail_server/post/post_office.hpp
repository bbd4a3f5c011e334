// SPDX-License-Identifier: Apache-2.0
// The tree, and what a mailer does: any process that opens mailboxes, sends letters and fetches
// them.
//
//   post_office        one_for_one, 1 restart in 60 s
//     name_server      from the start
//     ada, joe, ...    the mailboxes: called by their owners, added while it runs
#pragma once

#include <kin/kin.hpp>

#include "post/mailbox.hpp"

#include <string>
#include <vector>

namespace post {

inline constexpr kin::name<kin::supervisor> office{"post_office"};

/// `restarts`: how many of its processes may crash within a minute.
kin::supervisor post_office(unsigned restarts = 1);

// Of the following: `owner` is any text, but no mailbox can be called name_server. They wait, and are
// called in a process. Their error is noproc while the server they need is not there.

/// Gives `owner` a mailbox, which is found when its own message has come to the name server.
/// Error  already_started{pid}: there is one.
kin::result<kin::server<mailbox>> open_mailbox(const std::string& owner);
/// Takes it away, with all that is in it.   Error  not_found.
kin::result<void> close_mailbox(const std::string& owner);

/// Where it is.   Error  no_mailbox.
kin::result<kin::server<mailbox>> find_mailbox(const std::string& owner);
/// Puts a letter into the mailbox of `to`.   Error  no_mailbox; or what the mailbox died of.
kin::result<void> send_mail(const std::string& to, letter mail);
/// Takes all that is in the mailbox of `owner`, oldest first.   Error  as send_mail.
kin::result<std::vector<letter>> fetch_mail(const std::string& owner);

}  // namespace post
