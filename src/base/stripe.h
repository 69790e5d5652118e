/*
 * stripe.h - a count that many threads change and few read: one cell for each
 * processor, in a cache line of its own.
 *
 * A thread counts in the cell of the processor that it is on. That is a hint
 * and no promise: a thread may be moved between asking and counting, and there
 * may be more processors than cells. Two threads in one cell are as right as
 * in two, only slower; so every change is an atomic addition.
 */
#ifndef NDF_BASE_STRIPE_H
#define NDF_BASE_STRIPE_H

#include <stdatomic.h>
#include <stdint.h>

#include "base/os.h"

/* A processor fetches lines of 64 bytes, and some fetch them in pairs: counts
 * are a pair apart, and a line from what else lies beside the cells. */
enum { STRIPES = 32, STRIPE_BYTES = 128, STRIPE_LINE = 64 };

struct stripe {
    unsigned char before[STRIPE_LINE];
    _Atomic uint64_t count;
    unsigned char after[STRIPE_BYTES - STRIPE_LINE - sizeof(uint64_t)];
};

/* The cell for this thread now. */
static inline unsigned stripe_here(void)
{
    return os_cpu() % STRIPES;
}

#endif
