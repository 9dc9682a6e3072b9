#!/usr/bin/env bash
# Bad input to the commands: each must say what is wrong, end with status 2 and write nothing.
#
#   tests/scripts/bad_input.sh

set -euo pipefail
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
cd "$place"
bad=0

# refused TEXT COMMAND...: ends with status 2 and says TEXT on stderr
refused() {
    local code=0
    "${@:2}" >out 2>err </dev/null || code=$?
    if [[ $code != 2 ]] || ! grep -qi -e "$1" err; then
        echo "FAILED: ${*:2}: status $code, expected 2 and '$1' on stderr" >&2
        cat out err >&2
        bad=1
    fi
    rm -f out err
}

printf 'kept\n' >kept
mkdir folder
head -c 1048577 /dev/zero | tr '\0' '\n' >large.dma
printf 'frobnicate()\n' >wrong.dma
cp -a . ../"$(basename "$place").before"
trap 'rm -rf "$place" "$place.before"' EXIT

for script in setup fuzz test repro lint bench coverage mutants power contract judge-layer; do
    refused "unknown" "$top/scripts/$script" --nonsense
done
refused 'expected run, fuzz' "$top/scripts/setup" --for nothing

refused 'unknown target' "$top/scripts/fuzz" nothing
refused 'one target' "$top/scripts/fuzz" machine sgdma
refused 'expected libfuzzer or afl' "$top/scripts/fuzz" --engine nothing
refused 'expected a number' "$top/scripts/fuzz" --time soon
refused 'expected a number' "$top/scripts/fuzz" --time -1
refused 'expected a number' "$top/scripts/fuzz" --seed ''
refused 'expected 1 or more' "$top/scripts/fuzz" --jobs 0
refused 'expected a value' "$top/scripts/fuzz" --seed
refused 'not a directory' "$top/scripts/fuzz" --corpus kept
refused 'cannot make' "$top/scripts/fuzz" --corpus kept/inner

refused 'expected a number' "$top/scripts/coverage" --runs soon
refused 'expected 1 or more' "$top/scripts/coverage" --runs 0
refused 'expected a value' "$top/scripts/coverage" --runs
refused 'expected GAPS' "$top/scripts/coverage" --explain missing.txt
refused 'missing.txt: no such' "$top/scripts/coverage" --explain missing.txt kept

refused 'expected a dmarig command' "$top/scripts/contract" --with
refused 'no such command' "$top/scripts/contract" --with missing

refused 'expected a number' "$top/scripts/mutants" --sample soon
refused 'expected a number' "$top/scripts/mutants" --seed 0
refused 'expected one argument' "$top/scripts/mutants" --jobs
refused 'no such file' "$top/scripts/mutants" --file core/nothing.c

refused 'expected DIR' "$top/scripts/judge-layer"
refused 'not a directory' "$top/scripts/judge-layer" nothing
refused 'holds no C sources' "$top/scripts/judge-layer" folder
refused 'expected a number' "$top/scripts/judge-layer" folder --runs soon

refused 'expected FILE' "$top/scripts/repro"
for command in repro 'dmarig run' 'dmarig print' 'dmarig asm' 'dmarig emit-c'; do
    read -ra words <<<"$command"
    refused 'missing.dma' "$top/scripts/${words[0]}" "${words[@]:1}" missing.dma
    refused 'folder' "$top/scripts/${words[0]}" "${words[@]:1}" folder
    refused 'large.dma' "$top/scripts/${words[0]}" "${words[@]:1}" large.dma
done
for command in repro 'dmarig run' 'dmarig asm' 'dmarig emit-c'; do
    read -ra words <<<"$command"
    refused 'wrong.dma:1:1: expected .*, found' "$top/scripts/${words[0]}" "${words[@]:1}" wrong.dma
done
if [[ $(id -u) != 0 ]]; then
    chmod 000 kept
    refused 'kept' "$top/scripts/repro" kept
    chmod 644 kept
fi

refused 'nothing' "$top/scripts/dmarig" nothing
refused 'kept/inner' "$top/scripts/dmarig" emit-c "$top/corpus/v1/seed/late_callback_after_reset.dma" -o kept/inner
refused 'nothing' "$top/scripts/dmarig" check --target nothing
refused 'soon' "$top/scripts/dmarig" check --runs soon
refused 'nonsense' "$top/scripts/dmarig" check --nonsense
refused 'nothing' "$top/scripts/dmarig" check --only nothing
refused 'nothing/seed' "$top/scripts/dmarig" sweep --corpus nothing
refused 'wrong.dma:1:1: expected' "$top/scripts/dmarig" sweep wrong.dma

refused 'expected a number' "$top/scripts/power" --seconds soon
refused 'no directory' "$top/scripts/power" --out nothing/power.md
refused 'unknown planted bug nothing' "$top/scripts/power" --bug nothing
refused 'unknown planted bug nothing' "$top/scripts/dmarig" selftest --bug nothing
refused 'unknown engine nothing' "$top/scripts/dmarig" selftest --engine nothing
refused '1 to 3600' "$top/scripts/dmarig" selftest --seconds 0
refused 'the corpus has no programs' "$top/scripts/dmarig" selftest --corpus nothing --engine replay
refused 'unknown planted bug nothing' "$top/scripts/dmarig" --planted nothing ops
refused 'expected the name' "$top/scripts/dmarig" --planted
refused 'no planted bugs' "$top/build/release/props/dmarig" selftest

if ! diff -r . "../$(basename "$place").before" >&2; then
    echo "FAILED: bad input changed files" >&2
    bad=1
fi
exit "$bad"
