#!/usr/bin/env bash
# Programs of the corpus as C: each file compiles without a warning, with gcc and with clang, and
# passes; and so does the command that its head names.
#
#   tests/scripts/reproducers.sh [--all] DMARIG ARCHIVE...
#
# DMARIG is the command, ARCHIVE... are the libraries of core/. Every 23rd program is taken, or, with
# --all, every one, which takes some minutes.

set -euo pipefail
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
every=23
if [[ ${1-} == --all ]]; then
    every=1
    shift
fi
dmarig=$1
archives=("${@:2}")
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
cd "$top"

# passes PROGRAM COMPILER
passes() {
    "$dmarig" emit-c "$1" >"$place/repro.c" &&
        "$2" -std=c11 -Wall -Wextra -Wpedantic -Werror -Iinclude -Icore "$place/repro.c" \
            -Wl,--start-group "${archives[@]}" -Wl,--end-group -o "$place/repro" &&
        [[ $(timeout 20 "$place/repro") == passed ]]
}

programs=(corpus/v1/*/*.dma)
compilers=(gcc clang)
taken=0 bad=0
for ((i = 0; i < ${#programs[@]}; i += every)); do
    compiler=${compilers[taken % 2]}
    taken=$((taken + 1))
    passes "${programs[i]}" "$compiler" || {
        echo "FAILED: ${programs[i]} as C, with $compiler" >&2
        bad=$((bad + 1))
    }
done

# The command that the head names, as it stands there, but for where it writes.
"$dmarig" emit-c "${programs[0]}" -o "$place/repro.c" >"$place/said"
command=$(sed -n 's,^//   \(cc .*\) -o repro .*,\1,p' "$place/repro.c")
[[ -n $command && $(<"$place/said") == "emit-c: $command -o repro && ./repro" ]] || {
    echo "FAILED: no command in the head, or another one is said" >&2
    bad=$((bad + 1))
}
if ! eval "$command -o $place/repro" || [[ $("$place/repro") != passed ]]; then
    echo "FAILED: $command" >&2
    bad=$((bad + 1))
fi
echo "reproducers: programs=$taken of ${#programs[@]} failed=$bad"
((bad == 0))
