/*
 * content.c - see content.h.
 *
 * The hash is of the unpacked bytes, so packing may change without changing a
 * reference. Invariant: content_unpack gives the bytes of row->hash, or fails.
 */
#include "store/content.h"

#include <string.h>
#include <zstd.h>

#include "base/hash.h"

int content_pack(struct buf *scratch, struct str bytes, struct content_row *row,
    ndf_error *error)
{
    if (bytes.at == NULL) bytes = STR("");
    if (bytes.size > STORE_BODY_MAX)
        return err_set(error, NDF_ELIMIT,
            "%zu bytes are too many to be kept: at most %d", bytes.size,
            STORE_BODY_MAX);
    row->size = (int64_t)bytes.size;
    row->codec = CONTENT_RAW;
    row->body = bytes;
    hash_sha256(&bytes, 1, row->hash);
    if (bytes.size < CONTENT_PACK_MIN) return NDF_OK;
    buf_reset(scratch);
    size_t bound = ZSTD_compressBound(bytes.size);
    char *packed = buf_reserve(scratch, bound);
    if (packed == NULL) return err_set(error, NDF_ENOMEM, "out of memory");
    size_t size =
        ZSTD_compress(packed, bound, bytes.at, bytes.size, CONTENT_LEVEL);
    /* What cannot be packed, for whatever reason, is kept as it is. */
    if (ZSTD_isError(size) || size > bytes.size - bytes.size / 8) return NDF_OK;
    row->codec = CONTENT_ZSTD;
    row->body = (struct str){packed, size};
    return NDF_OK;
}

static int damaged(ndf_error *error, const struct content_row *row)
{
    char hex[HASH_HEX_SIZE];
    hash_hex(row->hash, sizeof row->hash, hex);
    return err_set(error, NDF_ECORRUPT,
        "the content %s is damaged: put back a backup", hex);
}

/* Writes exactly row->size bytes. */
static bool unpack_into(char *out, const struct content_row *row)
{
    size_t size = (size_t)row->size;
    if (row->codec == CONTENT_RAW && row->body.size == size) {
        memcpy(out, row->body.at, size);
        return true;
    }
    return row->codec == CONTENT_ZSTD &&
           ZSTD_decompress(out, size, row->body.at, row->body.size) == size;
}

int content_unpack(struct arena *arena, const struct content_row *row,
    struct str *bytes, ndf_error *error)
{
    *bytes = (struct str){NULL, 0};
    if (row->size < 0 || row->size > STORE_BODY_MAX) return damaged(error, row);
    size_t size = (size_t)row->size;
    /* Before memory is taken: the packed frame says the same size. */
    if (row->codec == CONTENT_ZSTD &&
        ZSTD_getFrameContentSize(row->body.at, row->body.size) != size)
        return damaged(error, row);
    if (row->codec == CONTENT_RAW && row->body.size != size)
        return damaged(error, row);
    char *out = arena_alloc(arena, size + 1);
    if (out == NULL) return err_set(error, NDF_ENOMEM, "out of memory");
    if (!unpack_into(out, row)) return damaged(error, row);
    out[size] = '\0';
    struct str result = {out, size};
    uint8_t hash[STORE_HASH_SIZE];
    hash_sha256(&result, 1, hash);
    if (memcmp(hash, row->hash, sizeof hash) != 0) return damaged(error, row);
    *bytes = result;
    return NDF_OK;
}
