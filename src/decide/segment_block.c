/*
 * segment_block.c - a segment as a block, and from one.
 *
 * What the arrays say is part of the form, and so is how a word is hashed: who
 * changes one of them counts the version up. Slow predicates lie there as bytes
 * and are made when they are first asked for.
 */
#include "base/block.h"
#include "base/err.h"
#include "decide/segment.h"
#include "model/law.h"

static const struct block_kind kind = {
    UINT64_C(0x0a58444946444e89) /* "\x89NDFIDX\n" */, 1};

enum array {
    SEED,
#define NUMBER(type, name) ARRAY_##name,
    SEGMENT_ARRAYS(NUMBER)
#undef NUMBER
        SLOW_STARTS,
    SLOW_BYTES,
    ARRAYS
};

_Static_assert((int)ARRAYS <= (int)BLOCK_ARRAYS_MAX, "a block has room");
_Static_assert((int)SEGMENT_LINE == (int)BLOCK_ALIGN, "lines stay lines");
_Static_assert(sizeof(struct quick) == SEGMENT_LINE, "one cache line");

/* The slow predicates of one that was made of rules. */
static void put_slows(
    const struct segment *segment, struct buf *starts, struct buf *bytes)
{
    uint64_t at = 0;
    buf_add(starts, &at, sizeof at);
    for (size_t i = 0; i < segment->slow_count; i++) {
        law_write_predicate(bytes, &segment->slows[i]->predicate);
        at = bytes->size;
        buf_add(starts, &at, sizeof at);
    }
}

void segment_write(const struct segment *segment, struct buf *out)
{
    struct buf starts;
    struct buf bytes;
    uint64_t seed = segment->seed;
    buf_init(&starts, segment->mem);
    buf_init(&bytes, segment->mem);
    if (!segment->lent) put_slows(segment, &starts, &bytes);
    struct block_array arrays[ARRAYS] = {
        [SEED] = {&seed, 1, sizeof seed},
#define PUT(type, name)                                                        \
    [ARRAY_##name] = {segment->name, segment->name##_count, sizeof(type)},
        SEGMENT_ARRAYS(PUT)
#undef PUT
            [SLOW_STARTS] = {starts.at, segment->slow_count + 1, sizeof seed},
        [SLOW_BYTES] = {bytes.at, bytes.size, 1},
    };
    if (segment->lent) {
        arrays[SLOW_STARTS].at = (void *)(uintptr_t)segment->slow_starts;
        arrays[SLOW_BYTES].at = (void *)(uintptr_t)segment->slow_bytes;
        arrays[SLOW_BYTES].count =
            (size_t)segment->slow_starts[segment->slow_count];
    }
    if (buf_error(&starts) != NDF_OK || buf_error(&bytes) != NDF_OK)
        out->failed = true;
    else block_write(out, &kind, arrays, ARRAYS, NULL);
    buf_deinit(&starts);
    buf_deinit(&bytes);
}

static int lend(struct segment *segment, const struct block_array *arrays)
{
    if (arrays[SEED].count != 1 || arrays[SLOW_STARTS].count == 0 ||
        arrays[SLOW_STARTS].count > UINT32_MAX)
        return NDF_ECORRUPT;
    memcpy(&segment->seed, arrays[SEED].at, sizeof segment->seed);
#define LEND(type, name)                                                       \
    segment->name = arrays[ARRAY_##name].at;                                   \
    segment->name##_count = arrays[ARRAY_##name].count;
    SEGMENT_ARRAYS(LEND)
#undef LEND
    segment->slow_starts = arrays[SLOW_STARTS].at;
    segment->slow_bytes = arrays[SLOW_BYTES].at;
    size_t count = arrays[SLOW_STARTS].count - 1;
    if (count > 0) {
        segment->made = mem_calloc(segment->mem, count, sizeof *segment->made);
        if (segment->made == NULL) return NDF_ENOMEM;
    }
    segment->slow_count = count;
    return segment_check(segment, arrays[SLOW_BYTES].count);
}

int segment_open(struct segment **out, const struct mem *mem, struct str block)
{
    struct block_array arrays[ARRAYS] = {
        [SEED] = {.item_size = sizeof(uint64_t)},
#define SIZE(type, name) [ARRAY_##name] = {.item_size = sizeof(type)},
        SEGMENT_ARRAYS(SIZE)
#undef SIZE
            [SLOW_STARTS] = {.item_size = sizeof(uint64_t)},
        [SLOW_BYTES] = {.item_size = 1},
    };
    *out = NULL;
    int err = block_open(block, &kind, arrays, ARRAYS);
    if (err != NDF_OK) return err;
    struct segment *segment = mem_calloc(mem, 1, sizeof *segment);
    if (segment == NULL) return NDF_ENOMEM;
    segment->mem = mem;
    segment->lent = true;
    atomic_init(&segment->references, 1);
    err = lend(segment, arrays);
    if (err == NDF_OK) *out = segment;
    else segment_unref(segment);
    return err;
}
