/*
 * success.c - see success.h.
 *
 * The probability of success is Beta-distributed with the counts as its
 * parameters (Gelman et al., Bayesian Data Analysis, 3rd ed., 2.4). Each level
 * gives the next one a prior of bounded weight, built from what the next level
 * has not itself counted, so nothing is counted twice.
 */
#include "decide/success.h"

#include <math.h>

/* Before any outcome: most delegated work succeeds, and we know little. */
#define PRIOR_MEAN   0.8
#define PRIOR_WEIGHT 2.0
/* The most that the next wider level may weigh, in tries. */
#define KIND_WEIGHT_MAX    2.0
#define PATTERN_WEIGHT_MAX 20.0
/* One-sided: 95 % of the posterior lies above the lower bound. */
#define LOWER_TAIL 0.05

enum { FRACTION_STEPS_MAX = 500, QUANTILE_STEPS_MAX = 200 };

bool tally_valid(const struct tally *tally)
{
    return isfinite(tally->wins) && isfinite(tally->tries) &&
           tally->wins >= 0 && tally->wins <= tally->tries && tally->count >= 0;
}

struct tally tally_fade(
    struct tally tally, int64_t now_ms, uint64_t half_life_ms)
{
    if (now_ms <= tally.at_ms) return tally;
    double half =
        half_life_ms > 0 ? (double)half_life_ms : (double)SUCCESS_HALF_LIFE_MS;
    double kept = exp2(-((double)now_ms - (double)tally.at_ms) / half);
    tally.wins *= kept;
    tally.tries *= kept;
    tally.at_ms = now_ms;
    return tally;
}

struct tally tally_add(struct tally tally, enum outcome_result result,
    double weight, int64_t now_ms, uint64_t half_life_ms)
{
    tally = tally_fade(tally, now_ms, half_life_ms);
    if (tally.count < INT64_MAX) tally.count++;
    if (result == OUTCOME_UNKNOWN) return tally;
    weight = weight > 0 ? fmin(weight, 1) : 0; /* NAN adds nothing */
    tally.tries += weight;
    if (result == OUTCOME_SUCCESS) tally.wins += weight;
    return tally;
}

/* A pair of counts without their time. */
struct counts {
    double wins, tries;
};

static struct counts fade(
    struct tally tally, int64_t now_ms, uint64_t half_life_ms)
{
    if (!tally_valid(&tally) || tally.tries == 0) return (struct counts){0, 0};
    tally = tally_fade(tally, now_ms, half_life_ms);
    return (struct counts){tally.wins, tally.tries};
}

/* What wide counted and narrow did not; never less than nothing. */
static struct counts rest(struct counts wide, struct counts narrow)
{
    double tries = fmax(wide.tries - narrow.tries, 0);
    double wins = fmin(fmax(wide.wins - narrow.wins, 0), tries);
    return (struct counts){wins, tries};
}

/* A prior of the given mean and weight, with the counts added. */
static struct counts update(double mean, double weight, struct counts counts)
{
    return (struct counts){weight * mean + counts.wins, weight + counts.tries};
}

struct success success_estimate(
    const struct success_counts *counts, int64_t now_ms, uint64_t half_life_ms)
{
    struct counts domain = fade(counts->domain, now_ms, half_life_ms);
    struct counts pattern = fade(counts->pattern, now_ms, half_life_ms);
    struct counts kind = fade(counts->kind, now_ms, half_life_ms);
    struct counts at = update(PRIOR_MEAN, PRIOR_WEIGHT, rest(kind, pattern));
    double weight = fmin(at.tries, KIND_WEIGHT_MAX);
    at = update(at.wins / at.tries, weight, rest(pattern, domain));
    weight = fmin(at.tries, PATTERN_WEIGHT_MAX);
    at = update(at.wins / at.tries, weight, domain);
    return (struct success){.mean = at.wins / at.tries,
        .a = at.wins,
        .b = at.tries - at.wins,
        .tries = pattern.tries};
}

double success_excuse(double fit, double success)
{
    double wrong = 1 - fit;
    double failed = fit * (1 - success);
    return wrong + failed > 0 ? wrong / (wrong + failed) : 0;
}

double success_lower(const struct success *success)
{
    return success_beta_quantile(success->a, success->b, LOWER_TAIL);
}

/* ln Gamma(x), x > 0: Stirling's series (DLMF 5.11.1) after moving x up by
 * Gamma(x + 1) = x Gamma(x). libm's lgamma writes a global. */
static double ln_gamma(double x)
{
    double shift = 0;
    while (x < 10) {
        shift += log(x);
        x += 1;
    }
    double r = 1 / (x * x);
    double series =
        (1.0 / 12 - r * (1.0 / 360 - r * (1.0 / 1260 - r / 1680))) / x;
    const double half_ln_2pi = 0.91893853320467274178;
    return (x - 0.5) * log(x) - x + half_ln_2pi + series - shift;
}

/* The continued fraction of I_x(a, b) (DLMF 8.17.22) by Lentz's method as
 * modified by Thompson and Barnett (J. Comput. Phys. 64, 1986). */
static double beta_fraction(double a, double b, double x)
{
    const double tiny = 1e-300;
    double c = 1;
    double d = 1 - (a + b) * x / (a + 1);
    d = 1 / (fabs(d) < tiny ? tiny : d);
    double f = d;
    for (int m = 1; m <= FRACTION_STEPS_MAX; m++) {
        for (int odd = 0; odd < 2; odd++) {
            double step =
                odd ? -(a + m) * (a + b + m) / ((a + 2 * m) * (a + 2 * m + 1))
                    : m * (b - m) / ((a + 2 * m - 1) * (a + 2 * m));
            d = 1 + step * x * d;
            d = 1 / (fabs(d) < tiny ? tiny : d);
            c = 1 + step * x / c;
            if (fabs(c) < tiny) c = tiny;
            f *= c * d;
        }
        if (fabs(c * d - 1) < 1e-14) break;
    }
    return f;
}

/* -ln B(a, b) */
static double ln_front(double a, double b)
{
    return ln_gamma(a + b) - ln_gamma(a) - ln_gamma(b);
}

static double beta_cdf(double a, double b, double x, double front)
{
    if (!(x > 0)) return 0;
    if (x >= 1) return 1;
    double power = exp(front + a * log(x) + b * log1p(-x));
    /* The fraction converges fast on the lower side of the mean; the other
     * side is its mirror: I_x(a, b) = 1 - I_{1-x}(b, a) (DLMF 8.17.4). */
    if (x < (a + 1) / (a + b + 2)) return power * beta_fraction(a, b, x) / a;
    return 1 - power * beta_fraction(b, a, 1 - x) / b;
}

double success_beta_cdf(double a, double b, double x)
{
    return beta_cdf(a, b, x, ln_front(a, b));
}

/* Newton's method, with bisection where it would leave the bracket. */
double success_beta_quantile(double a, double b, double p)
{
    double low = 0;
    double high = 1;
    double front = ln_front(a, b);
    double x = a / (a + b);
    for (int i = 0; i < QUANTILE_STEPS_MAX; i++) {
        double miss = beta_cdf(a, b, x, front) - p;
        if (miss < 0) low = x;
        else high = x;
        double slope = exp(front + (a - 1) * log(x) + (b - 1) * log1p(-x));
        double next = x - miss / slope;
        if (!(next > low && next < high)) next = (low + high) / 2;
        if (fabs(next - x) < 1e-12 * x) return next;
        x = next;
    }
    return x;
}
