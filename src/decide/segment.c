/*
 * segment.c - what segments own, and the predicates that they share.
 */
#include "decide/segment.h"

#include "base/value.h"
#include "model/law.h"

/* ---- slow predicates --------------------------------------------------------
 */

static int compile(struct slow *slow, ndf_error *error)
{
    const struct value *operand = &slow->predicate.operand;
    slow->judged.predicate = &slow->predicate;
    if (slow->predicate.op != OP_MATCHES || operand->kind != VALUE_ARRAY ||
        operand->array.count == 0)
        return NDF_OK;
    slow->matcher_room = operand->array.count;
    slow->matchers =
        mem_calloc(slow->mem, slow->matcher_room, sizeof(struct matcher *));
    if (slow->matchers == NULL) return NDF_ENOMEM;
    slow->judged.matchers = slow->matchers;
    for (size_t i = 0; i < slow->matcher_room; i++) {
        const struct value *item = &operand->array.items[i];
        struct str pattern =
            item->kind == VALUE_STRING ? item->string : (struct str){NULL, 0};
        int err = matcher_new(
            &slow->matchers[i], slow->mem, pattern, MATCHER_EXACT, error);
        if (err != NDF_OK) return err;
        slow->judged.matcher_count++;
    }
    return NDF_OK;
}

int slow_new(struct slow **out, const struct mem *mem,
    const struct predicate *predicate, ndf_error *error)
{
    *out = NULL;
    struct slow *slow = mem_calloc(mem, 1, sizeof *slow);
    if (slow == NULL) return NDF_ENOMEM;
    slow->mem = mem;
    atomic_init(&slow->references, 1);
    arena_init(&slow->arena, mem);
    slow->predicate = *predicate;
    int err = NDF_OK;
    if (predicate->name.at != NULL) {
        slow->predicate.name = arena_str(&slow->arena, predicate->name);
        if (slow->predicate.name.at == NULL) err = NDF_ENOMEM;
    }
    if (err == NDF_OK)
        err = value_copy(
            &slow->arena, &predicate->operand, &slow->predicate.operand);
    if (err == NDF_OK) err = compile(slow, error);
    if (err != NDF_OK) slow_unref(slow);
    else *out = slow;
    return err;
}

int slow_read(struct slow **out, const struct mem *mem, struct str bytes)
{
    /* In no list: for no text that there is. */
    static const struct predicate never = {
        .field = FIELD_TEXT, .op = OP_IN, .operand = {.kind = VALUE_ARRAY}};
    struct arena arena;
    struct predicate predicate;
    *out = NULL;
    arena_init(&arena, mem);
    int err = law_read_predicate(&arena, bytes, &predicate);
    if (err == NDF_OK) err = slow_new(out, mem, &predicate, NULL);
    arena_deinit(&arena);
    if (err != NDF_OK && err != NDF_ENOMEM)
        err = slow_new(out, mem, &never, NULL);
    return err;
}

struct slow *slow_ref(struct slow *slow)
{
    atomic_fetch_add_explicit(&slow->references, 1, memory_order_relaxed);
    return slow;
}

void slow_unref(struct slow *slow)
{
    if (atomic_fetch_sub_explicit(&slow->references, 1, memory_order_acq_rel) !=
        1)
        return;
    for (size_t i = 0; i < slow->judged.matcher_count; i++)
        matcher_free(slow->matchers[i]);
    mem_free(slow->mem, slow->matchers,
        slow->matcher_room * sizeof(struct matcher *));
    arena_deinit(&slow->arena);
    mem_free(slow->mem, slow, sizeof *slow);
}

/* ---- segments ---------------------------------------------------------------
 */

struct segment *segment_ref(struct segment *segment)
{
    atomic_fetch_add_explicit(&segment->references, 1, memory_order_relaxed);
    return segment;
}

static void free_made(struct segment *segment)
{
    for (size_t i = 0; segment->made != NULL && i < segment->slow_count; i++) {
        struct slow *slow =
            atomic_load_explicit(&segment->made[i], memory_order_relaxed);
        if (slow != NULL) slow_unref(slow);
    }
    mem_free(segment->mem, (void *)(uintptr_t)segment->made,
        segment->slow_count * sizeof *segment->made);
}

static void free_own(struct segment *segment)
{
    for (size_t i = 0; i < segment->slow_count; i++)
        slow_unref(segment->slows[i]);
    mem_free(segment->mem, segment->slows,
        segment->slow_count * sizeof(struct slow *));
#define FREE(type, name)                                                       \
    mem_free(segment->mem, segment->name, segment->name##_count * sizeof(type));
    SEGMENT_PLAIN(FREE)
#undef FREE
#define FREE(type, name)                                                       \
    mem_free(segment->mem, segment->name##_block,                              \
        segment->name##_count * sizeof(type) + SEGMENT_LINE);
    SEGMENT_LINES(FREE)
#undef FREE
}

void segment_unref(struct segment *segment)
{
    if (segment == NULL) return;
    if (atomic_fetch_sub_explicit(
            &segment->references, 1, memory_order_acq_rel) != 1)
        return;
    if (segment->lent) free_made(segment);
    else free_own(segment);
    mem_free(segment->mem, segment, sizeof *segment);
}

size_t segment_bytes(const struct segment *segment)
{
    size_t bytes =
        sizeof *segment + segment->slow_count * sizeof(struct slow *);
#define ADD(type, name) bytes += segment->name##_count * sizeof(type);
    SEGMENT_ARRAYS(ADD)
#undef ADD
    return bytes;
}

int segment_slow(
    const struct segment *segment, uint32_t number, struct slow **out)
{
    *out = NULL;
    if (!segment->lent) {
        *out = segment->slows[number];
        return NDF_OK;
    }
    _Atomic(struct slow *) *place = &segment->made[number];
    *out = atomic_load_explicit(place, memory_order_acquire);
    if (*out != NULL) return NDF_OK;
    const uint64_t *starts = segment->slow_starts + number;
    int err = slow_read(out, segment->mem,
        (struct str){
            segment->slow_bytes + starts[0], (size_t)(starts[1] - starts[0])});
    if (err != NDF_OK) return err;
    /* Of those that made it at the same time, the first one's stays. */
    struct slow *first = NULL;
    if (atomic_compare_exchange_strong_explicit(
            place, &first, *out, memory_order_acq_rel, memory_order_acquire))
        return NDF_OK;
    slow_unref(*out);
    *out = first;
    return NDF_OK;
}

uint32_t segment_local(const struct segment *segment, uint32_t candidate)
{
    const uint32_t *items = segment->candidates;
    size_t count = segment->candidates_count;
    if (count == 0 || candidate < items[0] || candidate > items[count - 1])
        return UINT32_MAX;
    if (segment->dense) return candidate - items[0];
    size_t low = 0;
    while (count > 0) {
        size_t half = count / 2;
        bool below = items[low + half] < candidate;
        low = below ? low + half + 1 : low;
        count = below ? count - half - 1 : half;
    }
    return items[low] == candidate ? (uint32_t)low : UINT32_MAX;
}

uint32_t class_count(const struct segment *segment, const struct cell_column *c)
{
    const struct column *column = &segment->columns[c->column];
    uint32_t last =
        column->kind == COLUMN_NUMBER ? column->bound_count : UINT32_MAX;
    return class_of(c,
               last == UINT32_MAX ? CODE_FIRST + c->mask : CODE_FIRST + last) +
           1;
}
