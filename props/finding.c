/* finding.c: see finding.h. */
#define _POSIX_C_SOURCE 200809L
#include "finding.h"
#include "explain.h"
#include "files.h"
#include "shrink_apart.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

bool finder_open(struct finder *finder)
{
    finder->runner = runner_make();
    finder->finding = shared_memory(sizeof *finder->finding);
    if (finder->runner && finder->finding)
        return true;
    finder_close(finder);
    return false;
}

void finder_close(struct finder *finder)
{
    runner_free(finder->runner);
    shared_memory_free(finder->finding, sizeof *finder->finding);
    finder->runner = NULL;
    finder->finding = NULL;
}

/* ---- shrinking ---- */

static bool fails_again(void *context, const struct program *program)
{
    const struct finder *finder = context;
    struct run_options options = {.legal_only = finder->legal_only, .only = finder->property};
    struct outcome outcome;

    runner_run(finder->runner, program, &options, &outcome);
    finder->finding->verdict = outcome.verdict;
    return outcome.verdict.property != PROPERTY_NONE &&
           outcome.verdict.property == finder->property;
}

static bool ends_alike(const struct job_result *a, const struct job_result *b)
{
    return a->end == b->end && strcmp(a->cause, b->cause) == 0;
}

void finding_take(struct finder *finder, const struct program *program, enum property property,
                  const struct job_result *crash)
{
    struct finding *finding = finder->finding;
    struct job_result alone;

    finding->program = *program;
    program_canonical(&finding->program);
    finder->property = property;
    memset(finder->free_operands, 0, sizeof finder->free_operands);
    finding->verdict.property = PROPERTY_NONE;
    run_apart(&finding->program, fails_again, finder, &alone);
    if (crash ? ends_alike(&alone, crash) : finding->verdict.property == property)
        shrink_apart(&finding->program, fails_again, finder, crash, finder->free_operands);
    run_apart(&finding->program, fails_again, finder, &alone);
}

/* ---- telling and saving ---- */

const char *finding_name(const struct finder *finder, const struct job_result *crash)
{
    return crash ? crash_name(crash) : property_row(finder->property)->name;
}

static char *finding_text(const struct finder *finder, const char *name, const char *note)
{
    char *text = NULL;
    size_t size = 0;
    FILE *file = open_memstream(&text, &size);

    if (!file)
        return NULL;
    fprintf(file, "# fails %s, %s\n", name, note);
    program_print(&finder->finding->program, file);
    if (fclose(file) == 0)
        return text;
    free(text);
    return NULL;
}

static bool save(const struct finder *finder, const char *name, const char *note, const char *path)
{
    char error[FILE_ERROR_MAX], *text = finding_text(finder, name, note);
    bool good = text && (mkdir(finder->directory, 0755) == 0 || errno == EEXIST) &&
                file_write(path, text, strlen(text), error);

    free(text);
    if (!good)
        fprintf(stderr, "dmarig %s: cannot write %s\n", finder->command, path);
    return good;
}

/* It is shrunk: this is the one that was running. */
static unsigned last_record(const struct program *program)
{
    return program->count ? program->count - 1 : 0;
}

bool finding_tell(const struct finder *finder, const struct job_result *crash, const char *tail,
                  const char *note)
{
    const struct finding *finding = finder->finding;
    const char *name = finding_name(finder, crash);
    char path[2048], replay[2100];

    snprintf(path, sizeof path, "%s/%s-%s.dma", finder->directory, name, tail);
    snprintf(replay, sizeof replay, "dmarig run %s", path);
    fputc('\n', finder->out);
    if (crash)
        crash_report(finder->out, &finding->program, crash, last_record(&finding->program), replay,
                     finder->free_operands);
    else
        report_explained(finder->out, &finding->program, &finding->verdict, replay,
                         finder->free_operands);
    return save(finder, name, note, path);
}
