// first error: what handle_call returns cannot be a reply: it is a pointer, a view or cannot be moved
#include <kin/kin.hpp>

#include <string>
#include <string_view>

struct get {};
struct store : kin::gen_server {
  std::string_view handle_call(get) { return text; }
  std::string text;
};
auto f(kin::server<store> s) { return kin::call(s, get{}); }
