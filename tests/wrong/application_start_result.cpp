// first error: an application's start returns a kin::supervisor, a handle, a pid, or a result of one of these
#include <kin/application.hpp>

const kin::application shop{.name = "shop", .start = [] { return 1; }};
