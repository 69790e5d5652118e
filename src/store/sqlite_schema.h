/*
 * sqlite_schema.h - is this file ours, of which version, and is it whole?
 */
#ifndef NDF_STORE_SQLITE_SCHEMA_H
#define NDF_STORE_SQLITE_SCHEMA_H

#include "store/sqlite_conn.h"

enum { SCHEMA_APPLICATION_ID = 0x4e444653 }; /* "NDFS" */

/* Makes an empty file a store of this shape, upgrades an older one (a backup
 * lies beside it first: "<file>.schema-<old>.bak"), refuses a newer one, one
 * of another program, and one with anything in its schema that is not ours.
 * With CONN_READ nothing is changed: an empty file is NDF_ENOTFOUND, an older
 * one NDF_EREADONLY. */
int schema_prepare(struct sqlite_conn *conn, const struct sqlite_shape *shape,
    enum conn_access access, ndf_error *error);
/* The schema of the file is the shape's, byte for byte: else NDF_ECORRUPT. */
int schema_verify(struct sqlite_conn *conn, const struct sqlite_shape *shape,
    ndf_error *error);

#endif
