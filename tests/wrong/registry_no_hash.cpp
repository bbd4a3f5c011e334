// first error: the keys of a registry need a hash: std::hash<Key>, or one of your own as the third argument
#include <kin/kin.hpp>

struct seat {
  int row = 0;
};
kin::registry<seat> seats;
