/*
 * eval_score.c - see eval_score.h.
 */
#include "cli/eval_score.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"

static double share(double part, double whole)
{
    return whole > 0 ? part / whole : (double)NAN;
}

/* ---- accuracy and ranking ------------------------------------------------ */

double eval_ndcg(const bool hits[EVAL_TOP], size_t right)
{
    double got = 0, best = 0;
    for (size_t i = 0; i < EVAL_TOP; i++) {
        double gain = 1 / log2((double)i + 2);
        if (hits[i]) got += gain;
        if (i < right) best += gain;
    }
    return best > 0 ? got / best : 0;
}

size_t eval_in_scope(const struct eval_answers *answers)
{
    size_t count = 0;
    for (size_t i = 0; i < answers->count; i++)
        count += answers->items[i].in_scope;
    return count;
}

static bool is_right(const struct eval_answer *answer, unsigned k)
{
    return answer->rank > 0 && answer->rank <= k;
}

double eval_accuracy(
    const struct eval_answers *answers, unsigned k, size_t last)
{
    size_t right = 0, count = 0;
    for (size_t i = answers->count; i > 0 && count < last; i--) {
        const struct eval_answer *answer = &answers->items[i - 1];
        if (!answer->in_scope) continue;
        count++;
        right += is_right(answer, k);
    }
    return 100 * share((double)right, (double)count);
}

double eval_mrr(const struct eval_answers *answers)
{
    double sum = 0;
    for (size_t i = 0; i < answers->count; i++)
        if (answers->items[i].rank > 0) sum += 1.0 / answers->items[i].rank;
    return share(sum, (double)eval_in_scope(answers));
}

double eval_mean_ndcg(const struct eval_answers *answers)
{
    double sum = 0;
    for (size_t i = 0; i < answers->count; i++)
        sum += answers->items[i].ndcg;
    return share(sum, (double)eval_in_scope(answers));
}

double eval_acted(const struct eval_answers *answers)
{
    size_t acted = 0;
    for (size_t i = 0; i < answers->count; i++)
        acted += answers->items[i].acted;
    return 100 * share((double)acted, (double)answers->count);
}

double eval_acted_right(const struct eval_answers *answers)
{
    size_t acted = 0, right = 0;
    for (size_t i = 0; i < answers->count; i++) {
        acted += answers->items[i].acted;
        right += answers->items[i].acted && answers->items[i].rank == 1;
    }
    return 100 * share((double)right, (double)acted);
}

/* ---- calibration --------------------------------------------------------- */

void eval_bins(
    const struct eval_answers *answers, struct eval_bin out[EVAL_BINS])
{
    memset(out, 0, EVAL_BINS * sizeof *out);
    for (size_t i = 0; i < answers->count; i++) {
        const struct eval_answer *answer = &answers->items[i];
        size_t at = (size_t)(answer->fit * EVAL_BINS);
        struct eval_bin *bin = &out[at < EVAL_BINS ? at : EVAL_BINS - 1];
        bin->count++;
        bin->fit += answer->fit;
        bin->right += answer->rank == 1;
    }
    for (size_t i = 0; i < EVAL_BINS; i++) {
        out[i].fit = share(out[i].fit, (double)out[i].count);
        out[i].right = share(out[i].right, (double)out[i].count);
    }
}

double eval_calibration_error(const struct eval_answers *answers)
{
    struct eval_bin bins[EVAL_BINS];
    double sum = 0;
    eval_bins(answers, bins);
    for (size_t i = 0; i < EVAL_BINS; i++)
        if (bins[i].count > 0)
            sum += (double)bins[i].count * fabs(bins[i].fit - bins[i].right);
    return share(sum, (double)answers->count);
}

/* ---- out of scope -------------------------------------------------------- */

static int by_evidence(const void *a, const void *b)
{
    const struct eval_answer *x = a, *y = b;
    return (x->evidence > y->evidence) - (x->evidence < y->evidence);
}

/* The caller's to free. */
static struct eval_answer *sorted(const struct eval_answers *answers)
{
    size_t size = answers->count * sizeof *answers->items;
    struct eval_answer *items = cli_alloc(size);
    if (size > 0) memcpy(items, answers->items, size);
    qsort(items, answers->count, sizeof *items, by_evidence);
    return items;
}

double eval_auroc(const struct eval_answers *answers)
{
    struct eval_answer *items = sorted(answers);
    double in = (double)eval_in_scope(answers);
    double out = (double)answers->count - in;
    double below = 0, wins = 0;
    for (size_t i = 0; i < answers->count;) {
        double ins = 0, outs = 0;
        double here = items[i].evidence;
        for (; i < answers->count && items[i].evidence <= here; i++)
            *(items[i].in_scope ? &ins : &outs) += 1;
        wins += ins * (below + outs / 2);
        below += outs;
    }
    cli_free(items);
    return share(wins, in * out);
}

double eval_threshold(const struct eval_answers *answers, double part)
{
    size_t out = answers->count - eval_in_scope(answers);
    if (out == 0) return (double)NAN;
    struct eval_answer *items = sorted(answers);
    size_t wanted = (size_t)ceil(part * (double)out);
    size_t seen = 0;
    double threshold = 0;
    for (size_t i = 0; i < answers->count && seen < wanted; i++) {
        if (items[i].in_scope) continue;
        seen++;
        threshold = items[i].evidence;
    }
    cli_free(items);
    return threshold;
}

double eval_rejected(const struct eval_answers *answers, double threshold)
{
    size_t rejected = 0, out = 0;
    if (isnan(threshold)) return threshold;
    for (size_t i = 0; i < answers->count; i++) {
        if (answers->items[i].in_scope) continue;
        out++;
        rejected += answers->items[i].evidence <= threshold;
    }
    return 100 * share((double)rejected, (double)out);
}

double eval_accepted_right(const struct eval_answers *answers, double threshold)
{
    size_t good = 0;
    if (isnan(threshold)) return threshold;
    for (size_t i = 0; i < answers->count; i++)
        good += answers->items[i].in_scope && answers->items[i].rank == 1 &&
                answers->items[i].evidence > threshold;
    return 100 * share((double)good, (double)eval_in_scope(answers));
}

/* ---- times --------------------------------------------------------------- */

static int by_number(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

double eval_quantile_us(struct eval_times *times, double q)
{
    if (times->count == 0) return (double)NAN;
    qsort(times->ns, times->count, sizeof *times->ns, by_number);
    size_t at = (size_t)(q * (double)(times->count - 1) + 0.5);
    return (double)times->ns[at] / 1000;
}

double eval_mean_us(const struct eval_times *times)
{
    double sum = 0;
    for (size_t i = 0; i < times->count; i++)
        sum += (double)times->ns[i];
    return share(sum / 1000, (double)times->count);
}
