/*
 * again.c - see again.h.
 */
#include "support/again.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "support/support.h"

/* Empty: nothing is under way. */
static char again[256];

uint64_t again_number(const char *name, uint64_t otherwise)
{
    const char *text = getenv(name);
    return text == NULL ? otherwise : strtoull(text, NULL, 10);
}

void again_set(const char *format, ...)
{
    static const char start[] = "to play it again: ";
    enum { START = sizeof start - 1 };
    va_list args;
    memcpy(again, start, START);
    va_start(args, format);
    (void)vsnprintf(again + START, sizeof again - START - 1, format, args);
    va_end(args);
    size_t size = strlen(again);
    again[size] = '\n';
    again[size + 1] = '\0';
}

void again_clear(void)
{
    again[0] = '\0';
}

int again_say(void **state)
{
    (void)state;
    print_error("%s", again);
    again_clear();
    return 0;
}

static void on_abort(int number)
{
    (void)number;
    (void)!write(STDERR_FILENO, again, strlen(again));
    _exit(1);
}

void again_on_abort(void)
{
    struct sigaction action = {.sa_handler = on_abort};
    (void)sigaction(SIGABRT, &action, NULL);
}
