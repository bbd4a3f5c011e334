#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Prints a C++ program with one gen_server that answers N requests, N as the argument, and a client that makes each
call once. 0 prints the empty file: the include and nothing else."""
import sys

count = int(sys.argv[1])
print('#include <kin/kin.hpp>\n\n#include <string>')
if count == 0:
    sys.exit()

requests = range(count)
for i in requests:
    print(f'struct request_{i} {{ int number; std::string text; }};\nstruct reply_{i} {{ int total; }};')

print('class server : public kin::gen_server {\n public:')
for i in requests:
    print(f'  reply_{i} handle_call(request_{i} r) {{ return {{total_ += r.number}}; }}')
print(' private:\n  int total_ = 0;\n};\ninline constexpr kin::name<server> it{"server"};')

print('int call_all() {\n  int sum = 0;')
for i in requests:
    print(f'  sum += kin::call(it, request_{i}{{{i}, "text"}}).total;')
print('  return sum;\n}')
print('void start() { kin::start_link<server>({.name = it}); }')
