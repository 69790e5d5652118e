/*
 * export.h - everything in a store as JSON Lines, and back.
 *
 * One canonical JSON value a line, {"record": ..., ...}; the order of lines is
 * that of references, so that they can be read back one by one (line.h has the
 * form of a line). Journals keep their
 * checksums and chains and are verified on the way in and out.
 */
#ifndef NDF_STORE_EXPORT_H
#define NDF_STORE_EXPORT_H

#include "base/value.h"
#include "store/layout.h"
#include "store/store.h"

/* One or more whole lines, borrowed for the call; not 0 stops. */
typedef int (*export_write_fn)(void *ud, const char *bytes, size_t size);

/* NDF_ECANCELLED when write stopped it; NDF_ECORRUPT, at the end, when rows
 * were left out: those that cannot be read or verified, the records of a
 * journal behind such a one, and what could not be read in again without them.
 * error says how many. */
int store_export(
    struct store *store, export_write_fn write, void *ud, ndf_error *error);
/* Reads the value of one line, inside a store_work_fn. What is there already
 * stays; a journal that differs from the one there is NDF_EEXISTS. Also
 * NDF_ESCHEMA, NDF_EREFERENCE (lines out of order), NDF_ECORRUPT (a chain is
 * broken), NDF_ENEWER. */
int store_import_line(
    struct store_tx *tx, const struct value *line, ndf_error *error);

/* How the line of a content looks, by enum store_content. */
extern const struct layout export_content_layouts[];

#endif
