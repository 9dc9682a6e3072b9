#!/usr/bin/env bash
# scripts/coverage --explain: each gap needs a reason, and each reason a gap.
#
#   tests/scripts/coverage.sh

# The backquotes are those of Markdown.
# shellcheck disable=SC2016
set -euo pipefail
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
bad=0

# expect CODE TEXT REASON: what --explain makes of two gaps, if this is the one reason
expect() {
    local code=0
    printf '%s\n' '# Reasons' '' "$3" >"$place/reasons.md"
    "$top/scripts/coverage" --explain "$place/gaps" "$place/reasons.md" >"$place/out" 2>&1 || code=$?
    if [[ $code != "$1" ]] || ! grep -qF -e "$2" "$place/out"; then
        echo "FAILED: $3: status $code, expected $1 and '$2'" >&2
        cat "$place/out" >&2
        bad=1
    fi
}

printf '%s\n' 'core/memory.c:7:9: never true: if (a == b) {' \
    'core/memory.c:9:13: never true: if (a == b) {' >"$place/gaps"
expect 0 '-- they differ' '* core/memory.c: never true: `if (a == b) {`: they differ'
expect 1 'no such gap' '* core/device.c: never true: `if (a == b) {`: they differ'
expect 1 'no reason in' '* core/memory.c: never false: `if (a == b) {`: they differ'
expect 1 'expected * FILE' '* core/memory.c: never true: `if (a == b) {`:'
exit "$bad"
