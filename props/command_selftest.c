/*
 * command_selftest.c: dmarig selftest and minima in a build without planted bugs. The others are in
 * planted/.
 */
#include "command.h"

static int no_bugs(const char *command)
{
    return usage_error(command,
                       "this build has no planted bugs; `scripts/dmarig %s` makes and runs "
                       "the one that has",
                       command);
}

int command_selftest(int argc, char **argv, const volatile sig_atomic_t *stop)
{
    (void)argc;
    (void)argv;
    (void)stop;
    return no_bugs("selftest");
}

int command_minima(int argc, char **argv, const volatile sig_atomic_t *stop)
{
    (void)argc;
    (void)argv;
    (void)stop;
    return no_bugs("minima");
}
