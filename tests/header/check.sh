#!/usr/bin/env bash
set -euo pipefail

usage() {
    cat <<'TEXT'
usage: check.sh [CC]

Compiles right_call.c, which must succeed, and every wrong_*.c beside it, which must fail. A wrong
file says on its first line which text the error must hold, as an extended regular expression:

    /* expect: too few arguments */

and may say on its second line which flags to add:

    /* flags: -fno-short-wchar */

CC is the compiler, cc if left out. Exit status: 0 if all is as it must be, 1 if not, 2 on misuse.
TEXT
}

case "${1-}" in
-h | --help)
    usage
    exit 0
    ;;
esac
if (($# > 1)); then
    usage >&2
    exit 2
fi

cc=${1:-cc}
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# Pool tags are character constants of four letters.
flags=(-std=c11 -Wall -Wextra -Werror -Wno-multichar -fshort-wchar -fsyntax-only
    -I"$here/../../include")
export LC_ALL=C
if ! command -v "$cc" >/dev/null; then
    echo "check.sh: no compiler $cc" >&2
    exit 2
fi

bad=0
wrong=0

fail() {
    echo "check.sh: $cc: $1" >&2
    bad=1
}

# named LINE_NUMBER KEY FILE: the text of a "/* KEY: text */" line, or nothing
named() {
    sed -n "$1s|^/\* $2: \(.*\) \*/\$|\1|p" "$3"
}

if ! output=$("$cc" "${flags[@]}" "$here/right_call.c" 2>&1); then
    fail "right_call.c does not compile"
    echo "$output" >&2
fi

for file in "$here"/wrong_*.c; do
    name=${file##*/}
    expected=$(named 1 expect "$file")
    read -ra extra <<<"$(named 2 flags "$file")"
    wrong=$((wrong + 1))
    if [[ -z $expected ]]; then
        fail "$name: no /* expect: ... */ on the first line"
    elif output=$("$cc" "${flags[@]}" ${extra[@]+"${extra[@]}"} "$file" 2>&1); then
        fail "$name compiles"
    elif ! grep -E 'error:' <<<"$output" | grep -Eq "$expected"; then
        fail "$name fails, but without '$expected'"
        echo "$output" >&2
    fi
done

((bad == 0)) || exit 1
echo "header: $cc: right_call.c compiles, $wrong wrong files do not"
