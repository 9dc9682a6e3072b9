/*
 * phrases.c: the idioms, parsed on first use behind a preamble that makes one name of each class.
 * Since references count backwards, what a phrase says of these names holds for the newest names
 * wherever it is put.
 */
#include "phrases.h"
#include <assert.h>
#include <pthread.h>
#include <string.h>

static const char preamble[] = "driver1 = NdisMRegisterMiniportDriver()\n"
                               "adapter1 = initialize(driver1)\n"
                               "dma1 = NdisMRegisterScatterGatherDma(adapter1)\n"
                               "buffer1 = buffer()\n"
                               "mdl1 = mdl(buffer1, NULL)\n"
                               "nb1 = net_buffer(mdl1)\n"
                               "nbl1 = net_buffer_list(nb1, NULL, NULL)\n"
                               "list1 = NdisMAllocateNetBufferSGList(dma1, nb1, NULL)\n"
                               "hal1 = IoGetDmaAdapter()\n"
                               "device1 = add_device()\n"
                               "provider1 = NetDmaRegisterProvider(device1)\n"
                               "block1 = NdisMAllocateSharedMemory(adapter1)\n"
                               "channel1 = NdisMRegisterDmaChannel(adapter1)\n"
                               "base1 = AllocateAdapterChannel(hal1)\n";
enum { PREAMBLE_RECORDS = 14, PREAMBLE_SIZE = sizeof preamble - 1, TEXT_MAX = 4096 };

const struct phrase_row phrase_rows[PHRASE_COUNT] = {
#define PHRASE(name_, targets_, from_, to_, weight_, text_) \
    {#name_, text_, targets_, from_, to_, weight_},
#include "phrases.def"
#undef PHRASE
};

/* Written once, before anyone reads them. */
static pthread_once_t parsed_once = PTHREAD_ONCE_INIT;
static struct phrase parsed[PHRASE_COUNT];

static void find_context(struct phrase *phrase, unsigned index, const unsigned made[CLASS_COUNT])
{
    const struct record *record = &phrase->records[index];
    const struct op_row *row = &op_table[record->op];

    for (unsigned i = 0; i < row->operand_count; i++) {
        const struct operand *operand = &row->operands[i];
        struct ref ref;

        if (operand->kind != OPERAND_REF)
            continue;
        ref = ref_resolve((uint8_t)operand_get(record, operand), operand->class, made);
        if (ref.mode == REF_NAMED && ref.number == 1) {
            phrase->context[index] |= (uint8_t)(1u << operand->slot);
            phrase->needs |= 1u << ref.class;
        }
    }
}

static void parse_phrase(struct phrase *phrase, const char *text)
{
    char whole[TEXT_MAX];
    struct program program;
    struct text_head head;
    struct text_error error;
    unsigned made[CLASS_COUNT];
    size_t length = strlen(text);
    bool good;

    assert(PREAMBLE_SIZE + length < TEXT_MAX);
    memcpy(whole, preamble, PREAMBLE_SIZE);
    memcpy(whole + PREAMBLE_SIZE, text, length);
    good = program_parse(&program, &head, whole, PREAMBLE_SIZE + length, &error);
    assert(good && program.count - PREAMBLE_RECORDS <= PHRASE_RECORDS);
    (void)good;
    phrase->count = program.count - PREAMBLE_RECORDS;
    memcpy(phrase->records, program.records + PREAMBLE_RECORDS,
           phrase->count * sizeof(struct record));
    for (unsigned class = 0; class < CLASS_COUNT; class ++)
        made[class] = 1;
    for (unsigned i = 0; i < phrase->count; i++) {
        find_context(phrase, i, made);
        made[op_table[phrase->records[i].op].makes]++;
    }
}

static void parse_all(void)
{
    for (unsigned i = 0; i < PHRASE_COUNT; i++)
        parse_phrase(&parsed[i], phrase_rows[i].text);
}

const struct phrase *phrase_get(enum phrase_id id)
{
    pthread_once(&parsed_once, parse_all);
    return &parsed[id];
}
