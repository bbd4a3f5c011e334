// SPDX-License-Identifier: Apache-2.0
// first error: this type cannot be a message: it is a pointer, a view or cannot be moved
#include <kin/kin.hpp>

#include <string>
#include <string_view>

void f(kin::pid to, const std::string& text) { kin::send(to, std::string_view(text)); }
