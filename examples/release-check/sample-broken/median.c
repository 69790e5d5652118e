/* median.c - the middle of some numbers, by sorting them. Here with a mistake:
 * of an even count it takes the upper middle, and a test says so. */
#include "median.h"

#include <stdlib.h>

static int by_size(const void *left, const void *right)
{
    double a = *(const double *)left;
    double b = *(const double *)right;
    return (a > b) - (a < b);
}

double median_of(double *values, size_t count)
{
    qsort(values, count, sizeof *values, by_size);
    size_t middle = count / 2;
    if (count % 2 == 1) return values[middle];
    return values[middle];
}
