/*
 * yaml.h - YAML 1.2 (core schema) into values, by libyaml's events.
 *
 * Plain scalars follow the core schema: null ~ true false (three spellings
 * each), decimal, 0o and 0x integers, reals; all else is a string, also `no`,
 * `1:30` and dates. Refused with a position: anchors and aliases, tags, merge
 * keys, duplicate keys, keys that are no strings, .inf and .nan, NUL, integers
 * beyond 64 bits, more than VALUE_DEPTH_MAX levels.
 */
#ifndef NDF_BASE_YAML_H
#define NDF_BASE_YAML_H

#include "base/value.h"

/* All documents of text, in order, into *out (an array in arena) and *count.
 * Empty documents are left out. NDF_ESYNTAX, NDF_ELIMIT, NDF_ENOMEM. */
int yaml_parse(struct arena *arena, struct str text, struct value **out,
    size_t *count, ndf_error *error);

#endif
