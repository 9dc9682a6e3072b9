#!/usr/bin/env bash
# dmarig selftest where it fails, what it writes, and bugs that are planted by name.
#
#   tests/scripts/selftest.sh DMARIG CORPUS
#
# DMARIG is the command of the build with planted bugs.

set -euo pipefail
dmarig=$1 corpus=$2
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
bad=0

fail() {
    echo "FAILED: $1" >&2
    cat "$place/out" >&2
    bad=1
}

# ends CODE TEXT ARGUMENT...: dmarig ends with CODE and says TEXT
ends() {
    local code=0
    "$dmarig" "${@:3}" >"$place/out" 2>&1 || code=$?
    if [[ $code != "$1" ]] || ! grep -q -e "$2" "$place/out"; then
        fail "dmarig ${*:3}: status $code, expected $1 and '$2'"
    fi
}

# No letter of the exhaustive search makes HAL run out of adapters.
ends 1 'exhaustive *NOT: nothing' selftest --bug handle_on_failure --engine exhaustive
ends 0 'bugs=1 found=1 random=1' selftest --bug queue_lifo --engine random
# This bug shows as a failing property or as a crash of the machine, by what a program does first.
crashed=0
for seed in {1..20}; do
    ends 0 'found=1' selftest --bug registers_leaked --engine random --seed "$seed"
    grep -q 'random *crash' "$place/out" && crashed=1 && break
done
((crashed == 1)) || fail 'no crash among twenty searches'
ends 0 '^queue_lifo  *the newest' selftest --list
ends 2 'corpus has no programs' selftest --engine replay --corpus "$place"

ends 0 'exhaustive_or_replay=1' selftest --bug queue_lifo --engine replay --corpus "$corpus" \
    --table "$place/table" --programs "$place/programs"
[[ $(cut -f 1-4 "$place/table") == $'queue_lifo\treplay\tfound\thandler.expected' ]] ||
    fail "the table holds '$(cat "$place/table")'"
program=$place/programs/queue_lifo.dma
DMARIG_PLANTED=queue_lifo ends 1 'FAIL handler.expected' run --quiet "$program"
DMARIG_PLANTED=queue_overtaken ends 0 'ok' run --quiet "$program"
ends 0 'ok' run --quiet "$program"
DMARIG_PLANTED=nothing ends 2 'unknown planted bug nothing' ops
exit "$bad"
