/*
 * layer.c: judging an NDIS layer of somebody else's.
 *
 * It has no verifier, so no call is made that the contract would refuse. What it keeps is not looked
 * at: lists, callbacks, statuses, payload and HAL's counts are. The device is played here, as the layer
 * may hand out lists that HAL has never seen.
 */
#include "interpret.h"
#include <stdlib.h>

/* A transfer that the driver posted: the elements as it read them. */
struct posted {
    unsigned request, count;
    SCATTER_GATHER_ELEMENT elements[RIG_PIECES];
};

struct layer {
    uint32_t asked[RIG_SITE_COUNT]; /* requests for resources that the oracle knows of */
    struct posted posted[POSTS_MAX];
};

bool layer_make(struct runner *r)
{
    if (rig_layer())
        r->layer = calloc(1, sizeof *r->layer);
    return !rig_layer() || r->layer;
}

void layer_start(struct runner *r)
{
    if (!r->layer)
        return;
    memset(r->layer->asked, 0, sizeof r->layer->asked);
    rig_layer()->start();
}

/* ---- which calls ---- */

bool layer_is_asked(const struct call *c)
{
    switch (c->op) {
    case OP_NdisMRegisterScatterGatherDma:
    case OP_NdisMDeregisterScatterGatherDma:
    case OP_NdisMAllocateNetBufferSGList:
    case OP_NdisMFreeNetBufferSGList:
    case OP_NdisBuildScatterGatherList:
    case OP_NdisFreeScatterGatherList:
    case OP_NdisMGetDmaAlignment:
    case OP_NdisQueryNetBufferPhysicalCount:
        return true;
    default:
        return c->op == OP_step; /* HAL calls the layer back */
    }
}

bool layer_sets_aside(const struct call *c)
{
    return !(c->row->targets & (TARGET_SG | TARGET_NP));
}

/* ---- answers ---- */

static const NTSTATUS answer_status[] = {
    NDIS_STATUS_SUCCESS,          NDIS_STATUS_RESOURCES,
    NDIS_STATUS_NOT_SUPPORTED,    NDIS_STATUS_BAD_VERSION,
    NDIS_STATUS_BUFFER_TOO_SHORT, NDIS_STATUS_FAILURE}; /* of MAY_SUCCEED << i */

bool layer_answers(struct runner *r, struct call *c, NTSTATUS status)
{
    struct statistics *s = r->options.statistics;
    bool left = false;

    for (unsigned i = sizeof answer_status / sizeof answer_status[0]; i-- > 0;) {
        if (!(c->answers >> i & 1))
            continue;
        left |= status == answer_status[i];
        c->status = answer_status[i]; /* the first one is told if there is none */
    }
    if (!left)
        return false;
    c->status = status;
    c->settle(&r->oracle, c);
    if (s && !c->short_of) {
        s->unforced++;
        s->lacking += status != NDIS_STATUS_SUCCESS && status != NDIS_STATUS_BUFFER_TOO_SHORT;
    }
    return true;
}

void layer_answered(struct runner *r, const struct call *c)
{
    const struct request *q = &r->oracle.request[c->made];

    if (r->over || !c->answers)
        return;
    if (broken(r, PROPERTY_HANDLER_ONCE, c->taken || !q->delivered))
        failed_text(r, PROPERTY_HANDLER_ONCE, "no handler for a request that fails",
                    "its handler was called");
    if (broken(r, PROPERTY_HANDLER_INSIDE, !c->taken || q->delivered || q->kind != KIND_bare))
        failed_text(r, PROPERTY_HANDLER_INSIDE, "the handler inside the call",
                    "no callback before the call returned");
}

/* ---- callbacks ---- */

