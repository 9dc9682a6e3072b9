#!/usr/bin/env bash
# scripts/mutants --verify: an entry that names a mutant passes, one that names none fails, and what
# is no entry is refused.
#
#   tests/scripts/mutants.sh

# The backquotes are those of Markdown.
# shellcheck disable=SC2016
set -euo pipefail
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
bad=0

# expect CODE TEXT ENTRY: what --verify makes of the entry
expect() {
    local code=0
    printf '%s\n' '# Proofs' '' '## `rig_step`' '' "$3" >"$place/proofs.md"
    "$top/scripts/mutants" --verify --proofs "$place/proofs.md" >"$place/out" 2>&1 || code=$?
    if [[ $code != "$1" ]] || ! grep -q -e "$2" "$place/out"; then
        echo "FAILED: $3: status $code, expected $1 and '$2'" >&2
        cat "$place/out" >&2
        bad=1
    fi
}

expect 0 'proven=1 stale=0' '* `return false;` -> `return true;`: an example.'
expect 1 'proofs.md:5: no such mutant' '* `return 1;` -> `return true;`: an example.'
expect 1 'no such mutant' '* `return false;` -> `return true;` (2): an example.'
expect 2 'proofs.md:5: expected' '* `return false;` -> `return true;`'
expect 2 'proofs.md:5: expected' '* return false: an example.'
exit "$bad"
