/* hosted.h: what the tests of hosted drivers share. */
#ifndef HOSTED_H
#define HOSTED_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "host.h"
#include <string.h>

#define HOSTED_RUNNING "adapter1 = initialize(NULL)\nrestart(adapter1)\n"
#define HOSTED_FRAME                                                           \
    "buffer1 = buffer(length=1500)\nmdl1 = mdl(buffer1, NULL, length=limit)\n" \
    "nb1 = net_buffer(mdl1, length=limit)\nnbl1 = net_buffer_list(nb1, NULL, NULL)\n"

DRIVER_INITIALIZE DriverEntry;

static inline void hosted_parse(struct program *program, const char *text)
{
    struct text_head head;
    struct text_error error;

    if (!program_parse(program, &head, text, strlen(text), &error))
        fail_msg("%u:%u: %s", error.line, error.column, error.message);
    host_narrow(program);
}

#endif
