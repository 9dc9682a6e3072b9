/*
 * shrink_apart.c: a shrinker that may die at any candidate, and starts again where it was.
 *
 * The child keeps its answers in shared memory. When it dies, who waits for it adds the answer that
 * it could not give, and the next child repeats the same steps with these answers, which costs next
 * to nothing, up to the first question that has none.
 */
#include "shrink_apart.h"
#include "explain.h"
#include "run.h"
#include "shrink.h"
#include <string.h>

enum {
    ANSWERS_MAX = 2 * SHRINK_TRIES_MAX,
    WORK_MAX = SHRINK_WORK_MAX + SHRINK_WORK_MAX / 4, /* shrinking, then explaining */
    PATIENCE = 50, /* milliseconds of processor time; a program takes less than one */
    DEATHS_MAX = 200,
    DEATHS_IN_A_HANG = 5,      /* a hang is dearer than a crash */
    REPEATED_MAX = 1000 * 1000 /* answers that children after the first one begin with, in all */
};

struct journal {
    struct program program;
    uint16_t free_operands[PROGRAM_MAX];
    unsigned tried, answered;
    uint64_t work; /* of all children */
    bool closed;   /* no more questions */
    bool answers[ANSWERS_MAX];
};
struct apart {
    struct journal *journal; /* shared */
    bool (*still_fails)(void *context, const struct program *program);
    void *context;
    unsigned asked;
};

static bool ask(void *context, const struct program *program)
{
    struct apart *apart = context;
    struct journal *journal = apart->journal;
    unsigned number = apart->asked++;
    uint64_t begun = runs_work();

    if (number < journal->answered)
        return journal->answers[number];
    if (journal->closed || number == ANSWERS_MAX)
        return false;
    isolate_alive(PATIENCE);
    journal->answers[number] = apart->still_fails(apart->context, program);
    journal->work += runs_work() - begun;
    journal->closed = journal->work >= WORK_MAX;
    return journal->answers[journal->answered++];
}

static void shrink_job(void *context)
{
    struct apart *apart = context;
    struct journal *journal = apart->journal;
    struct program program = journal->program;

    apart->asked = 0;
    journal->tried = shrink_program(&program, ask, apart);
    explain_program(&program, ask, apart, journal->free_operands);
    journal->program = program;
}

static bool ends_alike(const struct job_result *a, const struct job_result *b)
{
    return a->end == b->end && strcmp(a->cause, b->cause) == 0;
}

/* Child after child; false: there is none to be had. */
static bool shrink_to_the_end(struct apart *apart, const struct job_result *wanted)
{
    struct journal *journal = apart->journal;
    struct job_result result;
    unsigned deaths = 0, repeated = 0;

    for (;;) {
        isolate(shrink_job, apart, &result);
        if (result.end == JOB_DONE || result.end == JOB_STOPPED)
            return result.end == JOB_DONE;
        journal->answers[journal->answered++] = wanted && ends_alike(&result, wanted);
        deaths += result.end == JOB_HUNG ? DEATHS_IN_A_HANG : 1;
        repeated += journal->answered;
        journal->closed |= deaths >= DEATHS_MAX || repeated >= REPEATED_MAX;
    }
}

unsigned shrink_apart(struct program *program,
                      bool (*still_fails)(void *context, const struct program *program),
                      void *context, const struct job_result *wanted,
                      uint16_t free_operands[PROGRAM_MAX])
{
    struct journal *journal = shared_memory(sizeof *journal);
    struct apart apart = {.journal = journal, .still_fails = still_fails, .context = context};
    unsigned tried = 0;

    if (!journal)
        return 0;
    journal->program = *program;
    if (shrink_to_the_end(&apart, wanted)) {
        *program = journal->program;
        memcpy(free_operands, journal->free_operands, sizeof journal->free_operands);
        tried = journal->tried;
    }
    shared_memory_free(journal, sizeof *journal);
    return tried;
}

/* ---- one program ---- */

struct attempt {
    bool (*still_fails)(void *context, const struct program *program);
    void *context;
    const struct program *program;
};

static void run_attempt(void *context)
{
    const struct attempt *attempt = context;

    isolate_alive(PATIENCE);
    attempt->still_fails(attempt->context, attempt->program);
}

void run_apart(const struct program *program,
               bool (*still_fails)(void *context, const struct program *program), void *context,
               struct job_result *result)
{
    struct attempt attempt = {.still_fails = still_fails, .context = context, .program = program};

    isolate(run_attempt, &attempt, result);
}

/* ---- the report ---- */

const char *crash_name(const struct job_result *crash)
{
    return crash->end == JOB_HUNG ? "hang" : "crash";
}

unsigned crash_record(const struct program *program,
                      bool (*still_fails)(void *context, const struct program *program),
                      void *context, const struct job_result *crash)
{
    struct program part = *program;
    struct job_result end;

    for (part.count = 0; part.count < program->count; part.count++) {
        run_apart(&part, still_fails, context, &end);
        if (ends_alike(&end, crash))
            break;
    }
    return part.count ? part.count - 1 : 0;
}

void crash_report(FILE *to, const struct program *program, const struct job_result *crash,
                  unsigned record, const char *replay, const uint16_t *free_operands)
{
    const char *name = crash_name(crash);
    char token[CAUSE_MAX + 8];
    const struct failure failure = {.name = name,
                                    .meaning = "every program ends, and its process lives",
                                    .rules = "",
                                    .token = token,
                                    .expected = "a run to the end",
                                    .actual = crash->cause,
                                    .record = record};

    snprintf(token, sizeof token, "%s %s", name, crash->cause);
    report_failure(to, program, &failure, replay, free_operands);
}
