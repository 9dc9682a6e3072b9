/* device.h: the virtual device. It moves bytes through bus addresses only. */
#ifndef DMARIG_DEVICE_H
#define DMARIG_DEVICE_H

#include "machine.h"

/* Program the device with a live request's list, from SKIP on, LENGTH bytes, on behalf of an
 * adapter (NULL: of none). False if the device is full. */
bool device_post(struct machine *machine, struct request *request, uint32_t skip, uint32_t length,
                 const struct adapter *adapter);
/* Whether anything is posted of an adapter. */
bool device_serves(const struct machine *machine, const struct adapter *adapter);
/* Forget what is posted of a request, of an adapter. */
void device_forget(struct machine *machine, struct request *request);
void device_forget_adapter(struct machine *machine, const struct adapter *adapter);

/* The device's own memory for its next transfer, of LENGTH bytes: what comes from the device lies
 * there. */
uint8_t *device_frame(struct machine *machine, uint32_t length, bool to_device);
/* Move LENGTH bytes between the device and BUS; false if any of them is not mapped. */
bool device_move(const struct machine *machine, uint64_t bus, uint8_t *bytes, uint32_t length,
                 bool to_device);

#endif
