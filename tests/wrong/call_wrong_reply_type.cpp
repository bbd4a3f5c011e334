// SPDX-License-Identifier: Apache-2.0
// first error: conversion
#include <kin/kin.hpp>

#include <string>

struct get {};
struct counter : kin::gen_server {
  int handle_call(get) { return 1; }
};
inline constexpr kin::name<counter> visits{"visits"};
void f() { std::string text = kin::call(visits, get{}); }
