/*
 * schema.h - the small part of JSON Schema that `expect.json_schema` may use.
 *
 * type (a name or a list of them), enum, const, required, properties,
 * additionalProperties (true or false), items, minItems, maxItems, minLength,
 * maxLength, minimum, maximum; title, description, default, examples, $schema
 * and $comment say nothing. Any other keyword is refused, so that nothing
 * passes unchecked.
 */
#ifndef NDF_RUN_SCHEMA_H
#define NDF_RUN_SCHEMA_H

#include "base/value.h"

/* NDF_EUNSUPPORTED for an unknown keyword, NDF_ESCHEMA for a wrong one; with
 * the position of it. */
int schema_check(const struct value *schema, ndf_error *error);
/* schema must have passed schema_check. NDF_ESCHEMA says what is wrong. */
int schema_validate(
    const struct value *schema, const struct value *value, ndf_error *error);

#endif
