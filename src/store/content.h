/*
 * content.h - bytes known by their SHA-256: packed when it pays, verified
 * whenever they are read.
 */
#ifndef NDF_STORE_CONTENT_H
#define NDF_STORE_CONTENT_H

#include "base/buf.h"
#include "base/err.h"
#include "store/layout.h"

enum content_codec { CONTENT_RAW = 0, CONTENT_ZSTD = 1 };

enum { CONTENT_PACK_MIN = 512, CONTENT_LEVEL = 3 };

/* Fills row, hash included; row->body is bytes, or lives in scratch (emptied
 * before). NDF_ELIMIT over STORE_BODY_MAX, NDF_ENOMEM. */
int content_pack(struct buf *scratch, struct str bytes, struct content_row *row,
    ndf_error *error);
/* The bytes in arena, with a NUL behind them. NDF_ECORRUPT when they are not
 * those of row->hash, NDF_ENOMEM. */
int content_unpack(struct arena *arena, const struct content_row *row,
    struct str *bytes, ndf_error *error);

#endif
