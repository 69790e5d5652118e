/*
 * metrics.h - counters and histograms: no lock, no allocation on record.
 *
 * A histogram has HdrHistogram's shape: buckets of equal relative width, so a
 * value is kept to within 1/64 (two digits, always rounded up) from 1 to 2^40.
 * Recording is one relaxed atomic add; reading while others record gives a
 * recent, slightly torn picture, which is what a monitor wants.
 *
 * What many threads record at once, all the time, is wide: each processor has
 * its own, and reading adds them up.
 */
#ifndef NDF_BASE_METRICS_H
#define NDF_BASE_METRICS_H

#include <stdatomic.h>
#include <stdint.h>

#include "base/mem.h"
#include "base/stripe.h"

enum {
    HISTOGRAM_SUB_BITS = 6,
    HISTOGRAM_MAX_BITS = 40,
    HISTOGRAM_BUCKETS = (HISTOGRAM_MAX_BITS - HISTOGRAM_SUB_BITS + 1)
                        << HISTOGRAM_SUB_BITS,
};

struct counter {
    _Atomic uint64_t count;
};

struct histogram {
    _Atomic uint64_t buckets[HISTOGRAM_BUCKETS];
    _Atomic uint64_t sum;
    _Atomic uint64_t max;
};

struct histogram_summary {
    uint64_t count;
    double mean;
    uint64_t p50, p95, p99, max; /* upper bounds of their buckets */
};

void counter_add(struct counter *counter, uint64_t n);
uint64_t counter_get(const struct counter *counter);
/* Values over 2^40 count as 2^40. */
void histogram_add(struct histogram *histogram, uint64_t value);
void histogram_read(
    const struct histogram *histogram, struct histogram_summary *out);
/* The value at quantile q in 0..1; 0 when nothing was recorded. */
uint64_t histogram_quantile(const struct histogram *histogram, double q);

/* ---- wide ones ----------------------------------------------------------- */

struct wide_counter {
    struct stripe cells[STRIPES];
};

void wide_counter_add(struct wide_counter *counter, uint64_t n);
uint64_t wide_counter_get(const struct wide_counter *counter);

struct wide_item {
    struct histogram histogram;
    unsigned char apart[STRIPE_BYTES];
};

struct wide_histogram {
    const struct mem *mem;
    struct wide_item *items; /* one for each processor, at most STRIPES */
    size_t count;
};

/* NDF_OK or NDF_ENOMEM: then it may be deinitialised, but not used. */
int wide_histogram_init(
    struct wide_histogram *histogram, const struct mem *mem);
void wide_histogram_deinit(struct wide_histogram *histogram);
void wide_histogram_add(struct wide_histogram *histogram, uint64_t value);
void wide_histogram_read(
    const struct wide_histogram *histogram, struct histogram_summary *out);

#endif
