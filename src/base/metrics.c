/*
 * metrics.c - counters and histograms.
 *
 * The buckets: values below 64 have one each; above, every power of two is cut
 * into 64 equal parts, so a bucket is at most 1/64 of its values wide.
 */
#include "base/metrics.h"

#include <math.h>
#include <stddef.h>

#include "ndf/error.h"

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

/* ---- reading ------------------------------------------------------------- */

/* Some that are read as one, so far apart. */
struct group {
    const struct histogram *first;
    size_t count, apart;
};

static const struct histogram *member(const struct group *group, size_t i)
{
    const char *first = (const char *)group->first;
    return (const void *)(first + i * group->apart);
}

static uint64_t count_in(const struct group *group, size_t bucket)
{
    uint64_t count = 0;
    for (size_t i = 0; i < group->count; i++)
        count += atomic_load_explicit(
            &member(group, i)->buckets[bucket], memory_order_relaxed);
    return count;
}

static uint64_t count_of(const struct group *group)
{
    uint64_t count = 0;
    for (size_t i = 0; i < HISTOGRAM_BUCKETS; i++)
        count += count_in(group, i);
    return count;
}

static uint64_t sum_of(const struct group *group)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < group->count; i++)
        sum +=
            atomic_load_explicit(&member(group, i)->sum, memory_order_relaxed);
    return sum;
}

static uint64_t max_of(const struct group *group)
{
    uint64_t most = 0;
    for (size_t i = 0; i < group->count; i++) {
        uint64_t max =
            atomic_load_explicit(&member(group, i)->max, memory_order_relaxed);
        if (max > most) most = max;
    }
    return most;
}

static uint64_t quantile(const struct group *group, uint64_t count, double q)
{
    if (count == 0) return 0;
    double rank = ceil(fmin(fmax(q, 0), 1) * (double)count);
    uint64_t want = rank < 1 ? 1 : (uint64_t)rank;
    if (want > count) want = count;
    uint64_t max = max_of(group);
    uint64_t seen = 0;
    for (size_t i = 0; i < HISTOGRAM_BUCKETS; i++) {
        seen += count_in(group, i);
        if (seen < want) continue;
        uint64_t end = bucket_end(i);
        return end < max ? end : max;
    }
    return max;
}

static void summarise(const struct group *group, struct histogram_summary *out)
{
    uint64_t count = count_of(group);
    uint64_t sum = sum_of(group);
    *out = (struct histogram_summary){
        .count = count,
        .mean = count == 0 ? 0 : (double)sum / (double)count,
        .p50 = quantile(group, count, 0.50),
        .p95 = quantile(group, count, 0.95),
        .p99 = quantile(group, count, 0.99),
        .max = max_of(group),
    };
}

void histogram_read(
    const struct histogram *histogram, struct histogram_summary *out)
{
    const struct group one = {histogram, 1, 0};
    summarise(&one, out);
}

uint64_t histogram_quantile(const struct histogram *histogram, double q)
{
    const struct group one = {histogram, 1, 0};
    return quantile(&one, count_of(&one), q);
}

/* ---- wide ones ----------------------------------------------------------- */

void wide_counter_add(struct wide_counter *counter, uint64_t n)
{
    atomic_fetch_add_explicit(
        &counter->cells[stripe_here()].count, n, memory_order_relaxed);
}

uint64_t wide_counter_get(const struct wide_counter *counter)
{
    uint64_t count = 0;
    for (size_t i = 0; i < STRIPES; i++)
        count += atomic_load_explicit(
            &counter->cells[i].count, memory_order_relaxed);
    return count;
}

int wide_histogram_init(struct wide_histogram *histogram, const struct mem *mem)
{
    unsigned count = os_cpu_count();
    histogram->mem = mem;
    histogram->count = count < STRIPES ? count : STRIPES;
    histogram->items =
        mem_calloc(mem, histogram->count, sizeof *histogram->items);
    return histogram->items != NULL ? NDF_OK : NDF_ENOMEM;
}

void wide_histogram_deinit(struct wide_histogram *histogram)
{
    if (histogram->items == NULL) return;
    mem_free(histogram->mem, histogram->items,
        histogram->count * sizeof *histogram->items);
    histogram->items = NULL;
}

void wide_histogram_add(struct wide_histogram *histogram, uint64_t value)
{
    size_t at = stripe_here() % histogram->count;
    histogram_add(&histogram->items[at].histogram, value);
}

void wide_histogram_read(
    const struct wide_histogram *histogram, struct histogram_summary *out)
{
    const struct group all = {&histogram->items[0].histogram, histogram->count,
        sizeof *histogram->items};
    summarise(&all, out);
}
