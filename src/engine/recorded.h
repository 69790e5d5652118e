/*
 * recorded.h - a record of a journal as hosts see it.
 */
#ifndef NDF_ENGINE_RECORDED_H
#define NDF_ENGINE_RECORDED_H

#include "base/value.h"
#include "store/read.h"

/* {seq, kind, at_ms, body}; an output that was kept apart is put back into the
 * body. Everything of *out lives in arena. NDF_ECORRUPT, NDF_ENOMEM, store
 * errors. */
int recorded_document(struct store_reader *reader, struct arena *arena,
    const struct store_record *record, struct value *out, ndf_error *error);

#endif
