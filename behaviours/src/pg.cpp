// SPDX-License-Identifier: Apache-2.0
#include <kin/pg.hpp>

namespace kin::detail {

constinit const atom_rep not_joined_rep{"not_joined"};

void pg_does_not_know(const message& m) {
  throw error(badarg, "pg: a scope does not expect " + type_name(m.type()) + " " + to_string(m));
}

}  // namespace kin::detail
