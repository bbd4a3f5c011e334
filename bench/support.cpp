// SPDX-License-Identifier: Apache-2.0
#include "support.hpp"

#include "cores.hpp"

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <exception>
#include <fstream>
#include <poll.h>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

namespace kin::bench {
namespace {

// who else uses the machine

// Processor time of everybody since boot, the hypervisor's other guests (steal) included.
double busy_seconds() {
  std::ifstream stat("/proc/stat");
  std::string cpu;
  std::array<double, 8> ticks{};  // user nice system idle iowait irq softirq steal
  stat >> cpu;
  for (double& t : ticks) stat >> t;
  const double busy = ticks[0] + ticks[1] + ticks[2] + ticks[5] + ticks[6] + ticks[7];
  return busy / static_cast<double>(sysconf(_SC_CLK_TCK));
}

double in_seconds(const timeval& t) {
  return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) * 1e-6;
}
double used_by(int who) {
  rusage usage{};
  getrusage(who, &usage);
  return in_seconds(usage.ru_utime) + in_seconds(usage.ru_stime);
}

// a fresh OS process

constexpr int limit_ms = 60'000;

// What the child says through the pipe: one of these, whole.
struct answer {
  bool ok = false;
  reading found;
  std::array<char, 200> error{};
};

[[noreturn]] void child(int out, pid_t runner, const std::function<reading()>& body) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);  // Ctrl-C on the runner ends us as well
  if (getppid() != runner) _exit(1);
  answer said;
  try {
    said.found = body();
    said.ok = true;
  } catch (const std::exception& e) {
    std::string_view(e.what()).copy(said.error.data(), said.error.size() - 1);
  }
  const bool written = write(out, &said, sizeof said) == static_cast<ssize_t>(sizeof said);
  _exit(written ? 0 : 1);  // no exit: the runner's destructors and buffers are not ours
}

std::string how_it_ended(int status) {
  if (WIFSIGNALED(status)) return "crashed with signal " + std::to_string(WTERMSIG(status));
  return "ended with code " + std::to_string(WEXITSTATUS(status)) + " and no result";
}

reading in_fresh_process(const std::function<reading()>& body) {
  std::array<int, 2> ends{};
  if (pipe(ends.data()) != 0) throw std::runtime_error("no pipe");
  std::fflush(nullptr);  // else the child has the unwritten text too
  const pid_t runner = getpid();
  const pid_t forked = fork();
  if (forked < 0) throw std::runtime_error("no fork");
  if (forked == 0) {
    close(ends[0]);
    child(ends[1], runner, body);
  }
  close(ends[1]);

  // The answer, or the end of the child, which closes the pipe, or neither in time.
  pollfd said{ends[0], POLLIN, 0};
  const bool in_time = poll(&said, 1, limit_ms) > 0;
  if (!in_time) ::kill(forked, SIGKILL);
  answer got;
  const bool whole = in_time && read(ends[0], &got, sizeof got) == static_cast<ssize_t>(sizeof got);
  close(ends[0]);
  int status = 0;
  waitpid(forked, &status, 0);

  if (!in_time) throw std::runtime_error("hung for " + std::to_string(limit_ms / 1000) + " s");
  if (!whole) throw std::runtime_error(how_it_ended(status));
  if (!got.ok) throw std::runtime_error(got.error.data());
  return got.found;
}

}  // namespace

double resident_bytes() {
  std::ifstream statm("/proc/self/statm");
  double all = 0;
  double resident = 0;
  statm >> all >> resident;
  return resident * static_cast<double>(sysconf(_SC_PAGESIZE));
}

double cpu_seconds_of_the_rest() {
  const double all = used_by(RUSAGE_SELF);
  return all - used_by(RUSAGE_THREAD);
}

spread spread_of(std::vector<double> all) {
  if (all.empty()) throw std::runtime_error("nothing was measured");
  std::ranges::sort(all);
  return {all[all.size() / 2], all[all.size() * 99 / 100], all.back()};
}

void expect_normal(const exit_reason& why) {
  if (why == normal) return;
  std::ostringstream text;
  text << "the first process ended with " << why;
  throw std::runtime_error(text.str());
}

void measure_once(benchmark::State& state, std::int64_t n, const std::function<reading()>& body) {
  reading found;
  const cores_now before = wait_for_calm(calm_wait);
  const stopwatch watch;
  const double busy = busy_seconds();
  const double ours = used_by(RUSAGE_CHILDREN);
  try {
    found = in_fresh_process(body);
  } catch (const std::exception& e) {
    state.SkipWithError(e.what());
    return;
  }
  const double others = (busy_seconds() - busy) - (used_by(RUSAGE_CHILDREN) - ours);
  const double capacity = watch.seconds() * static_cast<double>(allowed_cores().size());
  const cores_now after = look_at_cores();

  const auto count = static_cast<double>(n);
  state.SetIterationTime(found.seconds);
  state.SetItemsProcessed(n);
  state.counters[operations] = count;
  state.counters[per_op_ns] = found.seconds / count * 1e9;
  state.counters[bytes_per_process] = found.bytes_per_process;
  state.counters[cpu_ms] = found.cpu_ms;
  state.counters[p50_us] = found.late_us.p50;
  state.counters[p99_us] = found.late_us.p99;
  state.counters[max_us] = found.late_us.max;
  state.counters[cores_before_ns] = before.distance_ns;
  state.counters[cores_after_ns] = after.distance_ns;
  state.counters[additions_before] = before.additions_a_cycle;
  state.counters[additions_after] = after.additions_a_cycle;
  state.counters[others_percent] = std::clamp(others / capacity * 100, 0.0, 100.0);
}

}  // namespace kin::bench
