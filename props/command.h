/*
 * command.h: the subcommands of dmarig. Each gets its own argument vector (argv[0] is its name) and
 * the flag that Ctrl-C sets, and returns an exit code of options.h.
 */
#ifndef DMARIG_COMMAND_H
#define DMARIG_COMMAND_H

#include "options.h"
#include <signal.h>

typedef int command_function(int argc, char **argv, const volatile sig_atomic_t *stop);

command_function command_run, command_print, command_asm;             /* command_files.c */
command_function command_shrink;                                      /* command_shrink.c */
command_function command_emit;                                        /* command_emit.c */
command_function command_check;                                       /* command_check.c */
command_function command_sweep;                                       /* command_sweep.c */
command_function command_exhaustive;                                  /* command_exhaustive.c */
command_function command_selftest, command_minima;                    /* also in planted/ */
command_function command_rules;                                       /* command_rules.c */
command_function command_ops, command_settings;                       /* catalogue.c */
command_function command_sites;                                       /* catalogue.c */
command_function command_targets, command_starts, command_properties; /* catalogue.c */

#endif
