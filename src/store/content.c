/*
 * content.c - see content.h.
 *
 * The hash is of the unpacked bytes, so packing may change without changing a
 * reference. Invariant: content_unpack gives the bytes of row->hash, or fails.
 */
/* For a dictionary in memory of our own: that of ZSTD_createCDict crashes when
 * memory runs out (1.5.4). */
#define ZSTD_STATIC_LINKING_ONLY
#include "store/content.h"

#include <string.h>

#include "base/hash.h"

enum { CONTENT_USUAL = 512 };

/* ---- packing ------------------------------------------------------------- */

void content_packer_init(struct content_packer *packer, const struct mem *mem)
{
    memset(packer, 0, sizeof *packer);
    buf_init(&packer->scratch, mem);
}

void content_packer_deinit(struct content_packer *packer)
{
    const struct mem *mem = packer->scratch.mem;
    (void)ZSTD_freeCCtx(packer->context);
    mem_free(mem, packer->room, packer->room_size);
    buf_deinit(&packer->scratch);
    content_packer_init(packer, mem);
}

void content_packer_trim(struct content_packer *packer)
{
    if (packer->scratch.capacity <= STORE_HEAD_MAX) return;
    content_packer_deinit(packer);
}

/* The tables of the dictionary, as for contents of a few hundred bytes. */
static void make_dictionary(struct content_packer *packer)
{
    struct str words = content_dictionary_1();
    ZSTD_compressionParameters how =
        ZSTD_getCParams(CONTENT_DICT_LEVEL, CONTENT_USUAL, words.size);
    size_t size =
        ZSTD_estimateCDictSize_advanced(words.size, how, ZSTD_dlm_byRef);
    void *room = mem_alloc(packer->scratch.mem, size);
    if (room == NULL) return;
    packer->room = room;
    packer->room_size = size;
    packer->dictionary = ZSTD_initStaticCDict(room, size, words.at, words.size,
        ZSTD_dlm_byRef, ZSTD_dct_fullDict, how);
}

static bool prepare_packing(struct content_packer *packer)
{
    if (packer->context == NULL) {
        packer->context = ZSTD_createCCtx();
        if (packer->context == NULL) return false;
        /* The codec names the dictionary: four bytes less in each. */
        (void)ZSTD_CCtx_setParameter(packer->context, ZSTD_c_dictIDFlag, 0);
        (void)ZSTD_CCtx_setParameter(
            packer->context, ZSTD_c_compressionLevel, CONTENT_LEVEL);
    }
    if (packer->room == NULL) make_dictionary(packer);
    return packer->dictionary != NULL;
}

/* False: it cannot be packed, for whatever reason, or does not shrink by an
 * eighth; then it is kept as it is. */
static bool pack(struct content_packer *packer, struct str bytes, char *out,
    size_t capacity, struct content_row *row)
{
    if (!prepare_packing(packer)) return false;
    bool small = bytes.size <= CONTENT_DICT_MAX;
    size_t size =
        ZSTD_CCtx_refCDict(packer->context, small ? packer->dictionary : NULL);
    if (!ZSTD_isError(size))
        size = ZSTD_compress2(
            packer->context, out, capacity, bytes.at, bytes.size);
    if (ZSTD_isError(size) || size > bytes.size - bytes.size / 8) return false;
    row->codec = small ? CONTENT_ZSTD_DICT : CONTENT_ZSTD;
    row->body = (struct str){out, size};
    return true;
}

int content_pack(struct content_packer *packer, struct str bytes,
    struct content_row *row, ndf_error *error)
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
    buf_reset(&packer->scratch);
    size_t bound = ZSTD_compressBound(bytes.size);
    char *out = buf_reserve(&packer->scratch, bound);
    if (out == NULL) return err_set(error, NDF_ENOMEM, "out of memory");
    (void)pack(packer, bytes, out, bound, row);
    return NDF_OK;
}

/* ---- unpacking ----------------------------------------------------------- */

void content_unpacker_init(struct content_unpacker *unpacker)
{
    memset(unpacker, 0, sizeof *unpacker);
    pthread_mutex_init(&unpacker->lock, NULL);
}

