/*
 * schema.h - the JSON Schema (2020-12) of NDF's files.
 */
#ifndef NDF_MODEL_SCHEMA_H
#define NDF_MODEL_SCHEMA_H

/* The text of schema/ndf.schema.json; static. */
const char *schema_text(void);

#endif
