// first error: handle_call's from<R> and the type it replies differ
#include <kin/gen_statem.hpp>

struct closed {};
struct open {};
struct push {};
struct door : kin::gen_statem<door, closed, open> {
  replies<int> handle_call(closed& /*now*/, push /*q*/, kin::from<bool> /*caller*/) {
    return kin::noreply;
  }
};
int f() { return kin::call(kin::start<door>(), push{}); }