void content_unpacker_deinit(struct content_unpacker *unpacker)
{
    while (unpacker->idle_count > 0)
        (void)ZSTD_freeDCtx(unpacker->idle[--unpacker->idle_count]);
    (void)ZSTD_freeDDict(unpacker->dictionary);
    pthread_mutex_destroy(&unpacker->lock);
}

/* NULL: out of memory. */
static ZSTD_DCtx *take_context(struct content_unpacker *unpacker)
{
    ZSTD_DCtx *context = NULL;
    pthread_mutex_lock(&unpacker->lock);
    if (unpacker->dictionary == NULL) {
        struct str words = content_dictionary_1();
        unpacker->dictionary = ZSTD_createDDict(words.at, words.size);
    }
    bool ready = unpacker->dictionary != NULL;
    if (ready && unpacker->idle_count > 0)
        context = unpacker->idle[--unpacker->idle_count];
    pthread_mutex_unlock(&unpacker->lock);
    return ready && context == NULL ? ZSTD_createDCtx() : context;
}

static void give_context(struct content_unpacker *unpacker, ZSTD_DCtx *context)
{
    pthread_mutex_lock(&unpacker->lock);
    if (unpacker->idle_count < CONTENT_UNPACKERS) {
        unpacker->idle[unpacker->idle_count++] = context;
        context = NULL;
    }
    pthread_mutex_unlock(&unpacker->lock);
    (void)ZSTD_freeDCtx(context);
}

static int damaged(ndf_error *error, const struct content_row *row)
{
    char hex[HASH_HEX_SIZE];
    hash_hex(row->hash, sizeof row->hash, hex);
    return err_set(error, NDF_ECORRUPT,
        "the content %s is damaged: put back a backup", hex);
}

/* Writes exactly row->size bytes. */
static int unpack_into(struct content_unpacker *unpacker, char *out,
    const struct content_row *row, ndf_error *error)
{
    size_t size = (size_t)row->size;
    if (row->codec == CONTENT_RAW) {
        memcpy(out, row->body.at, size);
        return NDF_OK;
    }
    ZSTD_DCtx *context = take_context(unpacker);
    if (context == NULL) return err_set(error, NDF_ENOMEM, "out of memory");
    size_t got = ZSTD_DCtx_refDDict(
        context, row->codec == CONTENT_ZSTD_DICT ? unpacker->dictionary : NULL);
    if (!ZSTD_isError(got))
        got = ZSTD_decompressDCtx(
            context, out, size, row->body.at, row->body.size);
    give_context(unpacker, context);
    return got == size ? NDF_OK : damaged(error, row);
}

/* Before memory is taken: a packed frame says its size, too. */
static bool size_is_right(const struct content_row *row)
{
    if (row->size < 0 || row->size > STORE_BODY_MAX) return false;
    size_t size = (size_t)row->size;
    if (row->codec == CONTENT_RAW) return row->body.size == size;
    if (row->codec != CONTENT_ZSTD && row->codec != CONTENT_ZSTD_DICT)
        return false;
    return ZSTD_getFrameContentSize(row->body.at, row->body.size) == size;
}

int content_unpack(struct content_unpacker *unpacker, struct arena *arena,
    const struct content_row *row, struct str *bytes, ndf_error *error)
{
    *bytes = (struct str){NULL, 0};
    if (!size_is_right(row)) return damaged(error, row);
    size_t size = (size_t)row->size;
    char *out = arena_alloc(arena, size + 1);
    if (out == NULL) return err_set(error, NDF_ENOMEM, "out of memory");
    int err = unpack_into(unpacker, out, row, error);
    if (err != NDF_OK) return err;
    out[size] = '\0';
    struct str result = {out, size};
    uint8_t hash[STORE_HASH_SIZE];
    hash_sha256(&result, 1, hash);
    if (memcmp(hash, row->hash, sizeof hash) != 0) return damaged(error, row);
    *bytes = result;
    return NDF_OK;
}
