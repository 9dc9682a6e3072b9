/*
 * What property: any byte string is a program, and none makes the judge object.
 *
 * A finding is reported and aborts, which is how the engines learn of it.
 */
#include "front.h"
#include "tally.h"
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static struct statistics statistics;
    static struct program program;
    bool found;

    program_decode(&program, bytes, size);
    front_narrow(&program);
    found = front_run(&program, &statistics);
    tally(&statistics);
    if (found) {
        tally_end();
        front_report(stderr, &program, "scripts/fuzz saves this program as text");
        abort();
    }
    return 0;
}
