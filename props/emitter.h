/*
 * emitter.h: what the files emit*.c share.
 *
 * An emitter looks on while a run is played. Each callback becomes a C function, complete when the
 * callback returns, so that a function stands before those that wait for it. A step is written when
 * its call is over: first what had to come of it, as the run told it, then the call.
 */
#ifndef DMARIG_EMITTER_H
#define DMARIG_EMITTER_H

#include "emit.h"
#include "interpret.h"
#include "sheet.h"
#include <limits.h>

enum { FUNCTION_NAME_MAX = 48, EXPRESSION_MAX = 96 };
#define MOMENTS_UNLIMITED UINT_MAX

/* A callback that runs, or main; and the step in it. */
struct emit_frame {
    struct sheet body, step; /* step: the call and what surrounds it */
    char name[FUNCTION_NAME_MAX];
    bool open, scoped;               /* a step is; it has variables of its own */
    unsigned events;                 /* of the open step */
    enum rig_timing outside, timing; /* in force outside the open step, and in it */
};

struct emitter {
    struct observer observer; /* stays first */
    struct sheet functions;   /* that are complete */
    struct emit_frame frames[RIG_FRAMES + 1];
    unsigned depth;        /* of the frame that runs; 0 is main */
    unsigned events_most;  /* of any step */
    bool over;             /* the run has failed: all is written */
    unsigned moments_left; /* until the run has to end */
    unsigned name_count;
    char names[PROGRAM_MAX][FUNCTION_NAME_MAX]; /* of functions */
};

/* ---- emit.c ---- */

struct emitter *emitter_make(void); /* NULL: no memory */
void emitter_free(struct emitter *e);

/* A line of the open step, or, if there is none, of the function. */
void emit_line(struct emitter *e, const char *format, ...) __attribute__((format(printf, 2, 3)));
void emit_gap(struct emitter *e);
/* The open step gets variables; before its first line. */
void emit_scope(struct emitter *e);

/* ---- emit_call.c ---- */

/* The call that the runner is about to make, and what stands before it. */
void emit_call(struct emitter *e, struct runner *r, const struct call *c);
/* What is checked when it is over. */
void emit_then(struct emitter *e, struct runner *r, const struct call *c);

/* ---- emit_name.c: expressions; TEXT has EXPRESSION_MAX bytes, and is returned ---- */

/* What the name NUMBER of CLASS stands for. */
const char *emit_name(const struct oracle *o, enum name_class class, unsigned number, char *text);
/* The argument number I of a call. */
const char *emit_argument(const struct oracle *o, const struct call *c, unsigned i, char *text);
const char *emit_context(enum name_class class, unsigned number, char *text);
const char *emit_status(NTSTATUS status, bool ndis, char *text);
/* FLAGS of a call, by name where ndis.h has one. */
const char *emit_flags(const struct call *c, unsigned flags, char *text);
const char *emit_level(KIRQL level);
const char *emit_number(uint64_t number, char *text);
/* What buffer NUMBER has to hold, from OFFSET on. */
const char *emit_model(unsigned number, uint32_t offset, char *text);

/* ---- emit_clause.c, emit_struct.c: what surrounds a call, by emit.def ---- */

/* Lines before the call; false: nothing is called. */
typedef bool emit_before_function(struct emitter *e, struct runner *r, const struct call *c);
/* Lines behind it. */
typedef void emit_then_function(struct emitter *e, struct runner *r, const struct call *c);

#define EMIT(name, result, call, before, then)   \
    extern emit_before_function before_##before; \
    extern emit_then_function then_##then;
#include "emit.def"
#undef EMIT

/* ---- emit_list.c: memory and lists ---- */

/* A static array NAME of the ranges of memory that LENGTH bytes of Q's mapping from SKIP on are;
 * FREE: they can hold anything. */
void emit_ranges(struct emitter *e, const struct oracle *o, const struct request *q,
                 const char *name, uint32_t skip, uint32_t length, bool free);
void emit_arriving(struct emitter *e, const struct oracle *o, const struct request *q);
/* LENGTH bytes at HERE, an expression, are what BUFFER has to hold from OFFSET on. */
void emit_holds(struct emitter *e, const struct oracle *o, const char *here, unsigned buffer,
                uint32_t offset, uint32_t length);
void emit_memory(struct emitter *e, const struct oracle *o, unsigned buffer);
void emit_list(struct emitter *e, const struct oracle *o, unsigned number);
void emit_completion(struct emitter *e, const struct oracle *o, unsigned number); /* of a block */
void emit_remains(struct emitter *e, struct runner *r);

#endif
