/*
 * dma_controller.c: the system DMA controller.
 *
 * MapTransfer tells it, for a subordinate device, where the data lie and how many there are. It
 * moves them through bus addresses, in units of one, two, or four bytes, when the device asks: in
 * demand mode as many as the device wants, else all that are left. Auto-initialised, it starts again
 * at the end (CH-09, CH-30).
 */
#include "hal_layer.h"

ULONG controller_counter(PDMA_ADAPTER DmaAdapter)
{
    struct machine *machine = machine_bound();
    enum rig_rule rule = hal_check(machine, DmaAdapter, DISPATCH_LEVEL, false, RULE_E6_13);

    if (!rule && !hal_adapter(machine, DmaAdapter)->subordinate)
        rule = RULE_HAL_39;
    return verifier_finds(machine, rule, "ReadDmaCounter", 0)
               ? 0
               : hal_adapter(machine, DmaAdapter)->controller.left;
}

bool rig_controller_run(struct machine *machine, PDMA_ADAPTER head, uint32_t units,
                        struct rig_transfer *transfer)
{
    struct dma_adapter *adapter = hal_adapter(machine, head);
    struct controller *controller = adapter ? &adapter->controller : NULL;
    uint32_t length, from;
    uint8_t *frame;
    bool moved;

    if (!adapter || controller->left == 0 || units == 0)
        return false;
    length = controller->left;
    if (adapter->demand && (uint64_t)units * adapter->unit < length)
        length = units * adapter->unit;
    from = controller->length - controller->left;
    frame = device_frame(machine, length, controller->to_device);
    moved = device_move(machine, controller->bus + from, frame, length, controller->to_device);
    assert(moved); /* what the controller was told is mapped */
    (void)moved;
    controller->left -= length;
    if (controller->left == 0 && adapter->auto_initialize)
        controller->left = controller->length;
    *transfer = (struct rig_transfer){NULL, frame, length, controller->to_device};
    return true;
}
