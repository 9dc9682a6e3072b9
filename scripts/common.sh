# shellcheck shell=bash
# common.sh: what the scripts share; sourced, not run.

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
self=scripts/$(basename "$0")
export LC_ALL=C

# die MESSAGE: a usage or input error
die() {
    echo "$self: $1" >&2
    exit 2
}

# The comment at the head of the script, from its second line to the first empty one.
help() {
    sed -n '2,/^$/{/^#/!d;s/^# \{0,1\}//;p}' "$0"
}

# number NAME TEXT: TEXT if it is a decimal number that fits, or an error
number() {
    [[ $2 =~ ^[0-9]{1,9}$ ]] || die "$1: expected a number, found '$2'"
    echo "$((10#$2))"
}

# build PRESET [TARGET...]: configure if that is new, then build; quiet unless it fails
build() {
    local preset=$1 log=$top/build/$1.log
    shift
    mkdir -p "$top/build"
    (
        flock 9
        cd "$top" || exit 1
        if [[ ! -e build/$preset/build.ninja ]]; then
            cmake --preset "$preset"
        fi &&
            cmake --build "build/$preset" ${1+--target "$@"}
    ) >"$log" 2>&1 9>"$top/build/.lock" || {
        cat "$log" >&2
        die "the build $preset failed"
    }
}

# fuzz_targets: the names in fuzz/targets
fuzz_targets() {
    sed -n 's/^\([a-z][a-z_0-9]*\) .*/\1/p' "$top/fuzz/targets"
}
