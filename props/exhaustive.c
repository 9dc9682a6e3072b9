/*
 * exhaustive.c: level by level through the strings of letters.
 */
#include "exhaustive.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { ASK_EVERY = 256, BATCH = 16384, ALIVE_EVERY = 64, PATIENCE = 1000 };

_Static_assert(EXHAUSTIVE_DEPTH *LETTER_RECORDS < PROGRAM_MAX - 48, "room for a start program");

/* ---- a set of digests ---- */

struct digest_set {
    uint64_t *slots; /* 0: empty */
    size_t size, count;
};

static bool set_grow(struct digest_set *set);

/* Returns whether DIGEST, not 0, is new; FULL is set if there was no memory to keep it. */
static bool set_add(struct digest_set *set, uint64_t digest, bool *full)
{
    size_t i;

    if (set->count * 2 >= set->size && !set_grow(set)) {
        *full = true;
        return false;
    }
    for (i = (digest >> 7) & (set->size - 1); set->slots[i]; i = (i + 1) & (set->size - 1))
        if (set->slots[i] == digest)
            return false;
    set->slots[i] = digest;
    set->count++;
    return true;
}

static bool set_grow(struct digest_set *set)
{
    struct digest_set bigger = {.size = set->size ? set->size * 2 : 4096};
    bool full = false;

    bigger.slots = calloc(bigger.size, sizeof *bigger.slots);
    if (!bigger.slots)
        return false;
    for (size_t i = 0; i < set->size; i++)
        if (set->slots[i])
            set_add(&bigger, set->slots[i], &full);
    free(set->slots);
    *set = bigger;
    return true;
}

/* ---- strings of letters ---- */

struct node {
    uint64_t view;
    unsigned happened;
    uint8_t letters[EXHAUSTIVE_DEPTH];
};
struct level {
    struct node *nodes;
    size_t count, size;
};

static bool level_add(struct level *level, const struct node *node)
{
    if (level->count == level->size) {
        size_t size = level->size ? level->size * 2 : 1024;
        struct node *nodes = realloc(level->nodes, size * sizeof *nodes);

        if (!nodes)
            return false;
        level->nodes = nodes;
        level->size = size;
    }
    level->nodes[level->count++] = *node;
    return true;
}

/* ---- the search ---- */

/* What came of a program. */
struct trial {
    uint64_t state, view;
    unsigned happened, calls;
    bool good, delivers; /* nothing is wrong with it; it delivers lists after the start program */
    bool crashed;        /* it ended its process; it has been told */
};

/* Programs that are run in one process: all letters behind each of some strings, in order. */
struct batch {
    unsigned count, made; /* programs; of these, trials that are done */
    bool starved;         /* there was no memory to run them */
    struct trial trials[BATCH];
};

struct search {
    const struct exhaustive_options *options;
    struct exhaustive_result *result;
    struct runner *runner;
    struct statistics statistics;
    struct program program;
    struct digest_set states, views;
    struct level now, next;
    struct batch *batch;  /* shared with the process that runs it; NULL: none is wanted */
    size_t first;         /* string of the batch */
    unsigned depth;       /* of the strings being made */
    uint64_t start_lists; /* that the start program delivers */
    bool full;            /* no memory, or no process */
};

static void append(struct search *s, unsigned letter)
{
    const struct letter *l = &s->options->alphabet->letters[letter];

    assert(s->program.count + l->count <= PROGRAM_MAX);
    memcpy(s->program.records + s->program.count, l->records, l->count * sizeof *l->records);
    s->program.count += l->count;
}

/* The program at hand becomes PARENT's string and LETTER. */
static void spell(struct search *s, const struct node *parent, unsigned letter)
{
    s->program = *s->options->start;
    for (unsigned i = 0; i + 1 < s->depth; i++)
        append(s, parent->letters[i]);
    if (s->depth > 0)
        append(s, letter);
}

