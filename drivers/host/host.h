/*
 * host.h: a driver under test, its own source, with operating system and device played by a
 * program.
 *
 * Of a program only what system and device do is run: what a driver would do the driver does. After
 * the last record the host brings everything to rest, pauses and halts each adapter and unloads the
 * driver. The first broken rule, wrong frame, lost NET_BUFFER_LIST or leftover is the finding.
 */
#ifndef DMARIG_HOST_H
#define DMARIG_HOST_H

#include "program.h"
#include "run.h"

struct host;

/* What the driver has done wrong. */
struct host_finding {
    char identity[32];        /* "SGL-32", "host.payload" */
    char text[160];           /* what is expected, or what happened */
    const char *code;         /* Windows' name for it, "" if none */
    const char *call;         /* function or callback, "" if none */
    unsigned record;          /* index, 0..; the program's length: while coming to rest */
    uint32_t at, made, freed; /* places in the trace: the call, the object; 0: none */
    uint32_t last;            /* place of the last call before it was found */
};

struct host_statistics {
    uint64_t sends, completed;
};

struct host *host_make(DRIVER_INITIALIZE *entry); /* NULL: no memory */
void host_free(struct host *host);
/* Drop the records that a hosted driver leaves no place for. */
void host_narrow(struct program *program);
/* Run a narrowed program and judge the driver; true: there is a finding. statistics may be NULL. */
bool host_run(struct host *host, const struct program *program, struct statistics *statistics);
/* Of the last run. */
const struct host_finding *host_finding(const struct host *host);
void host_report(FILE *to, const struct host *host, const struct program *program);
/* Make a program that has a finding as small as the same finding allows. */
void host_shrink(struct host *host, struct program *program);
/* Of all runs. */
struct host_statistics host_statistics(const struct host *host);

/* A random program of what system and device do; a pure function of SEED. */
void host_generate(struct program *program, uint64_t seed);

#endif
