#!/usr/bin/env bash
# Every planted bug as C: the smallest program that finds it is written as C by the machine with the
# bug, and every fourth one by the sound machine too. Each file fails on the machine with the bug and
# passes on core/ as it is.
#
#   tests/scripts/planted_reproducers.sh DMARIG ARCHIVE...
#
# DMARIG is the command of the build with planted bugs, ARCHIVE... are its libraries of core/.

set -euo pipefail
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
dmarig=$1
planted=("-Wl,--start-group" "${@:2}" "-Wl,--end-group")
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
cd "$top"
unset DMARIG_PLANTED
flags=(-std=c11 -O0 -Wall -Wextra -Wpedantic -Werror -Iinclude -Icore)

# core/ without a trace of planted bugs
mkdir "$place/core"
(cd "$place/core" && gcc -std=c11 -O0 -I"$top/include" -I"$top/core" -c "$top"/core/*.c)

# program BUG: the smallest one known that finds it
program() {
    local seed
    # A search that ends in a crash of the machine leaves no program: another seed, far from it, for
    # neighbouring ones make the same programs.
    for seed in 1 {1000..20000..1000}; do
        [[ ! -e $place/programs/$1.dma ]] || break
        "$dmarig" selftest --bug "$1" --engine random --seed "$seed" \
            --programs "$place/programs" >"$place/said"
    done
    echo "$place/programs/$1.dma"
}

# tells BUG FILE: FILE fails with the bug, and passes without it
tells() {
    gcc "${flags[@]}" -c "$2" -o "$2.o" &&
        gcc "$2.o" "${planted[@]}" -o "$2.planted" &&
        gcc "$2.o" "$place"/core/*.o -o "$2.clean" || return 1
    if [[ $(timeout 20 "$2.clean") != passed ]]; then
        echo "$1: the sound machine fails" >&2
        return 1
    fi
    if DMARIG_PLANTED=$1 timeout 20 "$2.planted" >"$place/said" 2>&1; then
        echo "$1: the machine with the bug passes" >&2
        return 1
    fi
}

"$dmarig" selftest --engine replay --corpus corpus/v1 --programs "$place/programs" >"$place/said"
bugs=0 files=0 bad=0
while read -r bug; do
    bugs=$((bugs + 1))
    file=$(program "$bug")
    DMARIG_PLANTED=$bug "$dmarig" emit-c "$file" >"$place/$bug.from_planted.c"
    tells "$bug" "$place/$bug.from_planted.c" || bad=$((bad + 1))
    files=$((files + 1))
    if ((bugs % 4 == 0)); then
        "$dmarig" emit-c "$file" >"$place/$bug.from_sound.c"
        tells "$bug" "$place/$bug.from_sound.c" || bad=$((bad + 1))
        files=$((files + 1))
    fi
    rm -f "$place/$bug".from_*
done < <("$dmarig" selftest --list | sed -n 's/^\([a-z][a-z_0-9]*\) .*/\1/p')
echo "planted reproducers: bugs=$bugs files=$files failed=$bad"
((bugs > 0 && bad == 0))
