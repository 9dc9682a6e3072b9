/*
 * command_emit.c: dmarig emit-c: a program as one C file.
 */
#define _POSIX_C_SOURCE 200809L
#include "command.h"
#include "emit.h"
#include "files.h"
#include <stdio.h>
#include <stdlib.h>

static int write_c(const char *out, const char *text, size_t size)
{
    char error[FILE_ERROR_MAX];

    if (!out)
        return fwrite(text, 1, size, stdout) == size
                   ? EXIT_CLEAN
                   : usage_error("emit-c", "cannot write to standard output");
    if (!file_write(out, text, size, error))
        return usage_error("emit-c", "%s", error);
    printf("emit-c: " EMIT_COMPILE "\n", out);
    return EXIT_CLEAN;
}

static int emit(struct runner *runner, const struct program *program, const char *out)
{
    char *text = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&text, &size);
    int code = EXIT_USAGE;
    bool good;

    if (!stream)
        return usage_error("emit-c", "no memory");
    good = emit_program(runner, program, out ? out : "repro.c", stream);
    good &= fclose(stream) == 0;
    code = good ? write_c(out, text, size) : usage_error("emit-c", "no memory");
    free(text);
    return code;
}

int command_emit(int argc, char **argv, const volatile sig_atomic_t *stop)
{
    const char *out = NULL;
    const struct option_row rows[] = {{"-o", OPTION_TEXT, &out}};
    struct program program;
    struct text_head head;
    char error[FILE_ERROR_MAX];
    struct runner *runner;
    int operands, code;

    (void)stop;
    if (!options_parse(argc, argv, rows, 1, &operands))
        return EXIT_USAGE;
    if (operands != 1)
        return usage_error("emit-c", "which program? (dmarig emit-c FILE [-o OUT])");
    if (rig_layer())
        return usage_error("emit-c", "the C is for our own NDIS layer, and this is another");
    if (!file_program(argv[1], &program, &head, error))
        return usage_error("emit-c", "%s", error);
    runner = runner_make();
    if (!runner)
        return usage_error("emit-c", "no memory");
    code = emit(runner, &program, out);
    runner_free(runner);
    return code;
}