/* Runs the program at hand. */
static void try_program(struct search *s, struct outcome *outcome, struct trial *trial)
{
    const struct exhaustive_options *o = s->options;
    struct run_options run_options = {.state = true, .only = o->only, .statistics = &s->statistics};
    uint64_t lists = s->statistics.lists, calls = s->statistics.calls;

    runner_run(s->runner, &s->program, &run_options, outcome);
    if (s->depth == 0)
        s->start_lists = s->statistics.lists - lists;
    *trial = (struct trial){.state = outcome->state,
                            .view = outcome->view,
                            .happened = outcome->happened,
                            .calls = (unsigned)(s->statistics.calls - calls),
                            .delivers = s->statistics.lists - lists > s->start_lists,
                            .good = outcome->verdict.property == PROPERTY_NONE &&
                                    !(o->wrong && o->wrong(o->context, outcome))};
}

/* The program at hand is a finding. */
static void tell_found(struct search *s, const struct outcome *outcome)
{
    s->result->found++;
    if (s->options->found)
        s->options->found(s->options->context, &s->program, outcome);
}

/* ---- in another process ---- */

static void run_batch(void *context)
{
    struct search *s = context;
    struct batch *batch = s->batch;
    unsigned letters = s->options->alphabet->count;
    struct outcome outcome;

    s->runner = runner_make(); /* memory of its own is faster than what it would have to copy */
    batch->starved = !s->runner;
    if (batch->starved)
        return;
    isolate_alive(PATIENCE);
    while (batch->made < batch->count) {
        if (batch->made % ALIVE_EVERY == 0)
            isolate_alive(PATIENCE);
        spell(s, &s->now.nodes[s->first + batch->made / letters], batch->made % letters);
        try_program(s, &outcome, &batch->trials[batch->made]);
        batch->made++;
    }
}

/* The program that was running ended its process. */
static void take_crash(struct search *s, const struct job_result *end)
{
    const struct exhaustive_options *o = s->options;
    struct batch *batch = s->batch;
    unsigned letters = o->alphabet->count;

    batch->trials[batch->made] = (struct trial){.crashed = true};
    spell(s, &s->now.nodes[s->first + batch->made / letters], batch->made % letters);
    batch->made++;
    s->result->found++;
    if (o->crashed)
        o->crashed(o->context, &s->program, end);
    s->result->stopped = o->goes_on && !o->goes_on(o->context, s->result);
}

/* COUNT programs, the first ones with string FIRST; false: the search was ended. */
static bool run_apart_from(struct search *s, size_t first, unsigned count)
{
    struct job_result end;

    s->first = first;
    s->batch->count = count;
    s->batch->made = 0;
    while (s->batch->made < count) {
        isolate(run_batch, s, &end);
        if (end.end == JOB_CRASHED || end.end == JOB_HUNG)
            take_crash(s, &end);
        s->full |= end.end == JOB_STOPPED || s->batch->starved;
        if (s->full || s->result->stopped)
            return false;
    }
    return true;
}

/* ---- strings that go on ---- */

static bool makes_names(const struct letter *letter)
{
    for (unsigned i = 0; i < letter->count; i++)
        if (op_table[letter->records[i].op].makes != CLASS_nothing)
            return true;
    return false;
}

/* Is the string to be continued? Its view is added to those that are known. */
static bool worth_more(struct search *s, const struct node *parent, const struct node *child)
{
    const struct letter *last = &s->options->alphabet->letters[child->letters[s->depth - 1]];
    bool is_new = set_add(&s->views, child->view, &s->full);

    if (child->view == parent->view && child->happened == parent->happened && !makes_names(last)) {
        s->result->pruned++;
        if (!s->options->keep_all)
            return false;
    }
    return s->depth < s->options->depth || is_new;
}

/* What came of PARENT's string and LETTER, OUTCOME if they ran in this process. */
static void take_child(struct search *s, const struct node *parent, unsigned letter,
                       const struct trial *trial, struct outcome *outcome)
{
    struct node child = *parent;
    struct trial again;

    child.letters[s->depth - 1] = (uint8_t)letter;
    s->result->programs++;
    s->result->calls += trial->calls;
    s->result->delivering += trial->delivers;
    if (!trial->good && !trial->crashed) {
        spell(s, parent, letter);
        if (s->batch)
            try_program(s, outcome, &again);
        tell_found(s, outcome);
    }
    if (!trial->good || !trial->state)
        return;
    s->result->states += set_add(&s->states, trial->state, &s->full);
    child.view = trial->view;
    child.happened = trial->happened;
    if (worth_more(s, parent, &child) && (s->depth < s->options->depth || s->options->states > 0) &&
        s->depth < EXHAUSTIVE_DEPTH)
        s->full |= !level_add(&s->next, &child);
}

