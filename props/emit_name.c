/*
 * emit_name.c: names, values and words of a program as C expressions.
 */
#include "emitter.h"
#include <assert.h>
#include <inttypes.h>

/* ---- numbers, levels, status ---- */

const char *emit_number(uint64_t number, char *text)
{
    snprintf(text, EXPRESSION_MAX, number > INT32_MAX ? "%" PRIu64 "u" : "%" PRIu64, number);
    return text;
}

const char *emit_model(unsigned number, uint32_t offset, char *text)
{
    if (offset)
        snprintf(text, EXPRESSION_MAX, "model%u + %u", number, offset);
    else
        snprintf(text, EXPRESSION_MAX, "model%u", number);
    return text;
}

const char *emit_level(KIRQL level)
{
    switch (level) {
    case PASSIVE_LEVEL:
        return "PASSIVE_LEVEL";
    case APC_LEVEL:
        return "APC_LEVEL";
    case DISPATCH_LEVEL:
        return "DISPATCH_LEVEL";
    default:
        return "HIGH_LEVEL";
    }
}

/* Of one value NDIS and the kernel can have different names. */
static const struct {
    NTSTATUS status;
    const char *ndis, *nt;
} status_words[] = {
    {STATUS_SUCCESS, "NDIS_STATUS_SUCCESS", "STATUS_SUCCESS"},
    {STATUS_PENDING, "NDIS_STATUS_PENDING", "STATUS_PENDING"},
    {STATUS_UNSUCCESSFUL, "NDIS_STATUS_FAILURE", "STATUS_UNSUCCESSFUL"},
    {STATUS_INSUFFICIENT_RESOURCES, "NDIS_STATUS_RESOURCES", "STATUS_INSUFFICIENT_RESOURCES"},
    {STATUS_INVALID_PARAMETER, "NDIS_STATUS_INVALID_PARAMETER", "STATUS_INVALID_PARAMETER"},
    {STATUS_NOT_SUPPORTED, "NDIS_STATUS_NOT_SUPPORTED", "STATUS_NOT_SUPPORTED"},
    {STATUS_BUFFER_TOO_SMALL, "STATUS_BUFFER_TOO_SMALL", "STATUS_BUFFER_TOO_SMALL"},
#define NDIS_WORD(status)        \
    {                            \
        status, #status, #status \
    }
    NDIS_WORD(NDIS_STATUS_NOT_ACCEPTED),
    NDIS_WORD(NDIS_STATUS_BAD_VERSION),
    NDIS_WORD(NDIS_STATUS_BAD_CHARACTERISTICS),
    NDIS_WORD(NDIS_STATUS_REQUEST_ABORTED),
    NDIS_WORD(NDIS_STATUS_RESOURCE_CONFLICT),
    NDIS_WORD(NDIS_STATUS_RESET_IN_PROGRESS),
    NDIS_WORD(NDIS_STATUS_BUFFER_TOO_SHORT),
    NDIS_WORD(NDIS_STATUS_SEND_ABORTED),
    NDIS_WORD(NDIS_STATUS_PAUSED),
    NDIS_WORD(NDIS_STATUS_LOW_POWER_STATE),
#undef NDIS_WORD
};

const char *emit_status(NTSTATUS status, bool ndis, char *text)
{
    for (size_t i = 0; i < sizeof status_words / sizeof status_words[0]; i++)
        if (status_words[i].status == status)
            return ndis ? status_words[i].ndis : status_words[i].nt;
    snprintf(text, EXPRESSION_MAX, "(NTSTATUS)0x%08X", (unsigned)status);
    return text;
}

/* ---- names ---- */

const char *emit_context(enum name_class class, unsigned number, char *text)
{
    int length = snprintf(text, EXPRESSION_MAX, "%s%u_CONTEXT", class_words[class], number);

    for (int i = 0; i < length; i++)
        if (text[i] >= 'a' && text[i] <= 'z')
            text[i] = (char)(text[i] - 'a' + 'A');
    return text;
}

/* Where the list that a record asked for can be written: a buffer's name. */
static const char *own_buffer(const struct oracle *o, unsigned list, char *text)
{
    const struct request *q = &o->request[list];

    if (q->state == REQUEST_none || !q->buffer)
        return "NULL";
    return emit_name(o, CLASS_buffer, q->buffer, text);
}

const char *emit_name(const struct oracle *o, enum name_class class, unsigned number, char *text)
{
    if (!number)
        return "NULL";
    if (class == CLASS_list && !o->request[number].delivered)
        return own_buffer(o, number, text);
    snprintf(text, EXPRESSION_MAX, "%s%u", class_words[class], number);
    return text;
}

/* ---- references ---- */

static bool is_handle(enum name_class class)
{
    return class == CLASS_driver || class == CLASS_adapter || class == CLASS_dma ||
           class == CLASS_provider || class == CLASS_channel || class == CLASS_base;
}

