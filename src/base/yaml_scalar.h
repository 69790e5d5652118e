/*
 * yaml_scalar.h - what a plain scalar of YAML is, by the 1.2 core schema.
 */
#ifndef NDF_BASE_YAML_SCALAR_H
#define NDF_BASE_YAML_SCALAR_H

#include "base/value.h"

/* Sets kind and content of *value (its place is there already); for a string
 * only the kind. NDF_ESYNTAX for .inf, .nan and numbers that do not fit. */
int yaml_scalar_resolve(struct arena *arena, struct str text,
    struct value *value, ndf_error *error);

#endif