void layer_calls(struct runner *r, enum frame_kind kind, unsigned n)
{
    struct oracle *o = &r->oracle;
    struct request *q = &o->request[n];
    bool inside = o->call && o->call->made == n && o->call->row->makes == CLASS_list;

    layer_asked(r, true);
    if (o->expected.kind != FRAME_none || q->state != REQUEST_queued ||
        (q->kind == KIND_nb ? FRAME_handler : FRAME_bare) != kind ||
        (q->kind == KIND_bare && !inside))
        return;
    if (o->frame_count == RIG_FRAMES) {
        r->over = r->outcome->cut = true;
        return;
    }
    q->state = REQUEST_owed;
    oracle_expect(o, kind, n, 0, KeGetCurrentProcessorNumber(), DISPATCH_LEVEL);
}

void layer_handler_returns(struct runner *r)
{
    struct oracle *o = &r->oracle;

    if (oracle_level(o) == DISPATCH_LEVEL)
        return;
    KeLowerIrql(DISPATCH_LEVEL); /* PSG-09 */
    o->irql[o->processor] = DISPATCH_LEVEL;
    r->outcome->left_out++;
}

/* What a driver leaves behind is swept, and reported, where the tables are our own. */
static bool leaves_behind(const struct oracle *o)
{
    for (unsigned i = 0; i < o->report_count; i++)
        switch (o->reports[i]) {
        case RULE_SGL_27:
        case RULE_FSG_15:
        case RULE_SG_32:
        case RULE_SG_38:
        case RULE_LIFE_33:
        case RULE_LIFE_73:
            return true;
        default:
            break;
        }
    return false;
}

bool layer_cuts(struct runner *r, bool before)
{
    struct oracle *o = &r->oracle;
    const struct frame *frame = innermost(o);
    bool switched_off = before && frame->kind == FRAME_shutdown &&
                        (o->adapter[frame->object].dma || adapter_has_requests(o, frame->object));

    if (r->over || (before ? !switched_off : !leaves_behind(o)))
        return false;
    r->over = r->outcome->cut = true;
    trace_line(r, "cut short: what the driver leaves behind, the NDIS layer cannot know of");
    return true;
}

/* ---- refused resources ---- */

static void count_request(struct oracle *o)
{
    if (o->refusal_after == 0)
        o->refusal_armed = false;
    else
        o->refusal_after--;
}

void layer_asked(struct runner *r, bool count)
{
    struct oracle *o = &r->oracle;

    for (unsigned site = RIG_SITE_any + 1; site < RIG_SITE_COUNT; site++) {
        uint32_t made = rig_requests(r->machine, (enum rig_site)site).made;

        for (uint32_t i = r->layer->asked[site]; count && i < made; i++)
            if (o->refusal_armed &&
                (o->refusal_site == RIG_SITE_any || o->refusal_site == (enum rig_site)site))
                count_request(o);
        r->layer->asked[site] = made;
    }
}

/* ---- the device ---- */

static struct posted *posted_of(struct runner *r, unsigned request)
{
    struct posted *posted = r->layer->posted;

    while (posted->request != request)
        posted++;
    return posted;
}

static struct posted *free_post(struct runner *r)
{
    const struct oracle *o = &r->oracle;
    struct posted *posted = r->layer->posted;

    while (posted->request <= o->made[CLASS_list] && o->request[posted->request].posted)
        posted++;
    return posted;
}

void layer_posts(struct runner *r, struct call *c)
{
    const struct request *q = live_list(&r->oracle, c->a[0].value);
    struct posted *posted;

    if (!c->impossible) {
        r->oracle.request[request_number(&r->oracle, q)].posted = false;
        posted = free_post(r);
        r->oracle.request[request_number(&r->oracle, q)].posted = true;
        posted->request = request_number(&r->oracle, q);
        posted->count = cut(q->list->NumberOfElements, RIG_PIECES);
        memcpy(posted->elements, q->list->Elements, posted->count * sizeof posted->elements[0]);
    }
    result_happened(r, c, !c->impossible);
}

