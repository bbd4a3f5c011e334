#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Takes kin in as a stranger does, in a folder outside the tree, and runs what comes of it.
#
#   try.sh install BUILD PREFIX          installs, then moves it to PREFIX: nothing may know where it was
#   try.sh find_package PREFIX           a program that finds an installed kin with CMake
#   try.sh pkg_config PREFIX             ... with pkg-config and no build system
#   try.sh plugin PREFIX                 a program and a plugin around a shared kin
#   try.sh deb BUILD                     makes the packages, unpacks them, and uses kin from there
#   try.sh new PREFIX SOURCE             a project made by `kin new`
#   try.sh runtime SOURCE WORK [DEFINITION...]
#                                        the first half of the next, which would take long at once
#   try.sh source WAY SOURCE WORK [DEFINITION...]
#                                        kin built as a part of the program; WAY: fetch_content or
#                                        add_subdirectory; both share their object files in WORK
#
# Reads CXX and CMAKE_GENERATOR.
set -euo pipefail
here=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")

work=$(mktemp -d "${TMPDIR:-/tmp}/kin_packaging.XXXXXX")
trap 'rm -rf "$work"' EXIT

fail() {
  printf '%s\n' "$*" >&2
  exit 1
}

# expect WANTED PROGRAM [ARGUMENT...]
expect() {
  local said
  said=$("${@:2}" 2>"$work/report") || { cat "$work/report" >&2; fail "$2 failed"; }
  [[ $said == "$1" ]] || fail "$2 said '$said', not '$1'"
  printf '%s\n' "$said"
}

# configure SOURCE FOLDER [DEFINITION...]
configure() {
  cmake -S "$1" -B "$2" "${@:3}" >"$work/log" ||
    { cat "$work/log" >&2; fail "it does not configure"; }
}

# build SOURCE FOLDER [DEFINITION...]
build() {
  configure "$@"
  cmake --build "$2" >"$work/log" || { cat "$work/log" >&2; fail "it does not build"; }
  ! grep -i warning "$work/log" || fail "it builds with warnings"
}

try_install() {
  local build=$1 prefix=$2
  rm -rf "$prefix"
  cmake --install "$build" --prefix "$work/first" >/dev/null
  [[ -f $work/first/share/kin/gdb/kin.py ]] || fail "gdb's part of kin is not installed"
  ! grep -rIl "$work" "$work/first" || fail "these name the folder they were installed to"
  mkdir -p "$(dirname "$prefix")"
  mv "$work/first" "$prefix"
}

try_find_package() {
  build "$here/program" "$work/build" -DKIN_COMES_BY=find_package "-DCMAKE_PREFIX_PATH=$1"
  grep -q "^kin_DIR:PATH=$1/" "$work/build/CMakeCache.txt" || fail "it found another kin"
  expect 'kin says 42 and crashes' "$work/build/program"
}

try_pkg_config() {
  local lib flags
  lib=$(dirname "$(dirname "$(find "$1" -name kin.pc)")")
  flags=$(PKG_CONFIG_PATH=$lib/pkgconfig pkg-config --cflags --libs 'kin >= 0.1')
  # shellcheck disable=SC2086  # flags are words
  "$CXX" -std=c++20 "$here/program/main.cpp" $flags -o "$work/program"
  LD_LIBRARY_PATH=$lib expect 'kin says 42 and crashes' "$work/program"
}

try_plugin() {
  build "$here/plugin" "$work/build" "-DCMAKE_PREFIX_PATH=$1"
  expect 'kin, kin; 3 letters; tired of 2 words' "$work/build/host" "$work/build/libplugin.so"
  expect 'a machine ran in a plugin' "$work/build/kinless" "$work/build/libplugin.so"
}

try_deb() {
  local package
  (cd "$work" && cpack --config "$1/CPackConfig.cmake" -B "$work/deb" >"$work/log") ||
    { cat "$work/log" >&2; fail "cpack failed"; }
  for package in "$work"/deb/*.deb; do
    dpkg-deb -W --showformat='${Package} ${Version} needs ${Depends}\n' "$package"
    dpkg-deb -x "$package" "$work/root"
  done
  dpkg-deb -f "$work"/deb/libkin-dev_*.deb Depends | grep -q libboost-context1.81-dev ||
    fail "libkin-dev does not ask for Boost.Context"
  try_find_package "$work/root/usr"
}

try_runtime() {
  configure "$here/program" "$2" -DKIN_COMES_BY=fetch_content "-DKIN_SOURCE=$1" "${@:3}"
  cmake --build "$2" --target kin_runtime
}

try_source() {
  local way=$1 source=$2 folder=$3
  build "$here/program" "$folder" "-DKIN_COMES_BY=$way" "-DKIN_SOURCE=$source" "${@:4}"
  expect 'kin says 42 and crashes' "$folder/program"
  [[ $way == add_subdirectory ]] && return  # there the caller has asked for install rules
  cmake --install "$folder" --prefix "$work/installed" >/dev/null
  [[ ! -e $work/installed ]] || fail "kin installs itself with its parent"
  [[ ! -e $folder/CTestTestfile.cmake ]] || fail "kin brings tests into its parent"
}

# refused WORD COMMAND... : it ends with code 2, and its complaint has the word.
refused() {
  local said code=0
  said=$("${@:2}" 2>&1) || code=$?
  [[ $code == 2 && $said == *"$1"* ]] || fail "'${*:2}' ended with $code, and said: $said"
}

try_new() {
  local prefix=$1 source=$2 kin=$1/bin/kin
  cd "$work"
  "$kin" new abacus
  refused 'is there already' "$kin" new abacus
  refused 'no name for a program' "$kin" new 2fast
  refused 'no name for a program' "$kin" new ../abacus
  refused 'CMake or kin needs' "$kin" new test
  refused 'NAME' "$kin" new
  ! grep -r '@' abacus || fail "these have an @ left"

  cd abacus
  build . build/debug --preset debug "-DCMAKE_PREFIX_PATH=$prefix"
  ctest --preset debug
  expect 'abacus has counted to 42' build/debug/abacus

  # The way without an installed kin is only configured here: building kin once more takes long.
  configure . build/asan --preset asan "-DFETCHCONTENT_SOURCE_DIR_KIN=$source"
  ! cmake --preset tsan >"$work/log" 2>&1 || fail "it configures without any kin"
  grep -q 'No installed kin is used' "$work/log" || fail "it does not say that it has no kin"
}

"try_$1" "${@:2}"
