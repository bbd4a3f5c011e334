// SPDX-License-Identifier: Apache-2.0
// first error: deleted
#include <kin/kin.hpp>

#include <string>

kin::name<> f(const std::string& text) { return kin::name<>(text); }
