/*
 * units.h - numbers as people write them: 120s, 64MiB, high.
 *
 * duration_parse and scale_number are declared in pattern.h, for all.
 */
#ifndef NDF_MODEL_UNITS_H
#define NDF_MODEL_UNITS_H

#include "base/value.h"

/* "64MiB", "1.5GB" (powers of 1024 with an i, of 1000 without) or a number of
 * bytes. */
bool bytes_parse(const struct value *value, uint64_t *bytes);

#endif