/* A forged value by way of the name that it was made from; that name is the newest before the call. */
static const char *forged(const struct oracle *o, const struct call *c, unsigned i, char *text)
{
    static const char *const flips[6] = {
        "1", "0x10000", "0x100000000", "0x10000000000000", "0x4000", "0x4000000000000000"};
    static const char *const strays[4] = {"+ 8", "+ 1", "- 8", "+ 3"};
    const struct argument *a = &c->a[i];
    enum name_class class = a->ref.class;
    unsigned newest = o->made[class] - (c->row->makes == class), way = a->ref.number;
    char name[EXPRESSION_MAX];
    const char *base = emit_name(o, class, newest, name);
    bool known = newest && o->value[class][newest];

    if (way >= 6 || (uintptr_t)a->value == 6 || !known || (way == 4 && !is_handle(class)))
        snprintf(text, EXPRESSION_MAX, "(PVOID)0x%" PRIXPTR, (uintptr_t)a->value);
    else if (is_handle(class))
        snprintf(text, EXPRESSION_MAX, "(PVOID)((uintptr_t)%s ^ %s)", base, flips[way]);
    else if (way == 5)
        return "(PVOID)elsewhere";
    else
        snprintf(text, EXPRESSION_MAX, "(PVOID)((uintptr_t)%s %s)", base, strays[way]);
    return text;
}

static const char *reference(const struct oracle *o, const struct call *c, unsigned i, char *text)
{
    const struct argument *a = &c->a[i];
    enum name_class class = c->row->operands[i].class;
    char name[EXPRESSION_MAX];

    if (class == CLASS_buffer && a->ref.mode != REF_NAMED)
        return "NULL";
    if (a->ref.mode == REF_NAMED)
        return emit_name(o, class, a->ref.number, text);
    if (a->ref.mode == REF_NULL)
        return "NULL";
    if (a->ref.mode == REF_FORGED)
        return forged(o, c, i, text);
    snprintf(text, EXPRESSION_MAX, "(PVOID)%s", emit_name(o, a->ref.class, a->ref.number, name));
    return text;
}

/* ---- words ---- */

/* How the words of an operand are spelt in C: with a prefix, or one by one. */
static const struct spelling {
    const char *operand, *prefix;
    const char *words[4];
} spellings[] = {
    {"frames", NULL, {"RIG_ADJACENT", "RIG_SCATTERED", "RIG_HIGH", "RIG_EDGE"}},
    {"form", NULL, {"false", "true"}},
    {"skip", NULL, {"RIG_SKIP_CURRENT_MDL_OFFSET", "RIG_SKIP_NOTHING", "RIG_SKIP_DATA_OFFSET"}},
    {"length", NULL, {"false", "true"}},
    {"direction", NULL, {"true", "false"}},
    {"Cached", NULL, {"TRUE", "FALSE"}},
    {"use", NULL, {"true", "false"}},
    {"status", "NDIS_STATUS_", {NULL}},
    {"state",
     NULL,
     {"NdisDeviceStateD3", "NdisDeviceStateD0", "NdisDeviceStateD1", "NdisDeviceStateD2"}},
    {"operation", NULL, {"FALSE, TRUE", "TRUE, TRUE", "FALSE, FALSE", "TRUE, FALSE"}},
    {"setting", "SETTING_", {NULL}},
    {"site", "RIG_SITE_", {NULL}},
    {"level", "", {NULL}},
    {"action", "", {NULL}},
};

static const char *word(const struct operand *operand, unsigned value, char *text)
{
    const struct spelling *spelling = spellings;

    while (strcmp(spelling->operand, operand->name) != 0) {
        spelling++;
        assert(spelling < spellings + sizeof spellings / sizeof spellings[0]);
    }
    if (!spelling->prefix)
        return spelling->words[value];
    snprintf(text, EXPRESSION_MAX, "%s%s", spelling->prefix, operand->words[value]);
    return text;
}

/* ---- flags ---- */

static const struct {
    unsigned op, flag;
    const char *name;
} flag_words[] = {
    {OP_NdisMSetMiniportAttributes, NDIS_MINIPORT_ATTRIBUTES_BUS_MASTER,
     "NDIS_MINIPORT_ATTRIBUTES_BUS_MASTER"},
    {OP_NdisMRegisterScatterGatherDma, NDIS_SG_DMA_64_BIT_ADDRESS, "NDIS_SG_DMA_64_BIT_ADDRESS"},
    {OP_NdisMAllocateNetBufferSGList, NDIS_SG_LIST_WRITE_TO_DEVICE, "NDIS_SG_LIST_WRITE_TO_DEVICE"},
};

const char *emit_flags(const struct call *c, unsigned flags, char *text)
{
    snprintf(text, EXPRESSION_MAX, "0x%x", flags);
    for (size_t i = 0; i < sizeof flag_words / sizeof flag_words[0]; i++) {
        unsigned rest = flags & ~flag_words[i].flag;

        if (flag_words[i].op != c->op || rest == flags)
            continue;
        if (rest)
            snprintf(text, EXPRESSION_MAX, "%s | 0x%x", flag_words[i].name, rest);
        else
            snprintf(text, EXPRESSION_MAX, "%s", flag_words[i].name);
    }
    return text;
}

const char *emit_argument(const struct oracle *o, const struct call *c, unsigned i, char *text)
{
    const struct operand *operand = &c->row->operands[i];
    unsigned last = c->row->operand_count;

    switch (operand->kind) {
    case OPERAND_REF:
        for (unsigned k = 0; operand->class == CLASS_list && k < last; k++)
            if (!strcmp(c->row->operands[k].name, "pointer") && c->a[k].n)
                return c->a[i].ref.mode == REF_NAMED && c->a[i].ref.class == CLASS_list
                           ? own_buffer(o, c->a[i].ref.number, text)
                           : "NULL";
        return reference(o, c, i, text);
    case OPERAND_VALUE:
        return emit_number(c->a[i].number, text);
    case OPERAND_FLAGS:
        return emit_flags(c, c->a[i].n, text);
    case OPERAND_NUMBER:
        return emit_number(c->a[i].n, text);
    default:
        return word(operand, c->a[i].n, text);
    }
}
