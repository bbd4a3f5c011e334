// first error: a registry keeps its keys, so they own what they mean: no pointer, no view
#include <kin/kin.hpp>

#include <string_view>

kin::registry<std::string_view> seats;
