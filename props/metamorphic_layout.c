/*
 * metamorphic_layout.c: variants that lay data or lists out otherwise: the payload and every answer
 * stay.
 */
#include "metamorphic.h"
#include "program_edit.h"
#include "rig.h"

/* ---- an MDL in two parts ---- */

/* Everything that knows MDL number MDL knows a chain of it, from its start. */
static bool takes_chain(const struct record *record)
{
    switch (record->op) {
    case OP_mdl:
        return true;
    case OP_net_buffer:
        return record->r[1] == 0;
    case OP_GetScatterGatherList:
    case OP_CalculateScatterGatherList:
        return record->r[2] == 0;
    case OP_BuildScatterGatherList:
    case OP_NdisBuildScatterGatherList:
        return (record->v[1] >> 4 & 15) == 0;
    default:
        return false;
    }
}

/* Whoever refers to the MDL of record AT takes the chain from its start; and no data begin behind its
 * first LENGTH bytes, so that each NET_BUFFER is mapped from the MDL that it was mapped from. */
static bool is_seen_whole(const struct subject *s, unsigned at, uint32_t length)
{
    bool inner = false; /* it is another one's Next */

    for (unsigned i = at + 1; i < s->program->count; i++) {
        const struct record *record = &s->program->records[i];
        bool direct = false;

        for (unsigned slot = 0; slot < 3; slot++) {
            const struct ref *ref = &s->refs[i][slot];

            direct |=
                ref->mode == REF_NAMED && ref->class == CLASS_mdl && ref->number == s->number[at];
        }
        if (direct && !takes_chain(record))
            return false;
        inner |= direct && record->op == OP_mdl;
        if (record->op == OP_net_buffer && (direct || inner) && s->marks[i].offset >= length)
            return false;
    }
    return true;
}

bool subject_sets(const struct subject *s, unsigned setting)
{
    for (unsigned i = 0; i < s->program->count; i++)
        if (s->program->records[i].op == OP_set && s->program->records[i].r[0] == setting)
            return true;
    return false;
}

/* The offset in its page of the buffer that record AT, an MDL, describes. */
static uint32_t page_offset(const struct subject *s, unsigned at)
{
    for (unsigned i = 0; i < at; i++)
        if (op_table[s->program->records[i].op].makes == CLASS_buffer &&
            s->number[i] == s->refs[at][0].number)
            return s->marks[i].offset;
    return 0;
}

static bool encode_part(struct record *record, uint32_t offset, uint32_t length)
{
    return value_encode(offset, &record->v[0]) && value_encode(length, &record->v[1]);
}

/* At its first page border: as many page pieces as before, so as many map registers. */
bool variant_split(const struct subject *s, unsigned at, struct variant *v)
{
    const struct mark *mark;
    struct record parts[2]; /* the second one comes first: it is the first one's Next */
    uint32_t border;

    if (at >= s->program->count || s->program->records[at].op != OP_mdl)
        return false;
    mark = &s->marks[at];
    if (!mark->ran || mark->idle || mark->armed || s->mixed || s->program->count == PROGRAM_MAX ||
        subject_guesses(s, at) || subject_runs(s, at, OP_device_access) ||
        subject_runs(s, at, OP_NdisAdvanceNetBufferDataStart) ||
        subject_sets(s, SETTING_list_end) || subject_sets(s, SETTING_double_buffer) ||
        subject_sets(s, SETTING_coherence))
        return false;
    border = PAGE_SIZE - (page_offset(s, at) + mark->offset) % PAGE_SIZE;
    parts[0] = parts[1] = s->program->records[at];
    if (border >= mark->length || !is_seen_whole(s, at, border) ||
        !encode_part(&parts[1], mark->offset, border) ||
        !encode_part(&parts[0], mark->offset + border, mark->length - border))
        return false;
    parts[1].r[1] = 0;
    program_insert(&v->program, at, &parts[0], 1);
    variant_inserted(v, s, at, 1);
    v->program.records[at + 1] = parts[1];
    v->altered = (int)at;
    snprintf(v->change, sizeof v->change, "with the MDL of record %u in two parts", at + 1);
    return true;
}

/* ---- another machine ---- */

struct choice {
    enum rig_setting setting;
    uint16_t value;
};

static const struct choice choices[METAMORPHIC_CHOICES] = {
    {SETTING_merge, 0},     {SETTING_merge, 1},     {SETTING_merge, 2},
    {SETTING_placement, 0}, {SETTING_placement, 1}, {SETTING_junk, 0},
};
enum { CHOICES = 6 };

/* A list lies in the caller's buffer or elsewhere: who takes one for the other is told so. */
static bool knows_place(const struct subject *s)
{
    if (subject_runs(s, 0, OP_fault))
        return true; /* a list in HAL's memory asks for it */
    for (unsigned i = 0; i < s->program->count; i++) {
        unsigned op = s->program->records[i].op;

        if ((op == OP_NdisMFreeNetBufferSGList &&
             (s->marks[i].idle || s->program->records[i].v[0] & 15)) ||
            (op == OP_device_post && (s->marks[i].idle || s->program->records[i].v[0] & 15)) ||
            (s->marks[i].idle &&
             (op == OP_NdisFreeScatterGatherList || op == OP_PutScatterGatherList)))
            return true;
    }
    return false;
}

bool variant_settings(const struct subject *s, unsigned at, struct variant *v)
{
    struct record record = {.op = OP_set};

    if (at >= CHOICES || s->mixed || s->program->count == PROGRAM_MAX ||
        rig_setting_row(choices[at].setting)->value == choices[at].value ||
        subject_sets(s, choices[at].setting) || subject_runs(s, 0, OP_device_access) ||
        (choices[at].setting == SETTING_placement && knows_place(s)))
        return false;
    record.r[0] = (uint8_t)choices[at].setting;
    record.v[0] = choices[at].value;
    program_insert(&v->program, 0, &record, 1);
    variant_inserted(v, s, 0, 1);
    snprintf(v->change, sizeof v->change, "with %s %u", rig_setting_row(choices[at].setting)->name,
             choices[at].value);
    return true;
}
