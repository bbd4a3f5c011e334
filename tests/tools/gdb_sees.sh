#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Looks into tests/tools/hung.cpp with gdb and tools/gdb/kin.py, and at what they say.
#
#   gdb_sees.sh running_program|core_dump|crash_dump|mistakes GDB KIN_PY HUNG
#
# running_program: under gdb. core_dump: of one that gets a SIGQUIT when all wait; crash_dump: of one that
# dies of a null pointer. mistakes: of whoever types. 77: the kernel gives no core file here.
set -euo pipefail
way=$1 gdb=$2 kin_py=$(readlink -f "$3") hung=$(readlink -f "$4")
source_file=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/hung.cpp

work=$(mktemp -d "${TMPDIR:-/tmp}/kin_gdb.XXXXXX")
trap 'rm -rf "$work"' EXIT
cd "$work"

fail() {
  printf '%s\n' "$*" '--- gdb said:' >&2
  cat said >&2
  exit 1
}

# ask COMMAND... : what gdb says to them, in the file `said`.
ask() {
  local commands=(-ex 'set debuginfod enabled off' -ex 'set pagination off' -ex 'set width 0'
    -ex "source $kin_py") command
  for command in "$@"; do commands+=(-ex "$command"); done
  "$gdb" -nx -batch "${commands[@]}" "${program[@]}" >said 2>&1 </dev/null || true
}

# says REGEX: some line of it is like that.
says() { grep -Eq -- "$1" said || fail "there is no line like: $1"; }

line_of() { grep -n "// $1" "$source_file" | cut -d: -f1; }

# What can be seen whether it runs or not.
sees_all_that_wait() {
  says '^<0\.2\.0> .*: waits in kin::receive; 1 in its mailbox$'
  says "^    waits at shop::wait_for_parcel at .*hung\.cpp:$(line_of 'WAITS FOR A PARCEL')$"
  says '^<0\.3\.0> shop::clerk: waits in kin::call; 1 in its mailbox$'
  says '^<0\.4\.0> shop::clerk: waits in kin::call$'
  says "^    waits at shop::clerk::handle_call at .*hung\.cpp:$(line_of 'CALLS THE OTHER')$"
  says '^<0\.6\.0> shop::counter: waits for its next message$'
  says '^<0\.7\.0> .*: waits in kin::sleep$'
  says '^<0\.8\.0> .*: waits in kin::blocking$'
  says '^<0\.4\.0> waits in kin::call$'  # kin bt 4
  says "^#[0-9]+ +shop::clerk::handle_call at .*hung\.cpp:$(line_of 'CALLS THE OTHER')$"
  says '^#[0-9]+ +kin::detail::enter_loop'
  says '^  [0-9]+ handles shop::get$'  # kin events
}
questions=('kin processes' 'kin bt <0.4.0>' 'kin events')

# Of whatever dies of a signal: a core file here, if the kernel may.
die() {
  ulimit -c unlimited
  [[ $(cat /proc/sys/kernel/core_pattern) != [/\|]* ]] || exit 77
  KIN_CRASH_DIR='' "$@" >/dev/null 2>&1 || true
  core=$(find . -name 'core*' | head -1)
  [[ -n $core ]] || exit 77
}

case $way in
  running_program)
    program=("$hung")
    ask 'break all_wait_now' run "${questions[@]}" 'info kin' 'bt 1' kill
    says '^<0\.1\.0> registered as main .*: runs on worker [01]$'
    sees_all_that_wait
    says '^#0  all_wait_now'  # the thread's own stack again
    ;;
  core_dump)
    die "$hung" quit
    program=("$hung" "$core")
    ask "${questions[@]}"
    says '^<0\.1\.0> registered as main .*: waits in kin::sleep$'
    sees_all_that_wait
    ;;
  crash_dump)
    die "$hung" crash
    program=("$hung" "$core")
    ask "${questions[@]}" bt
    says '^<0\.1\.0> registered as main .*: runs on worker [01]$'
    sees_all_that_wait
    says '^#[0-9]+ .*shop::end_as'  # the fault itself, as if kin had not looked
    ;;
  mistakes)
    program=("$hung")
    ask 'kin processes'
    says 'No program runs here'
    for question in 'kin bt 99' 'kin bt main' 'kin bt <0.6.0>' 'kin bt <0.1.0>'; do
      ask 'break all_wait_now' run "$question"
      case $question in
        *99) says 'No process <0\.99\.0> lives\.' ;;
        *main) says "'main' is no process: kin bt 12, or kin bt <0\.12\.0>\." ;;
        *6*) says '<0\.6\.0> waits for its next message: it holds no stack; it runs shop::counter\.' ;;
        *) says '<0\.1\.0> runs: see the thread named kin/[01]\.' ;;
      esac
    done
    program=(/bin/true)
    ask start 'kin processes' 'starti' 'kin processes'
    says 'has no kin_debug_'
    ;;
  *) fail "no way '$way'" ;;
esac
