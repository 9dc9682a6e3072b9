/* starts.c: the start programs by name, parsed on first use. */
#include "starts.h"
#include <assert.h>
#include <pthread.h>
#include <string.h>

const struct start starts[START_COUNT] = {
#define START(name_, targets_, meaning_, text_) {#name_, meaning_, text_, targets_},
#include "starts.def"
#undef START
};

/* Written once, before anyone reads them. */
static pthread_once_t parsed_once = PTHREAD_ONCE_INIT;
static struct program parsed[START_COUNT];

static void parse_all(void)
{
    for (unsigned i = 0; i < START_COUNT; i++) {
        struct text_head head;
        struct text_error error;
        bool good =
            program_parse(&parsed[i], &head, starts[i].text, strlen(starts[i].text), &error);

        assert(good);
        (void)good;
    }
}

const struct start *start_find(const char *name)
{
    for (unsigned i = 0; i < START_COUNT; i++)
        if (strcmp(starts[i].name, name) == 0)
            return &starts[i];
    return NULL;
}

const struct program *start_program(const struct start *start)
{
    pthread_once(&parsed_once, parse_all);
    return &parsed[start - starts];
}
