#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What does a server with 30 requests cost to compile, over a file that only includes <kin/kin.hpp>? At -O0 -g, as one
# compiles all day; the median of five, processor seconds (on an idle machine the time one waits) and peak memory. It
# does not show linking, nor optimised builds.
#
#   bench/compile_cost.sh [requests]      COMPILERS="g++ clang++-14" by default
set -euo pipefail

here=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")
requests=${1:-30}
read -ra compilers <<<"${COMPILERS:-g++ clang++-14}"
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# cost FILE COMPILER...: "seconds megabytes", medians
cost() {
  python3 - "$@" "-I$here/../runtime/include" "-I$here/../behaviours/include" <<'PYTHON'
import os, statistics, subprocess, sys

file, *compiler = sys.argv[1:]
seconds, megabytes = [], []
for _ in range(5):
    p = subprocess.Popen([*compiler, '-std=c++20', '-O0', '-g', '-c', file, '-o', '/dev/null'])
    _, status, used = os.wait4(p.pid, 0)  # what the driver itself started is in it
    if status != 0:
        sys.exit(1)
    seconds.append(used.ru_utime + used.ru_stime)
    megabytes.append(used.ru_maxrss / 1024)
print(statistics.median(seconds), statistics.median(megabytes))
PYTHON
}

python3 "$here/compile_cost_source.py" 0 >"$scratch/empty.cpp"
python3 "$here/compile_cost_source.py" "$requests" >"$scratch/server.cpp"

printf '%-14s %22s %22s %28s\n' compiler 'include only' "$requests requests" 'difference (<= 2 s, 300 MB)'
for compiler in "${compilers[@]}"; do
  command -v "$compiler" >/dev/null || { printf '%-14s not here\n' "$compiler"; continue; }
  read -r empty_s empty_mb <<<"$(cost "$scratch/empty.cpp" "$compiler")"
  read -r full_s full_mb <<<"$(cost "$scratch/server.cpp" "$compiler")"
  [[ -n $empty_s && -n $full_s ]] || { printf '%-14s does not compile it\n' "$compiler"; exit 1; }
  awk -v c="$compiler" -v es="$empty_s" -v em="$empty_mb" -v fs="$full_s" -v fm="$full_mb" 'BEGIN {
    s = fs - es; m = fm - em
    printf "%-14s %9.2f s %7.0f MB  %9.2f s %7.0f MB  %10.2f s %7.0f MB  %s\n", c, es, em, fs, fm, s, m,
           s <= 2 && m <= 300 ? "ok" : "over"
  }'
done
