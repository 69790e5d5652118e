/*
 * clock.h - time is injected: wall time for people and half-lives, monotonic
 * time for measuring.
 */
#ifndef NDF_BASE_CLOCK_H
#define NDF_BASE_CLOCK_H

#include <stdint.h>

struct clock {
    int64_t (*wall_ms)(void *ud); /* since 1970-01-01 UTC */
    int64_t (*mono_ns)(void *ud); /* never goes back */
    void *ud;
};

/* The machine's clocks; static. */
extern const struct clock clock_system;

int64_t clock_wall_ms(const struct clock *clock);
int64_t clock_mono_ns(const struct clock *clock);
/* "2026-01-31T12:00:00.123Z" and a NUL: CLOCK_TEXT_SIZE bytes. */
enum { CLOCK_TEXT_SIZE = 32 };
void clock_text(int64_t wall_ms, char out[CLOCK_TEXT_SIZE]);

#endif
