/*
 * clock.c - the machine's clocks, and wall time as text.
 */
#include "base/clock.h"

#include <stdio.h>
#include <time.h>

enum { MS_PER_SECOND = 1000, NS_PER_MS = 1000000 };

static int64_t system_wall_ms(void *ud)
{
    (void)ud;
    struct timespec now;
    (void)clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * MS_PER_SECOND + now.tv_nsec / NS_PER_MS;
}

static int64_t system_mono_ns(void *ud)
{
    (void)ud;
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * MS_PER_SECOND * NS_PER_MS + now.tv_nsec;
}

const struct clock clock_system = {system_wall_ms, system_mono_ns, NULL};

int64_t clock_wall_ms(const struct clock *clock)
{
    return clock->wall_ms(clock->ud);
}

int64_t clock_mono_ns(const struct clock *clock)
{
    return clock->mono_ns(clock->ud);
}

void clock_text(int64_t wall_ms, char out[CLOCK_TEXT_SIZE])
{
    /* The years 0 to 9999: what the four digits can say. */
    const int64_t first = INT64_C(-62167219200000);
    const int64_t last = INT64_C(253402300799999);
    if (wall_ms < first) wall_ms = first;
    if (wall_ms > last) wall_ms = last;
    int64_t ms = wall_ms % MS_PER_SECOND;
    if (ms < 0) ms += MS_PER_SECOND;
    time_t seconds = (time_t)((wall_ms - ms) / MS_PER_SECOND);
    struct tm parts;
    if (gmtime_r(&seconds, &parts) == NULL) {
        out[0] = '\0';
        return;
    }
    size_t size = strftime(out, CLOCK_TEXT_SIZE, "%Y-%m-%dT%H:%M:%S", &parts);
    (void)snprintf(out + size, CLOCK_TEXT_SIZE - size, ".%03dZ", (int)ms);
}
