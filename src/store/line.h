/*
 * line.h - a record as one line of JSON, and back, by its layout.
 *
 * {"record": "run", ...one member a field...}. Hashes are hex. Bytes stand as
 * the JSON value that they are when they are its canonical form, else as text
 * under "<name>_text", else as base64 under "<name>_base64".
 */
#ifndef NDF_STORE_LINE_H
#define NDF_STORE_LINE_H

#include "base/value.h"
#include "store/layout.h"

/* All members of *out live in arena or are borrowed from record. */
int line_of_record(struct arena *arena, const struct layout *layout,
    const void *record, struct value *out, ndf_error *error);
/* Fills record; its strings live in arena or are borrowed from line. A member
 * that is missing, unknown or of the wrong type is NDF_ESCHEMA. */
int line_to_record(struct arena *arena, const struct layout *layout,
    const struct value *line, void *record, ndf_error *error);

#endif
