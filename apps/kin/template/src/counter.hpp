// A server: requests are structs, the state is its own, and a handler's result is the reply.
#pragma once

#include <kin/kin.hpp>

struct increment {
  int by;
};
struct get {};
struct reset {};

class counter : public kin::gen_server {
 public:
  explicit counter(int start) : count_{start} {}

  int handle_call(increment request) { return count_ += request.by; }
  int handle_call(get) const { return count_; }
  void handle_cast(reset) { count_ = 0; }

 private:
  int count_;
};

/// Where the counter is found, whichever process it is just now.
inline constexpr kin::name<counter> visits{"visits"};
