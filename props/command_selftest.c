/*
 * command_selftest.c: dmarig selftest in a build without planted bugs. The other one is in
 * planted/.
 */
#include "command.h"

int command_selftest(int argc, char **argv, const volatile sig_atomic_t *stop)
{
    (void)argc;
    (void)argv;
    (void)stop;
    return usage_error("selftest", "this build has no planted bugs; `scripts/dmarig selftest` "
                                   "makes and runs the one that has");
}
