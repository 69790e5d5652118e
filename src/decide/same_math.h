/*
 * same_math.h - exp and log that give the same bits on every machine.
 *
 * libm's differ between machines (with fused multiply-add or without), and what
 * is learned must not. Only sums, products and exact scaling by powers of two,
 * compiled without contraction. Relative error below 1e-7, which is that of the
 * floats that they are for.
 */
#ifndef NDF_DECIDE_SAME_MATH_H
#define NDF_DECIDE_SAME_MATH_H

#include <stdint.h>
#include <string.h>

/* 2^n for -1022 <= n <= 1023. */
static inline double same_power_of_two(int n)
{
    uint64_t bits = (uint64_t)(n + 1023) << 52;
    double power;
    memcpy(&power, &bits, sizeof power);
    return power;
}

/* e^x; 0 below -700, e^700 above 700. */
static inline double same_exp(double x)
{
    if (!(x > -700)) return 0;
    if (x > 700) x = 700;
    double scaled = x * 1.4426950408889634;
    int n = (int)(scaled < 0 ? scaled - 0.5 : scaled + 0.5);
    double r = x - n * 0.6931471805599453; /* at most ln(2) / 2 */
    double e =
        1 +
        r * (1 + r * (1.0 / 2 +
                         r * (1.0 / 6 +
                                 r * (1.0 / 24 +
                                         r * (1.0 / 120 +
                                                 r * (1.0 / 720 +
                                                         r * (1.0 / 5040)))))));
    return e * same_power_of_two(n);
}

/* ln x; x > 0 and normal. */
static inline double same_log(double x)
{
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    int n = (int)(bits >> 52) - 1023;
    bits = (bits & 0xFFFFFFFFFFFFFULL) | 0x3FF0000000000000ULL;
    memcpy(&x, &bits, sizeof x); /* 1 <= x < 2 */
    if (x > 1.4142135623730951) {
        x *= 0.5;
        n++;
    }
    /* ln x = 2 artanh((x - 1) / (x + 1)), Abramowitz and Stegun 4.1.27 */
    double t = (x - 1) / (x + 1);
    double s = t * t;
    double series =
        1 +
        s * (1.0 / 3 +
                s * (1.0 / 5 + s * (1.0 / 7 + s * (1.0 / 9 + s * (1.0 / 11)))));
    return 2 * t * series + n * 0.6931471805599453;
}

#endif