/* Move the data through bus addresses; returns how many bytes were moved. */
static uint32_t transfer(struct runner *r, const struct posted *posted, uint32_t skip,
                         uint32_t length, bool to_device)
{
    uint32_t done = 0;

    for (unsigned i = 0; i < posted->count && done < length; i++) {
        const SCATTER_GATHER_ELEMENT *e = &posted->elements[i];
        uint32_t from = cut(skip, e->Length), part = cut(e->Length - from, length - done);
        uint64_t bus = (uint64_t)e->Address.QuadPart + from;

        skip -= from;
        if (!(to_device ? rig_bus_read(r->machine, bus, r->scratch + done, part)
                        : rig_bus_write(r->machine, bus, r->scratch + done, part)))
            return done;
        done += part;
    }
    return done;
}

void layer_device_runs(struct runner *r, struct call *c)
{
    const struct request *q = &r->oracle.request[c->request];
    uint32_t skip = q->kind == KIND_nb ? q->current_offset : 0;
    uint32_t length = q->kind == KIND_nb ? q->data_length : q->length;
    struct rig_transfer moved;

    result_happened(r, c, !c->impossible);
    if (r->over || c->impossible)
        return;
    for (uint32_t i = 0; !q->to_device && i < length; i++)
        r->scratch[i] = (uint8_t)(c->serial + i);
    moved = (struct rig_transfer){q->list, r->scratch, 0, q->to_device};
    moved.length = transfer(r, posted_of(r, c->request), skip, length, q->to_device);
    judge_transfer(r, c, &moved);
}

void layer_device_reaches(struct runner *r, struct call *c)
{
    const struct request *q = c->impossible ? NULL : live_list(&r->oracle, c->a[0].value);
    uint64_t bus = q ? q->first_address + c->a[1].number : 0;

    result_happened(r, c, q && rig_bus_read(r->machine, bus, r->scratch, (uint32_t)c->a[2].number));
}

/* ---- the end ---- */

/* With nothing mapped HAL holds nothing; with nothing registered it has no adapter. */
static void judge_quiet(struct runner *r, const struct rig_count *count)
{
    judge_count(r, PROPERTY_CONSERVE_LISTS, "HAL's lists live", 0, count->lists_live);
    judge_count(r, PROPERTY_CONSERVE_LISTS, "HAL's requests waiting", 0, count->lists_waiting);
    judge_count(r, PROPERTY_CONSERVE_LISTS, "HAL's lists freed", count->lists_built,
                count->lists_freed);
    judge_count(r, PROPERTY_CONSERVE_REGISTERS, "registers held", 0, count->registers_held);
}

void layer_judge_end(struct runner *r)
{
    const struct oracle *o = &r->oracle;
    struct rig_count count, expected = predicted_count(o);
    unsigned live = 0, owed = rig_owed(r->machine);

    rig_count(r->machine, &count);
    judge_count(r, PROPERTY_CONSERVE_OBJECTS, "drivers", expected.drivers, count.drivers);
    judge_count(r, PROPERTY_CONSERVE_OBJECTS, "adapters", expected.adapters, count.adapters);
    judge_count(r, PROPERTY_CONSERVE_OBJECTS, "providers", expected.providers, count.providers);
    judge_count(r, PROPERTY_CONSERVE_OBJECTS, "devices", expected.devices, count.devices);
    if (!o->dmas)
        judge_count(r, PROPERTY_CONSERVE_OBJECTS, "HAL's adapters", 0, count.dma_adapters);
    if (!o->active_count && !owed)
        judge_quiet(r, &count);
    for (unsigned i = 0; i < o->active_count; i++)
        live += o->request[o->active[i]].state == REQUEST_live;
    if (broken(r, PROPERTY_HANDLER_ONCE, !o->active_count || live || owed))
        failed_text(r, PROPERTY_HANDLER_ONCE, "the handler of each accepted request",
                    "requests that wait, with nothing mapped and nothing owed");
}
