/*
 * rates: how fast programs run and are judged, on one core.
 *
 *   rates cycles             send cycles of 1500 bytes: allocate, handler, the device reads and
 *                            checks every byte, free, complete
 *   rates reset              what a reset costs, of a program of 128 records
 *   rates records FILE...    records of the text programs and of 1,000 generated ones
 */
#define _POSIX_C_SOURCE 200809L
#include "generate.h"
#include "run.h"
#include "starts.h"
#include "target.h"
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { GENERATED = 1000, FILES_MAX = 1000, SECONDS = 3 };

static struct program programs[FILES_MAX + GENERATED];
static double reset_seconds;

static double now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

void __real_rig_reset(struct machine *machine);
void __wrap_rig_reset(struct machine *machine);

void __wrap_rig_reset(struct machine *machine)
{
    double start = now();

    __real_rig_reset(machine);
    reset_seconds += now() - start;
}

static void require(bool condition, const char *what)
{
    if (condition)
        return;
    fprintf(stderr, "rates: %s\n", what);
    exit(2);
}

static void parse(struct program *program, const char *text, size_t length)
{
    struct text_head head;
    struct text_error error;

    require(program_parse(program, &head, text, length, &error), error.message);
}

/* A running miniport at DISPATCH_LEVEL that sends one frame again and again. */
static unsigned make_cycles(struct program *program, unsigned records)
{
    static char text[TEXT_LIMIT];
    size_t at = (size_t)snprintf(text, sizeof text, "%s", start_find("running_at_dispatch")->text);
    unsigned cycles = 0;

    for (parse(program, text, at); program->count + 8 <= records; parse(program, text, at)) {
        at += (size_t)snprintf(text + at, sizeof text - at,
                               "send(adapter1, nbl1, level=DISPATCH_LEVEL)\n"
                               "list%u = NdisMAllocateNetBufferSGList(dma1, nb1, NULL, flags=0x1)\n"
                               "device_post(list%u)\n"
                               "return()\n"
                               "return()\n"
                               "device_run()\n"
                               "NdisMFreeNetBufferSGList(dma1, list%u, nb1)\n"
                               "NdisMSendNetBufferListsComplete(adapter1, nbl1)\n",
                               cycles + 1, cycles + 1, cycles + 1);
        cycles++;
    }
    return cycles;
}

/* Run the programs over and over; how often all of them ran in a second. */
static double rounds_per_second(struct runner *runner, unsigned count,
                                struct statistics *statistics)
{
    struct run_options options = {.statistics = statistics};
    struct outcome outcome;
    double start = now(), passed;
    unsigned long rounds = 0;

    reset_seconds = 0;
    do {
        for (unsigned i = 0; i < count; i++) {
            runner_run(runner, &programs[i], &options, &outcome);
            require(outcome.verdict.property == PROPERTY_NONE, "a program has a finding");
        }
        rounds++;
        passed = now() - start;
    } while (passed < SECONDS);
    reset_seconds /= passed;
    return (double)rounds / passed;
}

static void measure_cycles(struct runner *runner)
{
    static struct statistics statistics;
    unsigned cycles = make_cycles(&programs[0], PROGRAM_MAX);
    double rate = rounds_per_second(runner, 1, &statistics) * cycles;

    require(statistics.lists == statistics.programs * cycles, "not every cycle delivers a list");
    printf("bench: name=send_cycles value=%.0f unit=cycles/s ratio=%.2f of=500000\n", rate,
           rate / 500000);
}

static void measure_reset(struct runner *runner)
{
    double rate;

    make_cycles(&programs[0], 128);
    while (programs[0].count < 128)
        programs[0].records[programs[0].count++] = (struct record){.op = OP_device_run};
    rate = rounds_per_second(runner, 1, NULL);
    printf("bench: name=reset value=%.3f unit=us ratio=%.3f of=program_of_128_records\n",
           reset_seconds / rate * 1e6, reset_seconds);
}

static void read_file(struct program *program, const char *path)
{
    static char text[TEXT_LIMIT];
    FILE *from = fopen(path, "r");
    size_t length;

    require(from != NULL, path);
    length = fread(text, 1, sizeof text, from);
    fclose(from);
    parse(program, text, length);
}

static void measure_records(struct runner *runner, char **paths, unsigned count)
{
    double records = 0, rate;

    require(count <= FILES_MAX, "too many files");
    for (unsigned i = 0; i < count; i++)
        read_file(&programs[i], paths[i]);
    for (unsigned i = 0; i < GENERATED; i++)
        generate_program(&programs[count++], i, TARGET_MACHINE);
    for (unsigned i = 0; i < count; i++)
        records += programs[i].count;
    rate = rounds_per_second(runner, count, NULL) * records;
    printf("bench: name=records value=%.0f unit=records/s ratio=%.2f of=500000\n", rate,
           rate / 500000);
}

int main(int argc, char **argv)
{
    struct runner *runner = runner_make();

    require(runner != NULL, "no memory");
    require(argc > 1, "expected cycles, reset or records");
    if (strcmp(argv[1], "cycles") == 0)
        measure_cycles(runner);
    else if (strcmp(argv[1], "reset") == 0)
        measure_reset(runner);
    else if (strcmp(argv[1], "records") == 0)
        measure_records(runner, argv + 2, (unsigned)argc - 2);
    else
        require(false, "expected cycles, reset or records");
    runner_free(runner);
    return 0;
}