static bool goes_on(struct search *s)
{
    const struct exhaustive_options *o = s->options;
    bool far = s->depth > o->depth;

    if (s->full || (far && (s->result->states >= o->states ||
                            (o->programs && s->result->programs >= o->programs))))
        return false;
    if (s->result->stopped || (o->goes_on && s->result->programs % ASK_EVERY < o->alphabet->count &&
                               !o->goes_on(o->context, s->result)))
        s->result->stopped = true;
    return !s->result->stopped;
}

/* All letters behind the string NUMBER. False: no process. */
static bool expand(struct search *s, size_t number)
{
    const struct node *parent = &s->now.nodes[number];
    unsigned letters = s->options->alphabet->count, many = BATCH / letters;
    const struct trial *trials = s->batch ? &s->batch->trials[number % many * letters] : NULL;
    struct outcome outcome;

    if (s->batch && number % many == 0) {
        size_t left = s->now.count - number;

        if (!run_apart_from(s, number, (unsigned)(left < many ? left : many) * letters))
            return false;
    }
    for (unsigned letter = 0; letter < letters; letter++) {
        struct trial trial;

        if (!trials) {
            spell(s, parent, letter);
            try_program(s, &outcome, &trial);
        }
        take_child(s, parent, letter, trials ? &trials[letter] : &trial, &outcome);
    }
    return true;
}

/* All strings one letter longer than those at hand; false: the search ends here. */
static bool next_level(struct search *s)
{
    struct level made;

    s->depth++;
    s->next.count = 0;
    for (size_t i = 0; i < s->now.count; i++) {
        if (!goes_on(s))
            return false;
        s->result->deepest = s->depth;
        if (!expand(s, i))
            return false;
    }
    if (s->depth <= s->options->depth)
        s->result->complete = s->depth;
    made = s->now;
    s->now = s->next;
    s->next = made;
    s->result->closed = s->now.count == 0 && s->options->states > 0;
    return s->now.count > 0 && !s->full;
}

static void run_start(void *context)
{
    struct search *s = context;
    struct outcome outcome;

    isolate_alive(PATIENCE);
    try_program(s, &outcome, &s->batch->trials[0]);
}

/* The start program by itself: does it end? */
static bool start_ends(struct search *s)
{
    struct job_result end;

    isolate(run_start, s, &end);
    s->full = end.end == JOB_STOPPED;
    if (end.end == JOB_CRASHED || end.end == JOB_HUNG) {
        s->result->found++;
        if (s->options->crashed)
            s->options->crashed(s->options->context, &s->program, &end);
    }
    return end.end == JOB_DONE;
}

static bool begin(struct search *s)
{
    struct node root = {0};
    struct outcome outcome;
    struct trial trial;

    s->program = *s->options->start;
    if (s->batch && !start_ends(s))
        return false;
    try_program(s, &outcome, &trial);
    s->result->calls += trial.calls;
    if (!trial.good) {
        tell_found(s, &outcome);
        return false;
    }
    root.view = trial.view;
    root.happened = trial.happened;
    s->result->states += set_add(&s->states, trial.state, &s->full);
    set_add(&s->views, trial.view, &s->full);
    return level_add(&s->now, &root);
}

bool exhaustive_run(const struct exhaustive_options *options, struct exhaustive_result *result)
{
    struct search *s = calloc(1, sizeof *s);
    bool good = false;

    memset(result, 0, sizeof *result);
    if (!s)
        return false;
    s->options = options;
    s->result = result;
    s->runner = runner_make();
    s->batch = options->apart ? shared_memory(sizeof *s->batch) : NULL;
    if (s->runner && (s->batch || !options->apart) && begin(s)) {
        while (next_level(s))
            ;
        good = !s->full;
    }
    runner_free(s->runner);
    shared_memory_free(s->batch, sizeof *s->batch);
    free(s->states.slots);
    free(s->views.slots);
    free(s->now.nodes);
    free(s->next.nodes);
    free(s);
    return good;
}
