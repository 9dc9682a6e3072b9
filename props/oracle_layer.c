/*
 * oracle_layer.c: what the contract leaves to an NDIS layer.
 *
 * Our own layer decides what the contract leaves open, and docs/semantics.md says how; somebody else's
 * may decide otherwise. Here every answer is open that the contract does not exclude. What comes is
 * observed, and the oracle goes by it.
 */
#include "choices.h"
#include "oracle.h"

/* SG-05, SG-07, SG-08; revision 2 is known or not, for drivers of 6.85 or for all, and these may have to
 * use it (AMB-35); no handler and flags beyond the documented one may be refused (AMB-05, AMB-21). */
bool layer_registers(const struct oracle *o, struct call *c, unsigned adapter)
{
    bool master = o->adapter[adapter].flags & NDIS_MINIPORT_ATTRIBUTES_BUS_MASTER;
    unsigned header = c->a[3].n;

    if (!o->foreign)
        return false;
    c->answers = master ? MAY_SUCCEED | MAY_LACK : MAY_NOT_SUPPORT;
    if (header == HEADER_revision_2 || o->adapter[adapter].minor >= 85)
        c->answers |= MAY_REFUSE_VERSION;
    if (header == HEADER_revision_0)
        c->answers = (c->answers & MAY_NOT_SUPPORT) | MAY_REFUSE_VERSION;
    if (c->a[4].n == 1 || c->a[2].n & ~(unsigned)NDIS_SG_DMA_64_BIT_ADDRESS)
        c->answers |= MAY_FAIL;
    c->short_of = c->answers != (MAY_SUCCEED | MAY_LACK) || !c->length || o->refusal_armed ||
                  o->dmas >= o->settings[SETTING_dma_adapters];
    return true;
}

static void answered(struct oracle *o, struct call *c)
{
    struct request *q = &o->request[c->made];

    if (c->status == NDIS_STATUS_SUCCESS || q->delivered)
        return;
    request_withdraw(o, q);
    o->value[CLASS_list][c->made] = NULL;
}

/* Accepted for now: its handler may come before the answer (SGL-13). Whether it waits, and for what, is
 * the layer's business. */
bool layer_takes_list(struct oracle *o, struct call *c, struct request *q)
{
    const struct o_dma *dma = &o->dma[q->dma];
    bool bare = q->kind == KIND_bare;

    if (!o->foreign)
        return false;
    c->short_of = o->refusal_armed || pool_has_requests(o, q->pool) || q->pieces > RIG_PIECES ||
                  (registers_counted(o) && q->pieces > q->pool->registers) || no_request_slot(o) ||
                  (!bare && (!q->data_length || q->data_length > dma->maximum));
    c->answers = MAY_SUCCEED | MAY_LACK | (bare ? MAY_WANT_MORE | MAY_FAIL : 0); /* AMB-22 */
    c->settle = answered;
    q->registers = 0; /* HAL's counts are judged when nothing is mapped */
    request_accept(o, q);
    return true;
}

/* NB-11: at least the page pieces of the data, at most those of the chain. */
void layer_counts(const struct oracle *o, struct call *c, unsigned nb)
{
    const struct o_nb *b = &o->nb[nb];
    struct segment segments[SEGMENTS];
    unsigned count;

    chain_segments(o, b->current, b->current_offset, b->length, false, segments, &count);
    c->value = 0;
    for (unsigned i = 0; i < count; i++)
        c->value += span_of(o, &segments[i]);
    c->most = pieces_of(o, b->chain, chain_bytes(o, b->chain));
}
