/*
 * metamorphic.c: runs variants and compares.
 */
#include "metamorphic.h"
#include "random.h"
#include <string.h>

struct judge {
    metamorphic_run *run;
    void *context;
    const struct run_options *options;
    struct subject subject;
    struct outcome *outcome;
};

struct transform {
    enum property property;
    bool (*make)(const struct subject *subject, unsigned at, struct variant *variant);
};

static const struct transform transforms[] = {
    {PROPERTY_METAMORPHIC_REFUSED, variant_refused},   {PROPERTY_METAMORPHIC_PAIR, variant_pair},
    {PROPERTY_METAMORPHIC_ORDER, variant_order},       {PROPERTY_METAMORPHIC_SPLIT, variant_split},
    {PROPERTY_METAMORPHIC_SETTINGS, variant_settings},
};
enum { TRANSFORMS = sizeof transforms / sizeof transforms[0] };

/* ---- the subject ---- */

static void find_refs(struct subject *s)
{
    unsigned made[CLASS_COUNT] = {0};

    for (unsigned i = 0; i < s->program->count; i++) {
        const struct record *record = &s->program->records[i];
        const struct op_row *row = &op_table[record->op];

        for (unsigned slot = 0; slot < 3; slot++)
            s->refs[i][slot] = (struct ref){.mode = REF_NULL};
        for (unsigned k = 0; k < row->operand_count; k++) {
            const struct operand *operand = &row->operands[k];

            if (operand->kind == OPERAND_REF)
                s->refs[i][operand->slot] =
                    ref_resolve((uint8_t)operand_get(record, operand), operand->class, made);
        }
        s->number[i] = ++made[row->makes];
    }
}

static bool lends(const struct subject *s, unsigned buffer)
{
    for (unsigned i = 0; i < s->program->count; i++)
        for (unsigned slot = 0; slot < 3; slot++) {
            const struct ref *ref = &s->refs[i][slot];

            if (ref->mode == REF_NAMED && ref->class == CLASS_buffer && ref->number == buffer &&
                op_table[s->program->records[i].op].makes == CLASS_list)
                return true;
        }
    return false;
}

static bool is_mixed(const struct subject *s)
{
    for (unsigned i = 0; i < s->program->count; i++)
        if (s->program->records[i].op == OP_mdl && s->refs[i][0].mode == REF_NAMED &&
            lends(s, s->refs[i][0].number))
            return true;
    return false;
}

bool subject_guesses(const struct subject *s, unsigned at)
{
    enum name_class makes = op_table[s->program->records[at].op].makes;

    for (unsigned i = at; i < s->program->count; i++)
        for (unsigned slot = 0; slot < 3; slot++) {
            const struct ref *ref = &s->refs[i][slot];

            if ((ref->mode == REF_WRONG || ref->mode == REF_FORGED) && ref->class == makes)
                return true;
        }
    return false;
}

bool subject_needs(const struct subject *s, unsigned at)
{
    enum name_class makes = op_table[s->program->records[at].op].makes;

    if (makes == CLASS_nothing)
        return false;
    for (unsigned i = at + 1; i < s->program->count; i++) {
        if (makes == CLASS_buffer && op_table[s->program->records[i].op].makes == makes)
            return true; /* what a buffer is filled with goes by its number */
        for (unsigned slot = 0; slot < 3; slot++) {
            const struct ref *ref = &s->refs[i][slot];

            if (ref->mode == REF_NAMED && ref->class == makes && ref->number == s->number[at])
                return true;
        }
    }
    return subject_guesses(s, at);
}

bool subject_runs(const struct subject *s, unsigned at, unsigned op)
{
    for (unsigned i = at; i < s->program->count; i++)
        if (s->program->records[i].op == op && s->marks[i].ran)
            return true;
    return false;
}

void variant_inserted(struct variant *v, const struct subject *s, unsigned at, unsigned count)
{
    v->added = at;
    v->count = count;
    for (unsigned i = 0; i < s->program->count; i++)
        v->place[i] = (int16_t)(i < at ? i : i + count);
}

/* ---- the verdict ---- */

static bool all_taken(const struct variant *v, const struct mark *marks)
{
    for (unsigned i = v->added; i < v->added + v->count; i++)
        if (!marks[i].ran || marks[i].idle)
            return false;
    return true;
}

