/*
 * regex.h - whether a regular expression compiles.
 */
#ifndef NDF_MODEL_REGEX_H
#define NDF_MODEL_REGEX_H

#include "base/value.h"

/* value is a string: a PCRE2 expression, meant for UTF and UCP, at most
 * PATTERN_REGEX_MAX bytes, without \C. NDF_ESCHEMA says what is wrong and at
 * which byte of it; NDF_ELIMIT; NDF_ENOMEM. */
int regex_check(const struct value *value, const char *key, ndf_error *error);

#endif
