/*
 * main.c: the command. Subcommands by name, their help, and Ctrl-C; the work is in the libraries.
 */
#define _POSIX_C_SOURCE 200809L
#include "command.h"
#include "isolate.h"
#include <stdio.h>
#include <string.h>

struct command_row {
    const char *name;
    command_function *function;
    const char *summary, *help;
};

static const struct command_row commands[] = {
    {"run", command_run, "run programs and judge them",
     "dmarig run [--quiet] FILE...\n"
     "\n"
     "Runs each program, prints what happens and judges it, by its variants too (metamorphic.* of\n"
     "dmarig properties). FILE is text if its name ends in .dma, else bytes.\n"
     "A text that begins with `# trips RULE at record N` must break this rule there, and no "
     "other.\n"
     "\n"
     "  --quiet   one line for each file; the whole trace only where a property fails\n"},
    {"print", command_print, "print a program as text",
     "dmarig print FILE\n"
     "\n"
     "Prints the program in FILE (- is standard input) in its canonical text form.\n"},
    {"asm", command_asm, "turn text into bytes",
     "dmarig asm FILE [-o OUT]\n"
     "\n"
     "Reads FILE (- is standard input) as text and writes the program's bytes.\n"
     "\n"
     "  -o OUT    write OUT, whole or not at all; the default is standard output\n"},
    {"shrink", command_shrink, "make a failing program smaller",
     "dmarig shrink FILE [-o OUT]\n"
     "\n"
     "Finds the smallest program that fails the same property as the one in FILE, or, for a text\n"
     "that begins with `# trips RULE at record N`, that breaks this rule alone. Exit status 1 if\n"
     "there is nothing to shrink.\n"
     "\n"
     "  -o OUT    write OUT, whole or not at all; the default is standard output, and what is to "
     "be\n"
     "            said goes to standard error\n"},
    {"emit-c", command_emit, "turn a program into C",
     "dmarig emit-c FILE [-o OUT]\n"
     "\n"
     "Runs the program in FILE and writes one C file that plays it and checks what has to come of "
     "each\n"
     "step. It includes core/rig.h alone; its head names the command that compiles it. Where the\n"
     "program fails, the C fails too, until the machine is mended.\n"
     "\n"
     "  -o OUT    write OUT, whole or not at all; the default is standard output\n"},
    {"check", command_check, "judge random programs",
     "dmarig check [OPTION...]\n"
     "\n"
     "Generates programs, runs and judges them. What fails is shrunk, reported and saved.\n"
     "\n"
     "  --target NAME     which operations (dmarig targets); default machine\n"
     "  --start NAME      which start program (dmarig starts); default: drawn for each program\n"
     "  --runs N          so many programs; default 20000, unless --seconds is given\n"
     "  --seconds S       so much time\n"
     "  --seed N          of the first program; default 1\n"
     "  --only PROPERTY   judge this property alone\n"
     "  --legal-only      skip calls that the contract would refuse\n"
     "  --findings DIR    where programs that fail are saved; default findings\n"
     "  --table           operations and what came of them\n"
     "  --verbose         how often each property was evaluated and each rule tripped\n"},
    {"exhaustive", command_exhaustive, "judge all small programs",
     "dmarig exhaustive [OPTION...]\n"
     "\n"
     "Runs and judges all programs of up to a number of letters (a letter is a record or a short\n"
     "phrase) on top of start programs on tiny machines, shorter ones first; then goes on\n"
     "breadth-first from states not seen before. What fails is shrunk, reported and saved.\n"
     "\n"
     "  --start NAME      this start alone, not all of them (--list)\n"
     "  --alphabet NAME   these letters, not the start's own (--list)\n"
     "  --depth N         all programs of up to N letters; the default is the start's own\n"
     "  --states N        then until N states are known; 0: no further; default: the start's own\n"
     "  --seconds S       so much time\n"
     "  --findings DIR    where programs that fail are saved; default findings\n"
     "  --list            the starts and the alphabets\n"},
    {"sweep", command_sweep, "judge programs with their resources refused",
     "dmarig sweep [FILE...] [OPTION...]\n"
     "\n"
     "Runs each program with its first, second, ... request for a resource refused until none is\n"
     "left, and judges every run. Without FILE these are the programs of the corpus; then each\n"
     "place that asks for a resource (dmarig sites) must have been refused. What fails or crashes "
     "is\n"
     "shrunk, reported and saved, once for each property and cause.\n"
     "\n"
     "  --corpus DIR     where seed/ and regress/ are; default corpus/v1\n"
     "  --findings DIR   where to save findings; default findings\n"},
    {"selftest", command_selftest, "find the planted bugs",
     "dmarig selftest [OPTION...]\n"
     "\n"
     "Plants one bug after the other in the machine and looks for it with random programs, all "
     "small\n"
     "programs, and the programs of the corpus. Each must be found by a property that is expected "
     "to\n"
     "catch it: all of them by random programs, nine of ten without. Only the build `planted` has\n"
     "planted bugs; scripts/dmarig makes and takes it for this command. In that build\n"
     "DMARIG_PLANTED=NAME in the environment plants a bug for any command.\n"
     "\n"
     "  --bug NAME        this bug alone\n"
     "  --engine NAME     random, exhaustive or replay alone\n"
     "  --seconds S       for each search; default 10\n"
     "  --seed N          of the first random program; default 1\n"
     "  --corpus DIR      the corpus; default corpus/v1\n"
     "  --table FILE      bug, engine, found or missed, by what, programs, calls, seconds, site "
     "reached,\n"
     "                    site wrong; separated by tabs\n"
     "  --programs DIR    the smallest program found for each bug, as text\n"
     "  --list            the bugs\n"},
    {"minima", command_minima, "shrink many programs that fail by a planted bug",
     "dmarig minima [OPTION...]\n"
     "\n"
     "Plants one bug after the other, takes the first random programs that fail each property, "
     "and\n"
     "shrinks them: those of one bug and property must end in one program. Where there are too "
     "few,\n"
     "variations of them join them. Prints for each pair how many inputs there were, how many "
     "minima,\n"
     "and how long shrinking one took, in processor time. Only the build `planted` has planted "
     "bugs;\n"
     "scripts/dmarig makes and takes it for this command. Exit status 1 if a pair has two minima, "
     "a "
     "bug\n"
     "none, or shrinking takes longer than it may.\n"
     "\n"
     "  --bug NAME        this bug alone\n"
     "  --inputs N        programs of each bug and property; default 20\n"
     "  --seconds S       to find them, for each bug; default 10\n"
     "  --programs N      to find them among, for each bug; default 0, no limit\n"
     "  --seed N          of the first random program; default 1\n"
     "  --confirm N       run up to N shorter programs of each minimum's operations, none of which "
     "must fail\n"
     "                    alike: all there are, or those with the same first records; default 0\n"
     "  --median MS       that half of the shrinks may take; 0: no limit; default 100\n"
     "  --worst MS        that one of them may take; 0: no limit; default 5000\n"},
    {"rules", command_rules, "list the rules of the contract",
     "dmarig rules [--corpus DIR] [--markdown]\n"
     "\n"
     "Lists each rule: whose duty it is and how strong, what holds it (a check, with Windows' name "
     "for\n"
     "it; a check under other ids; a property; a setting) or why nothing has to, what it asks, "
     "and the\n"
     "programs of DIR that trip it. DIR is corpus/v1 by default. What the tables leave open or "
     "contradict\n"
     "is a fault: exit status 1. The share is out of what is not about version 3.\n"
     "\n"
     "  --markdown        the table of docs/contract.md (scripts/contract writes it)\n"},
    {"properties", command_properties, "list what programs are judged by",
     "dmarig properties [--runs N]\n"
     "\n"
     "Lists each property and how often N (20000) random programs evaluate it.\n"},
    {"ops", command_ops, "list the operations of programs", "dmarig ops\n"},
    {"settings", command_settings, "list the settings of a machine", "dmarig settings\n"},
    {"sites", command_sites, "list where a resource can be refused", "dmarig sites\n"},
    {"targets", command_targets, "list the targets", "dmarig targets\n"},
    {"starts", command_starts, "list the start programs", "dmarig starts\n"},
};
enum { COMMANDS = sizeof commands / sizeof commands[0] };

