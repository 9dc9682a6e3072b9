#!/usr/bin/env bash
# dmarig minima where it fails, and what it says.
#
#   tests/scripts/minima.sh DMARIG
#
# DMARIG is the command of the build with planted bugs.

set -euo pipefail
dmarig=$1
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
bad=0

# ends CODE TEXT ARGUMENT...: dmarig minima ends with CODE and says TEXT
ends() {
    local code=0
    "$dmarig" minima "${@:3}" >"$place/out" 2>&1 || code=$?
    if [[ $code != "$1" ]] || ! grep -q -e "$2" "$place/out"; then
        echo "FAILED: dmarig minima ${*:3}: status $code, expected $1 and '$2'" >&2
        cat "$place/out" >&2
        bad=1
    fi
}

one=(--bug provider_handle_reused --inputs 3 --seconds 1)
free=(--median 0 --worst 0)
ends 0 'bugs=1 pairs=1 one_minimum=1 few_inputs=0 shrinks=3' "${one[@]}" "${free[@]}"
ends 0 '^minima: the longest shrink: provider_handle_reused ' "${one[@]}" "${free[@]}"
# No shrink takes less than a millisecond.
ends 1 'the median shrink took .* the limit is 1 ms' "${one[@]}" --median 1 --worst 0
ends 1 'the longest shrink took .* the limit is 1 ms' "${one[@]}" --median 0 --worst 1
# The first random program does not fail, and what never failed has no minimum.
ends 1 'no program failed' --bug provider_handle_reused --programs 1
# A few of the 20 are random, the others are variations of them.
ends 0 '20 inputs ([1-9][0-9]* varied), 1 minimum' --bug registers_in_32_bits --programs 500 \
    --inputs 20 "${free[@]}"
# All of 1 + L + L^2 + ... shorter programs, or those with its first records, or too many.
ends 0 'confirmed=1 tails=0 shorter=0 beyond=0' --bug registers_in_32_bits --programs 500 \
    --inputs 1 --confirm 10 "${free[@]}"
ends 0 'confirmed=1 tails=0 shorter=0 beyond=0' "${one[@]}" --confirm 100000 "${free[@]}"
ends 0 'confirmed=0 tails=1 shorter=0 beyond=0' "${one[@]}" --confirm 100 "${free[@]}"
ends 0 'confirmed=0 tails=0 shorter=0 beyond=1' "${one[@]}" --confirm 2 "${free[@]}"
ends 2 'unknown planted bug nothing' --bug nothing
ends 2 'inputs wants' --inputs 0
exit "$bad"
