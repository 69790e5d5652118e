/*
 * text.h - making an ndf_text.
 */
#ifndef NDF_ENGINE_TEXT_H
#define NDF_ENGINE_TEXT_H

#include "ndf/ndf.h"

#include "base/value.h"

/* Copies text. NDF_OK or NDF_ENOMEM. */
int text_new(ndf_text **out, const struct mem *mem, struct str text);
/* The canonical JSON of value. */
int text_of_value(
    ndf_text **out, const struct mem *mem, const struct value *value);

#endif
