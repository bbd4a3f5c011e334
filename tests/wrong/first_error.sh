#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# first_error.sh COMPILER FILE [FLAGS...]: FILE must not compile, and the first error that its reader
# sees must hold the text that its line `// first error: TEXT` says.
set -u
compiler=$1 file=$2
shift 2
wanted=$(sed -n 's|^// first error: ||p' "$file")
[ -n "$wanted" ] || { echo "$file does not say what it expects"; exit 2; }
if output=$("$compiler" -std=c++20 -fsyntax-only "$@" "$file" 2>&1); then
  echo "$file compiles"
  exit 1
fi
first=$(printf '%s\n' "$output" | grep -m 1 'error:')
case $first in
  *"$wanted"*) exit 0 ;;
esac
printf 'wanted: %s\nfirst:  %s\n\n%s\n' "$wanted" "$first" "$output"
exit 1
