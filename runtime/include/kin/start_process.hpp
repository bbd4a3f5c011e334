// SPDX-License-Identifier: Apache-2.0
// The door for those who write behaviours whose start may fail: beside whether a process has
// started (request.hpp) they learn who it was, and what its monitor is called.
#pragma once

#include <kin/export.hpp>
#include <kin/pid.hpp>
#include <kin/process.hpp>
#include <kin/request.hpp>
#include <kin/result.hpp>

namespace KIN_PUBLIC kin {
namespace detail {

/// As start_process(request). `made` is the new process, and its monitor if one was asked for,
/// before this waits, and so also of a start that fails.
result<pid> start_process(start_request request, spawned& made);

}  // namespace detail
}  // namespace kin
