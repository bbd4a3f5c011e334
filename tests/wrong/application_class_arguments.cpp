// first error: the application's class has no constructor that takes copies of these arguments
#include <kin/application.hpp>

struct shop_code {
  explicit shop_code(int tills);
  kin::pid start();
};
const kin::application shop{.name = "shop", .start = kin::app::callbacks<shop_code>("four")};
