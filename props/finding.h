/*
 * finding.h: what a search came upon: shrunk, told and kept, whether it failed a property or ended its
 * process.
 */
#ifndef DMARIG_FINDING_H
#define DMARIG_FINDING_H

#include "isolate.h"
#include "run.h"

/* In memory that the processes which shrink it share. */
struct finding {
    struct program program;
    struct verdict verdict; /* of the run before */
};

struct finder {
    const char *command;   /* that looks: "check" */
    const char *directory; /* that findings are saved in; made if need be */
    FILE *out;             /* that they are told to */
    struct runner *runner;
    bool legal_only;
    /* of the finding at hand */
    struct finding *finding;
    enum property property; /* that it fails, or that alone is judged while it crashes */
    uint16_t free_operands[PROGRAM_MAX];
};

/* What is told in the fields of FINDER above `finding` holds; false: no memory. */
bool finder_open(struct finder *finder);
void finder_close(struct finder *finder);

/* PROGRAM, which fails PROPERTY, or ends its process like CRASH if that is not NULL, is shrunk and
 * becomes the finding at hand. One that does not do so by itself stays as it is. */
void finding_take(struct finder *finder, const struct program *program, enum property property,
                  const struct job_result *crash);

/* "sg.reach", "crash", "hang" */
const char *finding_name(const struct finder *finder, const struct job_result *crash);

/* The finding at hand is reported and saved as text, as DIRECTORY/NAME-TAIL.dma, with a head that ends
 * with NOTE. False, told on standard error: it could not be saved. */
bool finding_tell(const struct finder *finder, const struct job_result *crash, const char *tail,
                  const char *note);

#endif
