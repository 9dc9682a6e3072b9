#!/usr/bin/env bash
# A program of a hosted driver that does not do what its head says is a finding.
#
#   tests/scripts/hosted_heads.sh COMMAND FILE
#
# FILE's head is right; with another rule, another record, none at all, or where the driver does nothing
# wrong, the command must end with status 1 and say what it expected or found.

set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
bad=0

# told CODE TEXT: the command ends with CODE on the file and says TEXT
told() {
    local code=0
    "$command" "$place/program.dma" >"$place/out" 2>&1 || code=$?
    if [[ $code != "$1" ]] || ! grep -qF -e "$2" "$place/out"; then
        echo "FAILED: status $code, expected $1 and '$2'" >&2
        cat "$place/out" >&2
        bad=1
    fi
}

# with SCRIPT: the file as sed changes it
with() {
    sed -E "$1" "$file" >"$place/program.dma"
}

command=$1 file=$2
head=$(sed -n 's/^# trips \(.*\) at record \(.*\)$/\1 \2/p' "$file")
read -r rule record <<<"$head"

with ''
told 0 "ok $rule "
with "s/^# trips $rule /# trips SDV-09 /"
told 1 "expected SDV-09 at record $record"
with "s/ at record $record\$/ at record 1/"
told 1 "expected $rule at record 1"
with '/^# trips/d'
told 1 "finding $rule:"
with '/^(send|device_run|step)\(/d'
told 1 "expected $rule at record $record"
exit "$bad"
