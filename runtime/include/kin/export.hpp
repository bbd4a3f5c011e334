// SPDX-License-Identifier: Apache-2.0
// What a shared libkin shows. kin is compiled with -fvisibility=hidden; `namespace KIN_PUBLIC kin`
// in each public header makes what is declared there visible, as libstdc++ does with std; but for
// functions that only a friend declaration declares: these have their body in the class. A
// template made with a hidden type of the program's stays hidden all the same: so the identity of a
// message is its type's name, not an address (message.hpp).
#pragma once

/// On a namespace or a class: a shared libkin shows it.
#define KIN_PUBLIC [[gnu::visibility("default")]]
