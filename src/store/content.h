/*
 * content.h - bytes known by their SHA-256: packed when it pays, verified
 * whenever they are read.
 *
 * Documents and contexts are a few hundred bytes, of which most are the same
 * words in each: small ones are packed with a dictionary of such words, which
 * is part of the library. A codec names its dictionary; one that a release has
 * used stays readable for ever (tools/make_dictionary.py makes the next).
 */
#ifndef NDF_STORE_CONTENT_H
#define NDF_STORE_CONTENT_H

#include <pthread.h>
#include <zstd.h>

#include "base/buf.h"
#include "base/err.h"
#include "store/layout.h"

enum content_codec {
    CONTENT_RAW = 0,
    CONTENT_ZSTD = 1,
    CONTENT_ZSTD_DICT = 2, /* with dictionary-1.zdict; since schema 2 */
};

enum {
    CONTENT_PACK_MIN = 64,   /* bytes: smaller ones hardly shrink */
    CONTENT_DICT_MAX = 4096, /* larger ones carry their own words */
    CONTENT_LEVEL = 3,
    CONTENT_DICT_LEVEL = 6, /* of small ones: 3 us more, 5 % smaller */
};

/* What packing needs again and again; for one thread at a time. */
struct content_packer {
    ZSTD_CCtx *context; /* these are NULL until first needed */
    const ZSTD_CDict *dictionary;
    void *room; /* the dictionary lies in it */
    size_t room_size;
    struct buf scratch;
};

void content_packer_init(struct content_packer *packer, const struct mem *mem);
void content_packer_deinit(struct content_packer *packer);
/* Frees what a large content took and small ones do not need. */
void content_packer_trim(struct content_packer *packer);

enum { CONTENT_UNPACKERS = 8 };

/* What unpacking needs; for any number of threads at once. */
struct content_unpacker {
    pthread_mutex_t lock;
    ZSTD_DDict *dictionary; /* NULL until first needed; read only then */
    ZSTD_DCtx *idle[CONTENT_UNPACKERS];
    size_t idle_count;
};

void content_unpacker_init(struct content_unpacker *unpacker);
void content_unpacker_deinit(struct content_unpacker *unpacker);

/* Fills row, hash included; row->body is bytes, or lives in the packer until
 * its next use. NDF_ELIMIT over STORE_BODY_MAX, NDF_ENOMEM. */
int content_pack(struct content_packer *packer, struct str bytes,
    struct content_row *row, ndf_error *error);
/* The bytes in arena, with a NUL behind them. NDF_ECORRUPT when they are not
 * those of row->hash, NDF_ENOMEM. */
int content_unpack(struct content_unpacker *unpacker, struct arena *arena,
    const struct content_row *row, struct str *bytes, ndf_error *error);

/* dictionary-1.zdict; static. */
struct str content_dictionary_1(void);

#endif
