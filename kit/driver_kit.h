/*
 * driver_kit.h: what a driver needs of the computer besides DMA, as plain data.
 *
 * Pool memory, and for each adapter slot one device with a block of registers, a transmitter, and
 * an interrupt line. Programs play drivers without any of it; a hosted driver links against the
 * Windows functions behind it (driver_kit.c, driver_device.c).
 */
#ifndef DMARIG_DRIVER_KIT_H
#define DMARIG_DRIVER_KIT_H

#include "machine.h"
#include "rig_device.h"

enum {
    KIT_DEVICES = 4,     /* one for each adapter slot */
    KIT_ARENA = 1 << 18, /* bytes of pool; never given out twice in a run */
    KIT_BLOCKS = 512,
    KIT_INTERRUPTS = 16,
    KIT_WORK_ITEMS = 16,
    KIT_FRAMES = 32,  /* frames that a device holds */
    KIT_ELEMENTS = 64 /* elements of a frame */
};

struct kit_block {
    NDIS_HANDLE owner; /* the handle it was asked for with */
    uint32_t offset, length, made, freed;
    bool live;
};

struct kit_interrupt {
    NDIS_HANDLE adapter, context;
    MINIPORT_ISR_HANDLER isr;
    MINIPORT_INTERRUPT_DPC_HANDLER dpc;
    uint32_t made;
    bool live, isr_owed, dpc_owed;
};

struct kit_work_item {
    NDIS_HANDLE owner; /* the handle it was asked for with */
    NDIS_IO_WORKITEM_ROUTINE routine;
    PVOID context;
    uint32_t made;
    bool live, queued;
};

struct kit_element {
    uint64_t address;
    uint32_t length;
};

struct kit_frame {
    struct kit_element element[KIT_ELEMENTS]; /* not last: its bounds are checked */
    uint32_t elements;
    uint32_t tag, made; /* made: where the doorbell was rung */
};

/* frame[order[0..held-1]] wait to be moved, oldest first; frame[order[held]] is being written. */
struct kit_device {
    NDIS_HANDLE adapter; /* it was powered on for; another one finds it fresh */
    uint32_t made;       /* where its registers were mapped */
    bool mapped;
    uint8_t held, finished;
    uint32_t low, high, cause, control;
    uint8_t order[KIT_FRAMES + 1];
    uint32_t done[KIT_FRAMES];
    ULONG registers[RIG_REGISTERS]; /* places only: a value lies nowhere */
    _Alignas(8) uint8_t
        resources[sizeof(CM_PARTIAL_RESOURCE_LIST) + sizeof(CM_PARTIAL_RESOURCE_DESCRIPTOR)];
};

struct driver_kit {
    uint32_t arena_used, block_count, interrupt_count, work_item_count;
    struct rig_fault fault;
    struct kit_block blocks[KIT_BLOCKS];
    struct kit_interrupt interrupts[KIT_INTERRUPTS];
    struct kit_work_item work_items[KIT_WORK_ITEMS];
    struct kit_device devices[KIT_DEVICES];
    uint8_t frames_used[KIT_DEVICES];
    struct kit_frame frames[KIT_DEVICES][KIT_FRAMES + 1];
    _Alignas(16) uint8_t arena[KIT_ARENA];
};

static inline struct driver_kit *kit_of(const struct machine *machine)
{
    assert(machine->hooks.extension && "the machine has no kit");
    return machine->hooks.extension;
}

/* OWNER is an adapter that ends: its work items are SDV-14, and are no more. */
void driver_kit_end_work(struct machine *machine, NDIS_HANDLE owner, const char *callback);
/* A mistake that no rule of the catalogue names, with a BLOCK or about none (NULL); the first one of a
 * run is kept. */
void driver_kit_fault(struct machine *machine, const char *text, const struct kit_block *block);

#endif
