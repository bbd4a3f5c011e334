// SPDX-License-Identifier: Apache-2.0
// first error: from<R>
#include <kin/kin.hpp>

#include <string>

struct take {};
struct queue : kin::gen_server {
  kin::replies<int> handle_call(take, kin::from<std::string>) { return kin::noreply; }
};
inline constexpr kin::name<queue> jobs{"jobs"};
void f() { kin::call(jobs, take{}); }
