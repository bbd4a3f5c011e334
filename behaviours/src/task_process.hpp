// SPDX-License-Identifier: Apache-2.0
// The process of a task.
#pragma once

#include <kin/behaviour.hpp>
#include <kin/process.hpp>
#include <kin/result.hpp>
#include <kin/task.hpp>

#include <memory>
#include <optional>
#include <vector>

namespace kin::detail {

/// To a task whose starter had something to do first: now.
struct task_begin {
  ref answer_to;
};

/// When a task begins.
enum class task_start : unsigned char {
  at_once,
  when_told,                // by a task_begin of the process that it is linked to
  when_told_by_a_stranger,  // ... that it is not linked to, and may end before it has told it
};

std::unique_ptr<behaviour> task_process_of(std::unique_ptr<task_code> code,
                                           std::vector<pid> callers, task_start when, pid starter);
/// The callers of a task that this process starts.
std::vector<pid> callers_from_here();
/// As a child of that supervisor of tasks.
result<pid> start_task_child(std::optional<pid> supervisor, std::unique_ptr<behaviour> body);

}  // namespace kin::detail
