// first error: an application's start takes nothing, and can be copied
#include <kin/application.hpp>

const kin::application shop{.name = "shop", .start = [](int tills) { return kin::pid{}; }};