/* Set by Ctrl-C: the only thing that changes outside a call. Jobs of their own see it too. */
static volatile sig_atomic_t *stop;

static void on_interrupt(int number)
{
    (void)number;
    *stop = 1;
}

static void print_help(FILE *to)
{
    fprintf(to, "dmarig COMMAND [ARGUMENT...]: a test rig for Windows NDIS DMA\n\n");
    for (unsigned i = 0; i < COMMANDS; i++)
        fprintf(to, "  %-12s %s\n", commands[i].name, commands[i].summary);
    fprintf(to, "\ndmarig COMMAND --help says more. Exit status: 0 clean, 1 findings, 2 usage.\n");
}

static bool asks_for_help(int argc, char **argv)
{
    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
            return true;
    return false;
}

static int run_command(const struct command_row *row, int argc, char **argv)
{
    struct sigaction action = {.sa_handler = on_interrupt, .sa_flags = (int)SA_RESETHAND};

    if (asks_for_help(argc, argv)) {
        fputs(row->help, stdout);
        return EXIT_CLEAN;
    }
    stop = shared_memory(sizeof *stop);
    if (!stop)
        return usage_error(row->name, "no memory");
    sigaction(SIGINT, &action, NULL);
    return row->function(argc, argv, stop);
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        print_help(stderr);
        return EXIT_USAGE;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 ||
        strcmp(argv[1], "help") == 0) {
        print_help(stdout);
        return EXIT_CLEAN;
    }
    for (unsigned i = 0; i < COMMANDS; i++)
        if (strcmp(commands[i].name, argv[1]) == 0)
            return run_command(&commands[i], argc - 1, argv + 1);
    fprintf(stderr, "dmarig: unknown command %s (dmarig --help lists them)\n", argv[1]);
    return EXIT_USAGE;
}
