// SPDX-License-Identifier: Apache-2.0
// The letters of one owner. When it starts it tells the name server, and says no good-bye: it may
// be killed at any time, so who wants to know of its end monitors it.
#pragma once

#include <kin/kin.hpp>

#include <string>
#include <vector>

namespace post {

struct letter {
  std::string from;
  std::string text;
  friend bool operator==(const letter&, const letter&) = default;
};

class mailbox : public kin::gen_server {
 public:
  explicit mailbox(std::string owner);

  struct put {
    letter mail;
  };
  struct take_all {};
  struct crash {};

  void handle_call(put request);
  std::vector<letter> handle_call(take_all request);
  void handle_cast(crash message);

  /// What a crash report shows of it: how much is lost.
  [[nodiscard]] std::string format_status() const;

 private:
  std::string owner_;
  std::vector<letter> letters_;
};

}  // namespace post
