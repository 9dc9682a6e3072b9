/* target.c: the targets by name. */
#include "target.h"
#include <string.h>

const struct target targets[TARGET_COUNT] = {
    {"sgdma", "a miniport's life and its scatter/gather lists", TARGET_SG},
    {"shared_memory", "a miniport's life and the memory it shares with its device", TARGET_SHM},
    {"netdma_provider", "a NetDMA provider and its device", TARGET_NP},
    {"ndis", "all of NDIS: a miniport's life, lists, shared memory, DMA channels", TARGET_LIFE},
    {"dma_channel", "a miniport's life and its DMA channels", TARGET_CHANNEL},
    {"machine", "everything, HAL called directly too", TARGET_MACHINE},
};

const struct target *target_find(const char *name)
{
    for (unsigned i = 0; i < TARGET_COUNT; i++)
        if (strcmp(targets[i].name, name) == 0)
            return &targets[i];
    return NULL;
}
