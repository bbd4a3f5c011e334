#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Compares the finished program with grep -rcE on a real tree: the same files, the same counts, the
# same exit code, from the listing and from --json.
#   ppool_equals_grep.sh PPOOL_BINARY [TREE]       TREE is /usr/include unless given
# Leaves with 0 if nothing differs, else prints the first differences and leaves with 1.
set -u
ppool=${1:?usage: ppool_equals_grep.sh PPOOL_BINARY [TREE]}
tree=${2:-/usr/include}
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT
export LC_ALL=C.UTF-8
failed=0

complain() {  # WHAT REGEX
  failed=1
  printf 'ppool_equals_grep: %s differs from grep -rcE for %s on %s\n' "$1" "'$2'" "$tree" >&2
}

compare() {  # REGEX [PPOOL OPTION...]
  regex=$1
  shift
  # Both lists are put through sort: ppool's is in order of paths, and there a.h stands behind a,
  # while in order of lines a.h:1 stands before a:1.
  grep -rcE -e "$regex" "$tree" >"$work/unsorted" 2>"$work/grep_errors"
  grep_code=$?
  LC_ALL=C sort "$work/unsorted" >"$work/grep"

  "$ppool" count --all --no-progress "$@" -- "$regex" "$tree" >"$work/unsorted" 2>"$work/ppool_errors"
  ppool_code=$?
  LC_ALL=C sort "$work/unsorted" >"$work/ppool"
  if ! diff "$work/grep" "$work/ppool" >"$work/differences"; then
    complain 'the listing (< grep, > ppool)' "$regex"
    head -n 20 "$work/differences" >&2
  fi
  if [ "$grep_code" -ne "$ppool_code" ]; then
    complain "exit code $ppool_code, not $grep_code," "$regex"
    head -n 5 "$work/grep_errors" "$work/ppool_errors" >&2
  fi

  # One member a line, path and matches next to each other: sed is enough of a JSON reader, as long
  # as no path has a quote or a backslash in it.
  "$ppool" count --json --no-progress "$@" -- "$regex" "$tree" 2>"$work/ppool_errors" |
    sed -n -e '/"path": /{' -e 'N' \
      -e 's/.*"path": "\(.*\)",\n *"matches": \([0-9]*\).*/\1:\2/p' -e '}' | LC_ALL=C sort >"$work/json"
  if ! diff "$work/grep" "$work/json" >"$work/differences"; then
    complain '--json (< grep, > ppool)' "$regex"
    head -n 20 "$work/differences" >&2
  fi
  printf '%s files, %s matching lines: %s\n' "$(wc -l <"$work/grep")" \
    "$(awk -F: '{ sum += $NF } END { print sum + 0 }' "$work/grep")" "$regex"
}

compare 'include'                                     # a word on many lines
compare '^[[:space:]]*#[[:space:]]*if(n?def)?\b'      # anchors, classes, alternatives
compare '©|[äöüéèàñß]' --pools 'left=2' --pools 'right=3'    # beyond ASCII, from two pools
compare 'no line anywhere says this, kin_[0-9]{7}'    # nothing: exit code 1
exit "$failed"
