#!/usr/bin/env bash
# A faulty NDIS layer is found out.
#
#   tests/scripts/layer_fault.sh TEXT COMMAND...
#
# The command must end with status 1 and say TEXT.

set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
code=0
(cd "$place" && "${@:2}") >"$place/out" 2>&1 || code=$?
if [[ $code != 1 ]] || ! grep -qF -e "$1" "$place/out"; then
    echo "FAILED: $2 ended with status $code, expected 1 and '$1'" >&2
    tail -n 40 "$place/out" >&2
    exit 1
fi
