// first error: the caller waits for another type: the R of from<R>
#include <kin/kin.hpp>

#include <string>
#include <utility>

void f(kin::from<int> caller) { kin::reply(std::move(caller), std::string("text")); }
