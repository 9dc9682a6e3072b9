/*
 * oracle_device.c: what the driver tells its device of lists, and what the device does with them.
 */
#include "oracle.h"

static enum rig_rule post_broken(const struct call *c, const struct request *q)
{
    if (q->scribbled)
        return RULE_SGL_39;
    if (q->kind != KIND_nb)
        return RULE_NONE;
    if (c->a[1].n == RIG_SKIP_NOTHING && q->current_offset)
        return RULE_SGL_21;
    if (c->a[1].n == RIG_SKIP_DATA_OFFSET && q->data_offset != q->current_offset)
        return RULE_SGL_22;
    return c->a[2].n && q->length > q->current_offset + q->data_length ? RULE_SGL_24 : RULE_NONE;
}

void oracle_device_post(struct oracle *o, struct call *c)
{
    void *p = c->a[0].value = list_or_buffer(o, c, 0, c->a[3].n);
    struct request *q = live_list(o, p);
    struct request *lent = q ? NULL : lent_list(o, p);

    if (lent)
        refuse(c, is_waiting(lent) ? RULE_SGL_12 : RULE_SGL_11);
    else if (!q && was_list(o, p))
        refuse(c, RULE_FSG_10);
    else if (!q || q->posted || o->post_count == POSTS_MAX || o->adapter[q->adapter].removed ||
             o->adapter[q->adapter].asleep || (q->kind == KIND_nb && !q->data_length))
        never(c);
    else if (post_broken(c, q))
        refuse(c, post_broken(c, q));
    else if (!o->foreign && resource_refused(o, c, RIG_SITE_post))
        never(c);
    if (c->impossible || c->rule)
        return;
    q->posted = true;
    o->posts[o->post_count++] = request_number(o, q);
}

void oracle_device_run(struct oracle *o, struct call *c)
{
    unsigned posted = c->a[0].n;
    struct request *q;

    if (posted >= o->post_count || o->adapter[o->request[o->posts[posted]].adapter].asleep) {
        never(c);
        return;
    }
    c->request = o->posts[posted];
    q = &o->request[c->request];
    q->posted = false;
    o->post_count--;
    memmove(&o->posts[posted], &o->posts[posted + 1],
            (o->post_count - posted) * sizeof o->posts[0]);
    c->serial = ++o->serial;
    if (!q->to_device)
        q->serial = c->serial;
}

void oracle_device_stop(struct oracle *o, struct call *c)
{
    unsigned n = live_adapter(o, c, 0);

    if (!n) {
        never(c);
        return;
    }
    posts_drop_adapter(o, n);
    blocks_stop(o, n);
}

void oracle_device_access(struct oracle *o, struct call *c)
{
    const struct request *q = live_list(o, c->a[0].value);
    uint64_t first = q ? q->first_length : 0;
    uint64_t offset = number_of(c, 1, first);
    uint64_t length = number_of(c, 2, offset < first ? first - offset : 0);
    bool to_device = c->a[3].n == 0;

    if (!q && !was_list(o, c->a[0].value))
        never(c);
    else if (!q || !length || offset >= first || length > first - offset ||
             (q->kind != KIND_bare && q->to_device != to_device))
        refuse(c, RULE_E6_26);
}
