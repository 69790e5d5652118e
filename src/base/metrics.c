/*
 * metrics.c - counters and histograms.
 *
 * The buckets: values below 64 have one each; above, every power of two is cut
 * into 64 equal parts, so a bucket is at most 1/64 of its values wide.
 */
#include "base/metrics.h"

#include <math.h>
#include <stddef.h>

enum { SUB = 1 << HISTOGRAM_SUB_BITS };

static const uint64_t value_max = UINT64_C(1) << HISTOGRAM_MAX_BITS;

void counter_add(struct counter *counter, uint64_t n)
{
    atomic_fetch_add_explicit(&counter->count, n, memory_order_relaxed);
}

uint64_t counter_get(const struct counter *counter)
{
    return atomic_load_explicit(&counter->count, memory_order_relaxed);
}

static size_t bucket_of(uint64_t value)
{
    if (value < SUB) return (size_t)value;
    if (value >= value_max) return HISTOGRAM_BUCKETS - 1;
    unsigned shift = 0;
    while ((value >> shift) / 2 >= SUB)
        shift++;
    return ((size_t)shift + 1) * (size_t)SUB + (size_t)(value >> shift) - SUB;
}

/* The largest value of a bucket; the last one also holds 2^40. */
static uint64_t bucket_end(size_t bucket)
{
    if (bucket < SUB) return bucket;
    if (bucket == HISTOGRAM_BUCKETS - 1) return value_max;
    unsigned shift = (unsigned)(bucket / SUB) - 1;
    uint64_t part = bucket % SUB + SUB;
    return ((part + 1) << shift) - 1;
}

void histogram_add(struct histogram *histogram, uint64_t value)
{
    if (value > value_max) value = value_max;
    atomic_fetch_add_explicit(
        &histogram->buckets[bucket_of(value)], 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&histogram->sum, value, memory_order_relaxed);
    uint64_t max = atomic_load_explicit(&histogram->max, memory_order_relaxed);
    while (value > max &&
           !atomic_compare_exchange_weak_explicit(&histogram->max, &max, value,
               memory_order_relaxed, memory_order_relaxed))
        continue;
}

static uint64_t count_in(const struct histogram *histogram, size_t bucket)
{
    return atomic_load_explicit(
        &histogram->buckets[bucket], memory_order_relaxed);
}

static uint64_t count_of(const struct histogram *histogram)
{
    uint64_t count = 0;
    for (size_t i = 0; i < HISTOGRAM_BUCKETS; i++)
        count += count_in(histogram, i);
    return count;
}

static uint64_t quantile(
    const struct histogram *histogram, uint64_t count, double q)
{
    if (count == 0) return 0;
    double rank = ceil(fmin(fmax(q, 0), 1) * (double)count);
    uint64_t want = rank < 1 ? 1 : (uint64_t)rank;
    if (want > count) want = count;
    uint64_t max = atomic_load_explicit(&histogram->max, memory_order_relaxed);
    uint64_t seen = 0;
    for (size_t i = 0; i < HISTOGRAM_BUCKETS; i++) {
        seen += count_in(histogram, i);
        if (seen < want) continue;
        uint64_t end = bucket_end(i);
        return end < max ? end : max;
    }
    return max;
}

void histogram_read(
    const struct histogram *histogram, struct histogram_summary *out)
{
    uint64_t count = count_of(histogram);
    uint64_t sum = atomic_load_explicit(&histogram->sum, memory_order_relaxed);
    *out = (struct histogram_summary){
        .count = count,
        .mean = count == 0 ? 0 : (double)sum / (double)count,
        .p50 = quantile(histogram, count, 0.50),
        .p95 = quantile(histogram, count, 0.95),
        .p99 = quantile(histogram, count, 0.99),
        .max = atomic_load_explicit(&histogram->max, memory_order_relaxed),
    };
}

uint64_t histogram_quantile(const struct histogram *histogram, double q)
{
    return quantile(histogram, count_of(histogram), q);
}
