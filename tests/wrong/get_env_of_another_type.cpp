// first error: a setting is a bool, a number, a std::string, a std::vector or a std::map
#include <kin/application.hpp>

struct port {};
const auto p = kin::app::get_env<port>("shop", "port");
