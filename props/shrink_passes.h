/*
 * shrink_passes.h: what the files of the shrinker share.
 */
#ifndef DMARIG_SHRINK_PASSES_H
#define DMARIG_SHRINK_PASSES_H

#include "program.h"

enum { SEEN_BITS = 15 };

struct shrink {
    struct program *best;
    bool (*still_fails)(void *context, const struct program *program);
    void *context;
    unsigned tried;
    uint64_t begun; /* runs_work then */
    uint64_t *seen; /* hashes of candidates that did not fail */
};

/* It has done all that it may. */
bool shrink_is_tired(const struct shrink *shrink);

/* CANDIDATE becomes the best if it comes before it and still fails. Makes it canonical. */
bool shrink_take(struct shrink *shrink, struct program *candidate);

/* The same of PROGRAM, or of PROGRAM with another number of requests that are met before the first
 * refusal it orders. shrink_faults.c */
bool shrink_take_refusing(struct shrink *shrink, const struct program *program);

/* A pass goes over the whole program; true: something became smaller. */
bool shrink_deletions(struct shrink *shrink);    /* shrink_delete.c */
bool shrink_subsets(struct shrink *shrink);      /* shrink_delete.c */
bool shrink_operands(struct shrink *shrink);     /* shrink_operand.c */
bool shrink_equal_values(struct shrink *shrink); /* shrink_operand.c */
bool shrink_moves(struct shrink *shrink);        /* shrink_order.c */
bool shrink_replacements(struct shrink *shrink); /* shrink_order.c */

bool shrink_trades(struct shrink *shrink);        /* shrink_values.c */
bool shrink_into_choices(struct shrink *shrink);  /* shrink_jump.c */
bool shrink_into_others(struct shrink *shrink);   /* shrink_jump.c */
bool shrink_flatten(struct shrink *shrink);       /* shrink_flat.c */
bool shrink_two_operands(struct shrink *shrink);  /* shrink_two.c */
bool shrink_openings(struct shrink *shrink);      /* shrink_openings.c */
bool shrink_into_settings(struct shrink *shrink); /* shrink_settings.c */
bool shrink_exchanges(struct shrink *shrink);     /* shrink_exchange.c */
bool shrink_returns(struct shrink *shrink);       /* shrink_exchange.c */
bool shrink_memory(struct shrink *shrink);        /* shrink_memory.c */
bool shrink_swaps(struct shrink *shrink);         /* shrink_memory.c */
bool shrink_into_hal(struct shrink *shrink);      /* shrink_hal.c */
bool shrink_into_packets(struct shrink *shrink);  /* shrink_channel.c */
bool shrink_into_lists(struct shrink *shrink);    /* shrink_channel.c */
bool shrink_into_waits(struct shrink *shrink);    /* shrink_hal.c */
bool shrink_into_bases(struct shrink *shrink);    /* shrink_bases.c */
bool shrink_into_shared(struct shrink *shrink);   /* shrink_channel.c */
bool shrink_into_channels(struct shrink *shrink); /* shrink_channel.c */
bool shrink_faults(struct shrink *shrink);        /* shrink_faults.c */

/* The values of OPERAND that are worth trying where one needs another; none for numbers. Returns how
 * many. shrink_two.c */
enum { SMALL_VALUES_MAX = 16 };
unsigned small_values(const struct operand *operand, unsigned values[SMALL_VALUES_MAX]);

/* A record of operation OP with the operands of OLD that it knows too. shrink_order.c */
struct record record_as(const struct record *old, unsigned op);

/* Which record made the name that the operand in each slot refers to; -1: no name. */
struct makers {
    int16_t of[PROGRAM_MAX][3];
};
void makers_find(const struct program *program, struct makers *makers); /* shrink_names.c */

/* Gives in ORDER the records that stay: not DROPPED (PROGRAM_MAX: all), and no memory that none of them
 * uses. Returns how many. shrink_jump.c */
unsigned without_useless(const struct program *program, const struct makers *makers,
                         unsigned dropped, unsigned *order);

/* The record at PLACE becomes the old one ORDER[PLACE], for COUNT places. Each reference still names
 * what it named; names that MAKERS gives are taken for those of PROGRAM. False, and PROGRAM is as
 * before, if a name would come after its use or be out of reach. A name that goes becomes NULL. */
bool program_arrange(struct program *program, const struct makers *makers, const unsigned *order,
                     unsigned count);

/* A program told through HAL: behind its settings FRONT, whose record ADAPTER, counted from 0, makes the
 * adapter; then what TRANSLATE turns into a call of HAL, and what has nothing to do with NDIS. The
 * settings go unless AS_SET. shrink_hal.c */
struct telling {
    const struct record *front;
    unsigned front_count, adapter;
    bool as_set;
    /* The RECORD that does what record I does, and its makers; record ADAPTER makes the adapter. */
    bool (*translate)(const void *way, const struct program *program, const struct makers *makers,
                      unsigned i, int adapter, struct record *record, int16_t of[3]);
    const void *way;
};
bool shrink_tell_hal(struct shrink *shrink, const struct telling *telling);

#endif
