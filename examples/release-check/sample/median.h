#ifndef MEDIAN_H
#define MEDIAN_H

#include <stddef.h>

/* The middle of the values; of two middles, their mean. Sorts the values.
 * count must not be 0. */
double median_of(double *values, size_t count);

#endif
