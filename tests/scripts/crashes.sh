#!/usr/bin/env bash
# dmarig run, sweep and exhaustive where core/ crashes: what was going on is told, and they go on.
#
#   tests/scripts/crashes.sh DMARIG
#
# DMARIG is the command of the build with planted bugs; one of them makes HAL's adapter go while it holds
# map registers, which an assertion of core/ forbids.

set -euo pipefail
dmarig=$1
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
export DMARIG_PLANTED=registers_leaked
bad=0

# ends TEXT... -- ARGUMENT...: dmarig ends with 1 and says each TEXT
ends() {
    local code=0 texts=()
    while [[ $1 != -- ]]; do
        texts+=("$1")
        shift
    done
    "$dmarig" "${@:2}" >"$place/out" 2>&1 || code=$?
    for text in "${texts[@]}"; do
        if [[ $code != 1 ]] || ! grep -q -e "$text" "$place/out"; then
            echo "FAILED: dmarig ${*:2}: status $code, expected 1 and '$text'" >&2
            cat "$place/out" >&2
            bad=1
        fi
    done
}

cat >"$place/leak.dma" <<PROGRAM
hal1 = IoGetDmaAdapter()
buffer1 = buffer(length=1)
mdl1 = mdl(buffer1, NULL, length=1)
KeRaiseIrql(level=DISPATCH_LEVEL)
list1 = GetScatterGatherList(hal1, mdl1, length=1)
return()
PutScatterGatherList(hal1, list1)
PutDmaAdapter(hal1)
KeLowerIrql()
PROGRAM
echo 'device1 = add_device()' >"$place/fine.dma"

# The trace up to the crash, the record that crashed, what it said, and the next program.
ends '^PutScatterGatherList(hal1, list1) -> done' '^FAIL crash ' '^>   8 ' "Assertion \`adapter" \
    "^FAIL crash $place/leak.dma" "^ok - $place/fine.dma" '^run: files=2 ok=1 failed=1$' \
    -- run "$place/leak.dma" "$place/fine.dma"
ends 'leak.dma, with nothing refused' '^sweep: programs=2 .* findings=1$' \
    -- sweep "$place/leak.dma" "$place/fine.dma" --findings "$place/findings"
ends '^FAIL crash ' -- run --quiet "$place/findings/crash-sweep-leak.dma"

# What is wrong in one scope does not end the search of the next.
ends '^FAIL conserve.lists ' '^small_registers: [0-9]* programs, all of up to 2 ' \
    '^started_provider: [0-9]* programs, all of up to 2 ' \
    -- exhaustive --depth 2 --states 0 --findings "$place/findings"
ends '^FAIL handler.inside ' -- run --quiet \
    "$place/findings/conserve.lists-exhaustive-small_registers.dma"
exit "$bad"