/* The first record that was seen to do something else; the program's length: none. */
static unsigned first_difference(const struct subject *s, const struct variant *v,
                                 const struct mark *marks)
{
    for (unsigned i = 0; i < s->program->count; i++) {
        const struct mark *one = &s->marks[i];
        const struct mark *other = v->place[i] < 0 ? one : &marks[v->place[i]];

        if (one->ran != other->ran || one->plain != other->plain ||
            (v->exact && one->exact != other->exact))
            return i;
    }
    return s->program->count;
}

static void fail(struct judge *j, enum property property, const struct variant *v, unsigned record)
{
    struct verdict *verdict = &j->outcome->verdict;
    unsigned count = j->subject.program->count;

    verdict->property = property;
    verdict->record = record < count ? record : count - 1;
    snprintf(verdict->expected, sizeof verdict->expected, "the same %s", v->change);
    snprintf(verdict->actual, sizeof verdict->actual,
             record < count ? "record %u was seen to do something else"
                            : "another state at the end",
             record + 1);
    if (!j->options->trace)
        return;
    fprintf(j->options->trace, "FAIL %s, %s:\n", property_row(property)->name, v->change);
    program_print(&v->program, j->options->trace);
}

/* False: it failed. */
static bool compare(struct judge *j, enum property property, const struct variant *v)
{
    struct mark marks[PROGRAM_MAX] = {{0}};
    struct run_options options = {.only = property, .state = true, .marks = marks};
    struct outcome outcome;
    unsigned record;
    bool same;

    j->run(j->context, &v->program, &options, &outcome);
    if (!all_taken(v, marks))
        return true;
    if (j->options->statistics)
        j->options->statistics->evaluated[property]++;
    record = first_difference(&j->subject, v, marks);
    same = record == j->subject.program->count && (!v->state || outcome.state == j->outcome->state);
    if (!same)
        fail(j, property, v, record);
    return same;
}

/* No reference has come out of reach. */
static bool same_references(const struct subject *s, const struct variant *v)
{
    struct subject other = {.program = &v->program};

    find_refs(&other);
    for (unsigned i = 0; i < s->program->count; i++)
        for (unsigned slot = 0; v->place[i] >= 0 && (int)i != v->altered && slot < 3; slot++)
            if (s->refs[i][slot].mode != other.refs[v->place[i]][slot].mode)
                return false;
    return true;
}

static bool make(const struct judge *j, const struct transform *t, unsigned at, struct variant *v)
{
    const struct program *program = j->subject.program;

    v->program = *program;
    v->exact = v->state = false;
    v->added = v->count = 0;
    v->altered = -1;
    for (unsigned i = 0; i < program->count; i++)
        v->place[i] = (int16_t)i;
    return t->make(&j->subject, at, v) && same_references(&j->subject, v);
}

static bool judge(struct judge *j, const struct transform *t, uint64_t *random)
{
    unsigned count = j->subject.program->count, choices = count;
    bool one = j->options->transforms == TRANSFORMS_ONE;
    struct variant variant;
    unsigned start;

    if (choices < METAMORPHIC_CHOICES)
        choices = METAMORPHIC_CHOICES;
    start = one ? random_below(random, choices) : 0;
    for (unsigned i = 0; i < choices; i++) {
        if (!make(j, t, (start + i) % choices, &variant))
            continue;
        if (!compare(j, t->property, &variant))
            return false;
        if (one)
            return true;
    }
    return true;
}

void metamorphic_judge(metamorphic_run *run, void *context, const struct program *program,
                       const struct run_options *options, const struct mark *marks,
                       struct outcome *outcome)
{
    struct judge j = {run, context, options, {.program = program, .marks = marks}, outcome};
    uint64_t random = outcome->digest;

    if (program->count == 0)
        return;
    find_refs(&j.subject);
    j.subject.mixed = is_mixed(&j.subject);
    for (unsigned i = 0; i < TRANSFORMS; i++) {
        enum property property = transforms[i].property;

        if (options->only != PROPERTY_NONE && options->only != property)
            continue;
        if (!judge(&j, &transforms[i], &random))
            return;
    }
}
