#!/usr/bin/env bash
# Whether the rows of planted/bugs.def fit core/; what planted/plant.c makes of good rows, and of
# rows that do not fit.
#
#   tests/scripts/plant.sh COMPILER

set -euo pipefail
compiler=$1
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
cd "$place"
cp "$top/planted/plant.c" .
mkdir copies real
bad=0

"$compiler" -std=c11 -I"$top/planted" -o plant "$top/planted/plant.c"
./plant real "$top"/core/*.c

fail() {
    echo "FAILED: $1" >&2
    bad=1
}

cat >sum.c <<'END'
int other(int a, int b);

int sum(int a,
        int b)
{
    if (a > b)
        a = a +
            b;
    return a + b;
}

int other(int a, int b)
{
    return a - b;
}
END

# plant ROWS...: compiles the rows in and runs plant on sum.c
plant() {
    printf '%s\n' "$@" >bugs.def
    "$compiler" -std=c11 -o plant plant.c
    ./plant copies sum.c 2>err
}

# refused TEXT ROWS...
refused() {
    local code=0
    plant "${@:2}" || code=$?
    if [[ $code != 2 ]] || ! grep -qF -e "$1" err; then
        fail "status $code, expected 2 and '$1'"
        cat err >&2
    fi
}

row() {
    echo "BUG($1, \"$2\", \"$3\", $4, \"$5\", \"$6\", \"\", \"\", \"\", \"\")"
}

refused 'stands 2 times in sum' "$(row wrong sum.c sum VALUE 'a + b' 0)"
refused 'stands 0 times in sum' "$(row wrong sum.c sum VALUE 'a - b' 0)"
refused 'stands 0 times in other' "$(row wrong sum.c other VALUE 'a + b' 0)"
refused 'no function none' "$(row wrong sum.c none VALUE 'a > b' 0)"
refused 'no source missing.c' "$(row wrong missing.c sum VALUE 'a > b' 0)"
refused 'overlap' "$(row one sum.c sum VALUE 'a > b' 0)" \
    "$(row two sum.c sum STATEMENT 'if (a > b)' 'if (a)')"
[[ -z $(ls copies) ]] || fail 'a refused row left a copy'

# Two bugs share a text, one stands alone; each line keeps its number.
plant "$(row value sum.c sum VALUE 'a > b' 'a < b')" "$(row again sum.c sum VALUE 'a > b' 'a >= b')" \
    "$(row statement sum.c sum STATEMENT 'a = a + b;' 'a = b;')"
cat >planted.h <<'END'
#include <stdbool.h>
enum { PLANTED_value, PLANTED_again, PLANTED_statement, PLANTED_COUNT };
extern int planted_selected, planted_reached, planted_triggered;
#define planted_at(bug) (planted_selected == (bug) && ++planted_reached)
#define planted_wrong(wrong) (planted_triggered += (wrong))
END
cat >main.c <<'END'
#include "planted.h"
#include <stdio.h>
int planted_selected = PLANTED_COUNT, planted_reached, planted_triggered;
int sum(int a, int b);
int main(void)
{
    for (planted_selected = 0; planted_selected <= PLANTED_COUNT; planted_selected++) {
        planted_reached = planted_triggered = 0;
        printf("%d %d", sum(2, 1), sum(1, 1));
        printf(" reached %d triggered %d\n", planted_reached, planted_triggered);
    }
}
END
"$compiler" -std=c11 -Wall -Wextra -Wpedantic -Werror -I. -o main main.c copies/sum.c
./main >got
cat >expected <<'END'
3 2 reached 2 triggered 1
4 3 reached 2 triggered 1
2 2 reached 1 triggered 1
4 2 reached 0 triggered 0
END
diff expected got >&2 || fail 'the copy does something else'
[[ $(grep -n 'return a + b' copies/sum.c | cut -d : -f 1) == 11 ]] || fail 'a line has moved'
touch -d '2001-01-01' copies/sum.c
./plant copies sum.c
[[ $(date -r copies/sum.c +%Y) == 2001 ]] || fail 'a copy was written though nothing changed'
exit "$bad"
