/*
 * oracle_block_use.c: what driver and device do with a block of shared memory, or a common buffer.
 */
#include "oracle.h"

enum { WHERE_inside, WHERE_behind, WHERE_before };

/* The live block that argument 0 names, 0 none. */
static unsigned live_block(const struct oracle *o, const struct call *c)
{
    unsigned n = named(c, 0, CLASS_block);

    return n && o->block[n].life == LIFE_live ? n : 0;
}

/* Resolves offset and length, cut to the block; false: no bytes. */
static bool part_of_block(struct call *c, const struct o_block *b)
{
    c->offset = cut(number_of(c, 1, b->length), b->length);
    c->length = cut(number_of(c, 2, b->length - c->offset), b->length - c->offset);
    return c->length != 0;
}

void oracle_block_write(struct oracle *o, struct call *c)
{
    unsigned n = live_block(o, c);
    struct o_block *b = &o->block[n];
    bool some = part_of_block(c, b);

    if (!n || (c->a[3].n == WHERE_inside && !some)) {
        never(c);
        return;
    }
    c->block = n;
    if (c->a[3].n != WHERE_inside) {
        b->damaged = true;
        return;
    }
    memcpy(block_shadow(o, n) + c->offset, o->written + o->writes++ % 64 * PATTERN_STRIDE,
           c->length);
}

void oracle_block_read(struct oracle *o, struct call *c)
{
    unsigned n = live_block(o, c);

    if (!part_of_block(c, &o->block[n]) || !n)
        never(c);
    c->block = n;
}

void oracle_device_program(struct oracle *o, struct call *c)
{
    struct o_block *b = &o->block[live_block(o, c)];
    bool begins = c->a[1].n == 0;

    if (!live_block(o, c) || b->hal || b->posted == begins || o->adapter[b->adapter].removed)
        never(c);
    else
        b->posted = begins;
}

void blocks_stop(struct oracle *o, unsigned adapter)
{
    for (unsigned i = 1; i <= o->made[CLASS_block]; i++)
        if (o->block[i].adapter == adapter)
            o->block[i].posted = false;
}

/* Whether the device that has the block can move anything at all. */
static bool has_device(const struct oracle *o, const struct o_block *b)
{
    const struct o_adapter *adapter = &o->adapter[b->adapter];

    return b->hal || (adapter->life == LIFE_live && !adapter->removed);
}

void oracle_device_block(struct oracle *o, struct call *c)
{
    unsigned n = named(c, 0, CLASS_block);
    const struct o_block *b = &o->block[n];
    uint64_t offset = number_of(c, 1, b->length);
    uint64_t length = number_of(c, 2, offset < b->length ? b->length - offset : 0);
    bool good =
        b->life == LIFE_live && length && offset <= b->length && length <= b->length - offset;
    uint8_t *shadow;

    c->block = n;
    if (!n || b->life == LIFE_bad || !has_device(o, b) || (o->common[b->buffer].shared && !good)) {
        never(c);
        return;
    }
    if (!good) {
        refuse(c, RULE_E6_26);
        return;
    }
    c->offset = (uint32_t)offset;
    c->length = (uint32_t)length;
    if (c->a[3].n == 0)
        return;
    c->serial = ++o->block_serial;
    shadow = block_shadow(o, n) + offset;
    for (uint32_t i = 0; i < c->length; i++)
        shadow[i] = (uint8_t)(c->serial + i);
}
