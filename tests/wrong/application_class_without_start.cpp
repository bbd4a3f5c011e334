// first error: an application's class has a start() that takes nothing
#include <kin/application.hpp>

struct shop_code {};
const kin::application shop{.name = "shop", .start = kin::app::callbacks<shop_code>()};
