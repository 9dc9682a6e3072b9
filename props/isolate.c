/*
 * isolate.c: fork, wait, and what a child's last words mean.
 */
#define _XOPEN_SOURCE 700
#define _DEFAULT_SOURCE
#include "isolate.h"
#include <assert.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

enum { WORDS_MAX = 65536 };

static pid_t caller; /* in a job: the process that waits for it */

void *shared_memory(size_t size)
{
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    return memory == MAP_FAILED ? NULL : memory;
}

void shared_memory_free(void *memory, size_t size)
{
    if (memory)
        munmap(memory, size);
}

void isolate_alive(unsigned milliseconds)
{
    struct itimerval timer = {
        .it_value = {.tv_sec = milliseconds / 1000, .tv_usec = milliseconds % 1000 * 1000}};

    setitimer(ITIMER_VIRTUAL, &timer, NULL);
    if (caller && getppid() != caller)
        _exit(EXIT_FAILURE);
}

/* ---- last words ---- */

/* "dmarig: core/x.c:12: take: Assertion `held <= total' failed.", clang: "...: bool take(int): ..." */
static bool say_assertion(const char *words, char cause[CAUSE_MAX])
{
    const char *text = strstr(words, ": Assertion `"), *from = text, *name, *end;

    if (!text || !(end = strstr(text, "' failed")))
        return false;
    while (from > words && strncmp(from - 1, ": ", 2) != 0)
        from--;
    name = from + strcspn(from + 1, "(:") + 1;
    for (from = name; from > words && !strchr(" *", from[-1]);)
        from--;
    text += strlen(": Assertion `");
    snprintf(cause, CAUSE_MAX, "assertion %.*s in %.*s", (int)(end - text), text,
             (int)(name - from), from);
    return true;
}

/* "core/x.c:12:5: runtime error: index 9 out of bounds for type 'int [4]'" */
static bool say_undefined(const char *words, char cause[CAUSE_MAX])
{
    static const char mark[] = ": runtime error: ";
    const char *text = strstr(words, mark), *place = text;
    size_t length = 0;

    if (!text)
        return false;
    while (place > words && place[-1] != '/' && place[-1] != '\n')
        place--;
    text += strlen(mark);
    while (length < 80 && text[length] && !strchr("0123456789:\n", text[length]))
        length++;
    while (length > 0 && text[length - 1] == ' ')
        length--;
    snprintf(cause, CAUSE_MAX, "undefined behaviour, %.*s in %.*s", (int)length, text,
             (int)strcspn(place, ":"), place);
    return true;
}

/* "SUMMARY: AddressSanitizer: use-after-poison /x.c:12:5 in take" */
static bool say_summary(const char *words, char cause[CAUSE_MAX])
{
    const char *text = strstr(words, "SUMMARY: "), *function;
    char line[512], *kind;

    if (!text || sscanf(text, "SUMMARY: %511[^\n]", line) != 1)
        return false;
    kind = strchr(line, ' ');
    if (!kind)
        return false;
    function = strstr(line, ") in ") ? NULL : strstr(line, " in ");
    kind++;
    snprintf(cause, CAUSE_MAX, "%.*s %.*s%.64s", (int)strcspn(line, ":"), line,
             (int)strcspn(kind, " "), kind, function ? function : "");
    return true;
}

static void say_signal(int number, char cause[CAUSE_MAX])
{
    static const struct {
        int number;
        const char *name;
    } names[] = {{SIGABRT, "SIGABRT"}, {SIGSEGV, "SIGSEGV"}, {SIGBUS, "SIGBUS"},
                 {SIGFPE, "SIGFPE"},   {SIGILL, "SIGILL"},   {SIGTRAP, "SIGTRAP"}};

    snprintf(cause, CAUSE_MAX, "signal %d", number);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (names[i].number == number)
            snprintf(cause, CAUSE_MAX, "%s", names[i].name);
}

static bool asks_to_end(int number)
{
    return number == SIGINT || number == SIGTERM || number == SIGHUP || number == SIGKILL ||
           number == SIGQUIT;
}

static void understand(int status, const char *words, struct job_result *result)
{
    result->end = JOB_CRASHED;
    if (WIFSIGNALED(status) && asks_to_end(WTERMSIG(status)))
        result->end = JOB_STOPPED;
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGVTALRM) {
        result->end = JOB_HUNG;
        snprintf(result->cause, CAUSE_MAX, "no end");
    } else if (!say_assertion(words, result->cause) && !say_undefined(words, result->cause) &&
               !say_summary(words, result->cause)) {
        if (WIFSIGNALED(status))
            say_signal(WTERMSIG(status), result->cause);
        else
            snprintf(result->cause, CAUSE_MAX, "exit status %d", WEXITSTATUS(status));
    }
}

/* ---- the child ---- */

_Noreturn static void be_the_job(void (*job)(void *context), void *context, pid_t parent,
                                 FILE *words)
{
    caller = parent;
    if (words)
        dup2(fileno(words), STDERR_FILENO);
    job(context);
    exit(EXIT_SUCCESS);
}

static int wait_for(pid_t child)
{
    int status = 0;
    pid_t got;

    do
        got = waitpid(child, &status, 0);
    while (got < 0 && errno == EINTR);
    assert(got == child);
    return status;
}

static char text[WORDS_MAX]; /* of the last job */

static void hear(FILE *words)
{
    size_t length = 0;

    if (words) {
        rewind(words);
        length = fread(text, 1, WORDS_MAX - 1, words);
        fclose(words);
    }
    text[length] = '\0';
}

const char *isolate_words(void)
{
    return text;
}

void isolate(void (*job)(void *context), void *context, struct job_result *result)
{
    FILE *words = tmpfile();
    pid_t parent = getpid(), child;
    int status = 0;

    *result = (struct job_result){.end = JOB_DONE};
    fflush(NULL);
    signal(SIGCHLD, SIG_DFL);
    child = fork();
    if (child == 0)
        be_the_job(job, context, parent, words);
    if (child > 0)
        status = wait_for(child);
    hear(words);
    if (child < 0)
        *result = (struct job_result){.end = JOB_STOPPED, .cause = "no process"};
    else if (status == 0)
        fputs(text, stderr);
    else
        understand(status, text, result);
}
