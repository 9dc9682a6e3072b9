/*
 * isolate.h: a job in a process of its own. When the job crashes or never ends, the caller lives and
 * is told how.
 */
#ifndef DMARIG_ISOLATE_H
#define DMARIG_ISOLATE_H

#include <stdbool.h>
#include <stddef.h>

enum job_end { JOB_DONE, JOB_CRASHED, JOB_HUNG, JOB_STOPPED };
enum { CAUSE_MAX = 160 };

/* CAUSE is one line without addresses and line numbers, equal whenever the same thing goes wrong:
 * "assertion held <= total in registers_take", "AddressSanitizer use-after-poison in list_free",
 * "SIGSEGV"; empty for JOB_DONE. JOB_STOPPED: the process was told to end (SIGINT, SIGTERM, ...),
 * or there was none to be had. */
struct job_result {
    enum job_end end;
    char cause[CAUSE_MAX];
};

/* Runs JOB(CONTEXT) in a child and waits for it. Of what the job writes to memory the caller sees
 * only what is shared_memory. What it says on standard error is read for the cause and shown only if
 * the job is done. */
void isolate(void (*job)(void *context), void *context, struct job_result *result);

/* What the last job that was not done said on standard error: a sanitizer's report, for one. */
const char *isolate_words(void);

/* For a job, now and then: it has not hung until it has used so much processor time from here on. A
 * job whose caller is gone ends here. */
void isolate_alive(unsigned milliseconds);

/* SIZE bytes of zeros that a job and its caller share; NULL: no memory. */
void *shared_memory(size_t size);
void shared_memory_free(void *memory, size_t size);

#endif
