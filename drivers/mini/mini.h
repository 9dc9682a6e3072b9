/*
 * mini.h: a miniport for a NIC that sends frames by bus-master DMA.
 *
 * One MINI_SEND carries one NET_BUFFER through its life:
 *
 *   SendFree -> SendMapping (NdisMAllocateNetBufferSGList was called, the handler was not)
 *            -> SendPosted  (the device has it) -> SendDone (its list is being freed) -> SendFree
 *
 * The lock guards every field that changes after initialisation, and the device's registers. It is
 * never held across a call that maps, unmaps or completes.
 */
#ifndef MINI_H
#define MINI_H

#include "ndis.h"

#define MINI_TAG 'iniM'
#define MINI_SENDS 16
#define MINI_LONGEST_MAPPING 65536

#define MINI_TX_ADDRESS_LOW 0
#define MINI_TX_ADDRESS_HIGH 1
#define MINI_TX_LENGTH 2
#define MINI_TX_DOORBELL 3
#define MINI_TX_DONE_TAG 4
#define MINI_INTERRUPT_CAUSE 5
#define MINI_CONTROL 6
#define MINI_CONTROL_ON 1
#define MINI_CONTROL_RESET 2
#define MINI_DEVICE_GONE 0xFFFFFFFF

typedef struct _MINI_ADAPTER MINI_ADAPTER, *PMINI_ADAPTER;

typedef enum _MINI_SEND_STATE { SendFree, SendMapping, SendPosted, SendDone } MINI_SEND_STATE;

typedef struct _MINI_SEND {
    PMINI_ADAPTER Adapter;
    MINI_SEND_STATE State;
    BOOLEAN Cancelled;
    PNET_BUFFER_LIST NetBufferList;
    PNET_BUFFER NetBuffer;
    PSCATTER_GATHER_LIST List;
    PVOID ListBuffer;
} MINI_SEND, *PMINI_SEND;

struct _MINI_ADAPTER {
    NDIS_HANDLE Handle;
    NDIS_HANDLE Dma;
    NDIS_HANDLE Interrupt;
    volatile ULONG *Registers;
    ULONG RegistersLength;
    ULONG ListSize;
    NDIS_SPIN_LOCK Lock;
    ULONG Outstanding; /* NET_BUFFER_LISTs not given back yet */
    BOOLEAN Running, Removed, Resetting, PausePending, ResetPending;
    MINI_SEND Sends[MINI_SENDS];
};

/* NET_BUFFERs of a NET_BUFFER_LIST that are not finished, and one while it is being sent. */
#define MINI_PARTS(Nbl) (NET_BUFFER_LIST_MINIPORT_RESERVED(Nbl)[0])

DRIVER_INITIALIZE DriverEntry;

/* mini_send.c */
MINIPORT_SEND_NET_BUFFER_LISTS MiniSendNetBufferLists;
MINIPORT_PROCESS_SG_LIST MiniProcessSGList;
MINIPORT_ISR MiniInterrupt;
MINIPORT_INTERRUPT_DPC MiniInterruptDpc;
/* Send, whose list is freed, ends with Status; its NET_BUFFER_LIST completes with the last part. */
VOID MiniFinish(PMINI_SEND Send, NDIS_STATUS Status);
/* The same for a send that still has its list. */
VOID MiniUnmap(PMINI_SEND Send, NDIS_STATUS Status);

/* mini_state.c */
MINIPORT_PAUSE MiniPause;
MINIPORT_RESTART MiniRestart;
MINIPORT_RESET MiniReset;
MINIPORT_DEVICE_PNP_EVENT_NOTIFY MiniPnPEventNotify;

/* mini_cancel.c */
MINIPORT_CANCEL_SEND MiniCancelSend;
/* A send that has just been mapped, and must not reach the device any more, ends with Status. */
VOID MiniAbandon(PMINI_SEND Send, PSCATTER_GATHER_LIST List, NDIS_STATUS Status);

#endif
