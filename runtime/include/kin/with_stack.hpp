// SPDX-License-Identifier: Apache-2.0
// kin::with_stack: a call on a stack as large as it needs.
#pragma once

#include <kin/export.hpp>
#include <kin/job.hpp>

#include <cstddef>
#include <type_traits>
#include <utility>

namespace KIN_PUBLIC kin {

namespace detail {
/// Runs it on a stack of its own of at least that size. Ends as `j` does, perhaps on another thread.
void run_on_stack(std::size_t bytes, job& j);
}  // namespace detail

/// Runs `f()` on a stack of at least `bytes`, and returns what it returns or throws what it throws.
/// For what recurses deeply, or has large frames: a parser, a sort, a foreign library. All other
/// stacks of a machine have one size, machine_options::stack_bytes.
///
/// `f` is the same process as its caller: it may wait, and use what the caller's stack holds; when
/// the process is killed it unwinds, and its caller after it. They nest. If it uses more than its
/// stack, the program ends with a report that names the process, as on any other stack.
///
/// Throws   kin::error with system_limit if there is no memory for such a stack.
/// Context  a process. Does not wait itself.
/// Cost     two stack switches and two locks; above 64 KiB a system call, too: some 1.5 µs. Each
///          machine keeps eight such stacks, with the memory of their top 64 KiB; what is below goes
///          back to the kernel at the end of the call. A new one takes some 30 µs.
template <class F>
auto with_stack(std::size_t bytes, F f) -> std::invoke_result_t<F&> {
  detail::job_of<F> j(f);
  detail::run_on_stack(bytes, j);
  return j.outcome();
}

}  // namespace kin
