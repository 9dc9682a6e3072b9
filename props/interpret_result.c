/*
 * interpret_result.c: what came of a call, against what was predicted.
 */
#include "interpret.h"

/* Reports come before results: a missing one is the cause of what follows. */
static bool settled(struct runner *r)
{
    if (!r->over)
        check_reports(r);
    return !r->over;
}

static bool told_otherwise(struct runner *r, const struct call *c)
{
    if (c->rule)
        trace_end(r, "refused: %s", rig_rule_row(c->rule)->name);
    else if (c->impossible)
        trace_end(r, "does not happen");
    return c->rule || c->impossible;
}

void result_happened(struct runner *r, struct call *c, bool happened)
{
    bool predicted = !c->impossible && !c->rule;

    if (!settled(r))
        return;
    c->taken = happened;
    digest_add(r, happened);
    if (c->answers)
        c->impossible = !happened;
    else if (broken(r, PROPERTY_CALL_HAPPENS, happened == predicted))
        failed_text(r, PROPERTY_CALL_HAPPENS, predicted ? "it happens" : "it does not happen",
                    happened ? "it happened" : "it did not");
    if (!r->over && !told_otherwise(r, c))
        trace_end(r, "-> done");
}

static void trace_status(struct runner *r, NTSTATUS status)
{
    char name[16];

    trace_end(r, "-> %s", status_name(status, name));
}

void result_status(struct runner *r, struct call *c, NTSTATUS status)
{
    if (!settled(r))
        return;
    c->taken = NT_SUCCESS(status);
    digest_add(r, (uint32_t)status);
    if (broken(r, PROPERTY_CALL_STATUS,
               c->answers ? layer_answers(r, c, status) : status == c->status))
        failed_status(r, PROPERTY_CALL_STATUS, c->status, status);
    else if (r->options.trace && !told_otherwise(r, c))
        trace_status(r, status);
}

void result_void(struct runner *r, struct call *c)
{
    if (!settled(r))
        return;
    c->taken = !c->rule && !c->impossible;
    if (!told_otherwise(r, c))
        trace_end(r, "-> done");
}

void result_number(struct runner *r, struct call *c, enum property property, uint64_t number)
{
    if (!settled(r))
        return;
    c->taken = !c->rule;
    digest_add(r, number);
    if (broken(r, property, number >= c->value && number <= (c->most ? c->most : c->value)))
        failed_number(r, property, "value", c->value, number);
    else if (!told_otherwise(r, c))
        trace_end(r, "-> %llu", (unsigned long long)number);
}

void result_object(struct runner *r, struct call *c, void *object)
{
    bool predicted = !c->rule && !c->impossible && NT_SUCCESS(c->status);

    if (!settled(r))
        return;
    c->taken = object != NULL;
    r->oracle.value[c->row->makes][c->made] = object;
    digest_add(r, object != NULL);
    if (broken(r, PROPERTY_CALL_STATUS, predicted == (object != NULL)))
        failed_text(r, PROPERTY_CALL_STATUS, predicted ? "an object" : "NULL",
                    object ? "an object" : "NULL");
    else if (!told_otherwise(r, c))
        trace_end(r, "-> %s", object ? "done" : "NULL");
}

/* Somebody else's layer may give a DMA handle out again. */
static bool is_free_again(const struct oracle *o, enum name_class class, unsigned n)
{
    return o->foreign && class == CLASS_dma && o->dma[n].life != LIFE_live;
}

static bool is_live_handle(const struct oracle *o, const void *handle)
{
    static const enum name_class classes[] = {CLASS_driver,   CLASS_adapter, CLASS_dma,
                                              CLASS_provider, CLASS_channel, CLASS_base};

    for (unsigned k = 0; k < sizeof classes / sizeof classes[0]; k++)
        for (unsigned i = 1; i <= o->made[classes[k]]; i++)
            if (o->value[classes[k]][i] == handle && !is_free_again(o, classes[k], i))
                return true;
    for (unsigned i = 1; i <= o->made[CLASS_block]; i++)
        if (handle && (o->block[i].allocation == handle || o->block[i].shared == handle))
            return true;
    return false;
}

static bool is_context(const struct oracle *o, const void *handle)
{
    for (unsigned k = 1; k < CLASS_COUNT; k++)
        for (unsigned i = 1; i <= o->made[k]; i++)
            if (context_of((enum name_class)k, i) == handle)
                return true;
    return false;
}

void judge_new_handle(struct runner *r, const void *handle)
{
    const struct oracle *o = &r->oracle;

    if (broken(r, PROPERTY_HANDLE_DISTINCT,
               handle && !is_live_handle(o, handle) && !is_context(o, handle)))
        failed_text(r, PROPERTY_HANDLE_DISTINCT, "a new value",
                    "one that stands for something else");
}

void result_handle(struct runner *r, struct call *c, void *handle, const void *untouched)
{
    struct oracle *o = &r->oracle;

    if (r->over)
        return;
    if (!c->taken) {
        bool poisoned = handle == untouched || !is_live_handle(o, handle);

        if (broken(r, PROPERTY_OUT_POISONED, poisoned))
            failed_text(r, PROPERTY_OUT_POISONED, "no handle", "a live handle");
        return;
    }
    judge_new_handle(r, handle == untouched ? NULL : handle);
    o->value[c->row->makes][c->made] = handle;
}

/* ---- what calls are given ---- */

union given *give(struct runner *r)
{
    union given *given = &r->given[r->oracle.frame_count];

    memset(given, 0, sizeof *given);
    return given;
}

void spoil(union given *given)
{
    memset(given, 0xDB, sizeof *given);
}
