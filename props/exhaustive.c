/*
 * exhaustive.c: level by level through the strings of letters.
 */
#include "exhaustive.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { ASK_EVERY = 256 };

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

struct search {
    const struct exhaustive_options *options;
    struct exhaustive_result *result;
    struct runner *runner;
    struct statistics statistics;
    struct program program;
    struct digest_set states, views;
    struct level now, next;
    unsigned depth;       /* of the strings being made */
    uint64_t start_lists; /* that the start program delivers */
    bool full;            /* no memory */
};

static void append(struct search *s, unsigned letter)
{
    const struct letter *l = &s->options->alphabet->letters[letter];

    assert(s->program.count + l->count <= PROGRAM_MAX);
    memcpy(s->program.records + s->program.count, l->records, l->count * sizeof *l->records);
    s->program.count += l->count;
}

/* Runs the program at hand; true: nothing is wrong with it. DELIVERED: lists. */
static bool try_program(struct search *s, struct outcome *outcome, uint64_t *delivered)
{
    const struct exhaustive_options *o = s->options;
    struct run_options run_options = {.state = true, .statistics = &s->statistics};
    uint64_t before = s->statistics.lists;

    runner_run(s->runner, &s->program, &run_options, outcome);
    *delivered = s->statistics.lists - before;
    if (outcome->verdict.property == PROPERTY_NONE && !(o->wrong && o->wrong(o->context, outcome)))
        return true;
    s->result->found++;
    if (o->found)
        o->found(o->context, &s->program, outcome);
    return false;
}

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

/* PARENT's string and LETTER. */
static void make_child(struct search *s, const struct node *parent, unsigned letter)
{
    unsigned count = s->program.count;
    struct node child = *parent;
    struct outcome outcome;
    uint64_t delivered;
    bool good;

    append(s, letter);
    child.letters[s->depth - 1] = (uint8_t)letter;
    good = try_program(s, &outcome, &delivered);
    s->program.count = count;
    s->result->programs++;
    s->result->calls = s->statistics.calls;
    s->result->delivering += delivered > s->start_lists;
    if (!good || !outcome.state)
        return;
    s->result->states += set_add(&s->states, outcome.state, &s->full);
    child.view = outcome.view;
    child.happened = outcome.happened;
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

static void expand(struct search *s, const struct node *parent)
{
    s->program.count = s->options->start->count;
    for (unsigned i = 0; i + 1 < s->depth; i++)
        append(s, parent->letters[i]);
    for (unsigned letter = 0; letter < s->options->alphabet->count; letter++)
        make_child(s, parent, letter);
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
        expand(s, &s->now.nodes[i]);
    }
    if (s->depth <= s->options->depth)
        s->result->complete = s->depth;
    made = s->now;
    s->now = s->next;
    s->next = made;
    s->result->closed = s->now.count == 0 && s->options->states > 0;
    return s->now.count > 0 && !s->full;
}

static bool begin(struct search *s)
{
    struct node root = {0};
    struct outcome outcome;

    s->program = *s->options->start;
    if (!try_program(s, &outcome, &s->start_lists))
        return false;
    root.view = outcome.view;
    root.happened = outcome.happened;
    s->result->states += set_add(&s->states, outcome.state, &s->full);
    set_add(&s->views, outcome.view, &s->full);
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
    if (s->runner && begin(s)) {
        while (next_level(s))
            ;
        good = !s->full;
    }
    runner_free(s->runner);
    free(s->states.slots);
    free(s->views.slots);
    free(s->now.nodes);
    free(s->next.nodes);
    free(s);
    return good;
}
