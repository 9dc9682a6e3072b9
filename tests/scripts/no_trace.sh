#!/usr/bin/env bash
# Compiled files that must be free of planted bugs, or that must have them.
#
#   tests/scripts/no_trace.sh clean|planted FILE...
#
# A trace is a symbol or a text with the prefix of planted.h. Exit status: 1 if one is found in a
# file that is to be clean, or none in one that is to be planted.

set -euo pipefail
expected=$1
shift
code=0

for file; do
    symbols=$(nm -a "$file" | grep -c 'planted_' || true)
    texts=$(grep -ac 'planted_' "$file" || true)
    found=clean
    ((symbols + texts == 0)) || found=planted
    echo "$file: $found, $symbols symbols, $texts texts"
    [[ $found == "$expected" ]] || code=1
done
exit "$code"
