/*
 * rig_device.h: the harness side of a hosted driver's device.
 *
 * Each adapter has one device that sends frames. Its registers, ULONGs at the start of the memory
 * that the adapter's resources name:
 *
 *   0x00 TX_ADDRESS_LOW    w   device address of an element, low half
 *   0x04 TX_ADDRESS_HIGH   w   high half
 *   0x08 TX_LENGTH         w   bytes of the element; appends it to the frame being written
 *   0x0C TX_DOORBELL       w   ends the frame; the value, not 0, is its tag
 *   0x10 TX_DONE_TAG       r   tag of the next frame that was sent, 0: none
 *   0x14 INTERRUPT_CAUSE   r   1: frames were sent; reading clears it
 *   0x18 CONTROL           rw  1: on; 2: reset, forgets every frame and turns it off
 *
 * It moves nothing by itself: rig_device_frame does. After a surprise removal it reads as ones.
 */
#ifndef DMARIG_RIG_DEVICE_H
#define DMARIG_RIG_DEVICE_H

#include "rig.h"

enum rig_register {
    RIG_TX_ADDRESS_LOW,
    RIG_TX_ADDRESS_HIGH,
    RIG_TX_LENGTH,
    RIG_TX_DOORBELL,
    RIG_TX_DONE_TAG,
    RIG_INTERRUPT_CAUSE,
    RIG_CONTROL,
    RIG_REGISTERS
};

enum { RIG_CONTROL_ON = 1, RIG_CONTROL_RESET = 2, RIG_CAUSE_SENT = 1, RIG_DEVICE_LEVEL = 5 };

/* A frame that the device sent; the bytes lie in the device until the next one. */
struct rig_frame {
    uint32_t tag, made; /* made: origin of the doorbell */
    const uint8_t *bytes;
    uint32_t length;
};

/* ---- a kit's life ---- */

/* What a machine that hosts a driver has besides; the machine knows nothing of it. */
struct driver_kit;
size_t kit_size(void); /* bytes of a kit, zeroed, owned by the caller; align to 16 */
/* The machine that is given HOOKS has KIT, until it is reset. */
void kit_attach(struct driver_kit *kit, struct rig_hooks *hooks);
void kit_reset(struct driver_kit *kit); /* as fresh, byte for byte, at the cost of what was used */

/* ---- its device ---- */

/* Frames that the device of ADAPTER holds and could send now. */
unsigned rig_device_frames(struct machine *machine, NDIS_HANDLE adapter);
/* The device sends frame number FRAME of those it holds: it reads the bytes through bus addresses
 * only, notes the tag as done, and raises its interrupt. False: there is no such frame. */
bool rig_device_frame(struct machine *machine, NDIS_HANDLE adapter, unsigned frame,
                      struct rig_frame *sent);
/* The hardware resources of a live adapter: registers and an interrupt. NULL: no such adapter. */
PNDIS_RESOURCE_LIST rig_resources(struct machine *machine, NDIS_HANDLE adapter);

/* ---- what it noticed ---- */

/* A driver's mistake that no rule of the catalogue names. */
struct rig_fault {
    const char *text;         /* NULL: none */
    uint32_t at, made, freed; /* origins: of the call, of the object concerned; 0: none */
};
/* The first one of this run. */
const struct rig_fault *rig_fault(const struct machine *machine);
/* CALLBACK has returned, and with it the adapter is gone: an interrupt that it left is SDV-12 and
 * comes no more, a work item SDV-14. */
void rig_adapter_ends(struct machine *machine, NDIS_HANDLE adapter, const char *callback);
/* What OWNER, an adapter or driver handle that may be gone, has not given back: memory, an
 * interrupt, work items, mapped registers. text is NULL if nothing is left. */
struct rig_fault rig_left(const struct machine *machine, NDIS_HANDLE owner);

#endif
