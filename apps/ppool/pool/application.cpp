// SPDX-License-Identifier: Apache-2.0
#include "pool/application.hpp"

#include "pool/tree.hpp"

namespace ppool {

const kin::application application{
    .name = "ppool",
    .description = "lends a bounded number of worker processes, and queues what does not fit",
    .vsn = "0.1.0",
    .registered = {"ppool"},
    .start = [] { return pools(); },
};

}  // namespace ppool
