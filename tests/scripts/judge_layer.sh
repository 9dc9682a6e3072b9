#!/usr/bin/env bash
# What scripts/judge-layer says of a layer that is no good, of one that lacks a function, of one that
# fails, and of one that passes.
#
#   tests/scripts/judge_layer.sh

set -euo pipefail
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
cd "$place"

# says STATUS TEXT COMMAND...: ends with STATUS and says TEXT
says() {
    local code=0
    "${@:3}" >out 2>&1 </dev/null || code=$?
    if [[ $code != "$1" ]] || ! grep -qE -e "$2" out; then
        echo "FAILED: ${*:3}: status $code, expected $1 and '$2'" >&2
        tail -n 40 out >&2
        exit 1
    fi
}

mkdir empty half broken twin
says 1 'empty holds no C sources' cmake -S "$top" -B build -G Ninja -DDMARIG_NDIS_LAYER="$place/empty"
sed '/^ULONG NdisMGetDmaAlignment/,/^}/d' "$top/tests/ndis_layer/layer.c" >half/layer.c
says 2 'does not define NdisMGetDmaAlignment$' "$top/scripts/judge-layer" half
echo 'not C' >broken/layer.c
says 2 'broken: does not build' "$top/scripts/judge-layer" broken
patch --quiet --output=twin/layer.c "$top/tests/ndis_layer/layer.c" \
    "$top/tests/ndis_layer/faulty/direction_forgotten.patch"
says 1 '^layer: programs=.* findings=[1-9]' "$top/scripts/judge-layer" twin --runs 10
grep -q '^FAIL layer.hal_rules' out
says 0 '^layer: programs=.* whole=[1-9].* part=[1-9].* random=500 lists=[1-9].* findings=0$' \
    "$top/scripts/judge-layer" "$top/tests/ndis_layer" --runs 500
