/*
 * block.c - see block.h.
 */
#include "base/block.h"

#include <assert.h>
#include <string.h>

#include "ndf/error.h"

struct head {
    uint64_t magic;
    uint64_t version;
    uint64_t size; /* of the whole block */
    uint64_t arrays;
};

struct place {
    uint64_t at; /* from the start of the block */
    uint64_t count;
    uint64_t item_size;
};

static size_t aligned(size_t size)
{
    return (size + BLOCK_ALIGN - 1) / BLOCK_ALIGN * BLOCK_ALIGN;
}

static void pad(struct buf *out)
{
    static const char zeros[BLOCK_ALIGN];
    buf_add(out, zeros, aligned(out->size) - out->size);
}

void block_write(struct buf *out, const struct block_kind *kind,
    const struct block_array *arrays, size_t count, size_t *start)
{
    assert(count <= BLOCK_ARRAYS_MAX);
    struct place places[BLOCK_ARRAYS_MAX];
    struct head head = {.magic = kind->magic,
        .version = kind->version,
        .size = aligned(sizeof head + count * sizeof *places),
        .arrays = count};
    for (size_t i = 0; i < count; i++) {
        places[i] =
            (struct place){head.size, arrays[i].count, arrays[i].item_size};
        head.size += aligned(arrays[i].count * arrays[i].item_size);
    }
    pad(out);
    if (start != NULL) *start = out->size;
    buf_add(out, &head, sizeof head);
    buf_add(out, places, count * sizeof *places);
    pad(out);
    for (size_t i = 0; i < count; i++) {
        if (arrays[i].count == 0) continue;
        buf_add(out, arrays[i].at, arrays[i].count * arrays[i].item_size);
        pad(out);
    }
}

static bool is_within(const struct place *place, size_t first, size_t size)
{
    return place->at >= first && place->at <= size &&
           place->at % BLOCK_ALIGN == 0 &&
           place->count <= (size - place->at) / place->item_size;
}

int block_open(struct str bytes, const struct block_kind *kind,
    struct block_array *arrays, size_t count)
{
    struct head head;
    struct place place;
    size_t first = sizeof head + count * sizeof place;
    uintptr_t start = (uintptr_t)bytes.at;
    if (bytes.size < sizeof head || start % BLOCK_START != 0)
        return NDF_ECORRUPT;
    memcpy(&head, bytes.at, sizeof head);
    if (head.magic != kind->magic) return NDF_ECORRUPT;
    if (head.version > kind->version) return NDF_ENEWER;
    if (head.version != kind->version || head.size != bytes.size ||
        head.arrays != count || first > bytes.size)
        return NDF_ECORRUPT;
    for (size_t i = 0; i < count; i++) {
        memcpy(&place, bytes.at + sizeof head + i * sizeof place, sizeof place);
        if (place.item_size != arrays[i].item_size ||
            !is_within(&place, first, bytes.size))
            return NDF_ECORRUPT;
        /* By the number: who opens a block for reading may lend it const. */
        arrays[i].at = (void *)(start + (uintptr_t)place.at);
        arrays[i].count = (size_t)place.count;
    }
    return NDF_OK;
}
