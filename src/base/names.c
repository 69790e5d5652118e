/*
 * names.c - see names.h.
 *
 * Numbers with the same name are a chain, whose first one is in a slot of a
 * hash table (open addressing). The hash is seeded with an address, so that
 * nobody outside can choose names that collide; the seed goes with the block.
 * Invariant: at least half of the slots are free, so every probe ends; a
 * number's rank rises along its chain, so every chain does.
 */
#include "base/names.h"

#include <string.h>

#include "ndf/error.h"

#include "base/block.h"
#include "base/hash.h"

enum { SLOTS_MIN = 4 };

/* Numbers count from 1 in slots and chains; 0: none. */
struct link {
    uint32_t next;
    uint32_t rank; /* of this number in the order */
};

struct names {
    const struct mem *mem;
    size_t count;
    uint64_t seed;
    uint32_t *starts; /* count + 1: where each name begins; a NUL ends it */
    char *texts;
    size_t text_size;
    uint32_t *slots;
    size_t slot_count; /* a power of two */
    struct link *links;
    bool lent; /* the arrays lie in a block */
};

void names_free(struct names *names)
{
    if (names == NULL) return;
    const struct mem *mem = names->mem;
    if (!names->lent) {
        mem_free(mem, names->texts, names->text_size);
        mem_free(
            mem, names->starts, (names->count + 1) * sizeof *names->starts);
        mem_free(mem, names->slots, names->slot_count * sizeof *names->slots);
        mem_free(mem, names->links, names->count * sizeof *names->links);
    }
    mem_free(mem, names, sizeof *names);
}

size_t names_count(const struct names *names)
{
    return names->count;
}

struct str names_at(const struct names *names, size_t number)
{
    uint32_t start = names->starts[number];
    return (struct str){
        names->texts + start, names->starts[number + 1] - start - 1};
}

/* The slot of a name, or the free one where it would be. */
static uint32_t *slot_of(const struct names *names, struct str name)
{
    size_t mask = names->slot_count - 1;
    size_t at = (size_t)hash64_seed(name, names->seed) & mask;
    for (;; at = (at + 1) & mask) {
        uint32_t *slot = &names->slots[at];
        if (*slot == 0 || str_equal(names_at(names, *slot - 1), name))
            return slot;
    }
}

size_t names_find(const struct names *names, struct str name)
{
    return (size_t)*slot_of(names, name) - 1;
}

size_t names_next(const struct names *names, size_t number)
{
    return (size_t)names->links[number].next - 1;
}

/* ---- making ---------------------------------------------------------------
 */

static int copy_texts(struct names *names, const struct str *from)
{
    uint64_t size = 0;
    for (size_t i = 0; i < names->count; i++)
        size += (uint64_t)from[i].size + 1;
    if (size > UINT32_MAX) return NDF_ELIMIT;
    names->starts =
        mem_calloc(names->mem, names->count + 1, sizeof *names->starts);
    if (names->starts == NULL) return NDF_ENOMEM;
    if (size == 0) return NDF_OK;
    names->texts = mem_alloc(names->mem, (size_t)size);
    if (names->texts == NULL) return NDF_ENOMEM;
    names->text_size = (size_t)size;
    uint32_t at = 0;
    for (size_t i = 0; i < names->count; i++) {
        if (from[i].size > 0)
            memcpy(names->texts + at, from[i].at, from[i].size);
        at += (uint32_t)from[i].size + 1;
        names->texts[at - 1] = '\0';
        names->starts[i + 1] = at;
    }
    return NDF_OK;
}

/* From the last of the order to the first, each before those that are there. */
static void link_all(struct names *names, const uint32_t *order)
{
    for (size_t rank = names->count; rank > 0; rank--) {
        uint32_t number = order != NULL ? order[rank - 1] : (uint32_t)rank - 1;
        uint32_t *slot = slot_of(names, names_at(names, number));
        names->links[number] = (struct link){*slot, (uint32_t)rank};
        *slot = number + 1;
    }
}

int names_new(struct names **out, const struct mem *mem, const struct str *from,
    const uint32_t *order, size_t count)
{
    *out = NULL;
    if (count >= UINT32_MAX / 4) return NDF_ELIMIT;
    struct names *names = mem_calloc(mem, 1, sizeof *names);
    if (names == NULL) return NDF_ENOMEM;
    names->mem = mem;
    names->count = count;
    names->seed = (uint64_t)(uintptr_t)mem;
    size_t slots = SLOTS_MIN;
    while (slots < count * 2)
        slots *= 2;
    int err = copy_texts(names, from);
    if (err == NDF_OK) {
        names->slots = mem_calloc(mem, slots, sizeof *names->slots);
        names->slot_count = names->slots != NULL ? slots : 0;
        if (count > 0)
            names->links = mem_calloc(mem, count, sizeof *names->links);
        if (names->slots == NULL || (count > 0 && names->links == NULL))
            err = NDF_ENOMEM;
    }
    if (err != NDF_OK) {
        names_free(names);
        return err;
    }
    link_all(names, order);
    *out = names;
    return NDF_OK;
}

/* ---- as a block -----------------------------------------------------------
 */

static const struct block_kind kind = {
    UINT64_C(0x0a4d414e46444e89) /* "\x89NDFNAM\n" */, 1};

enum array { SEED, STARTS, TEXTS, SLOTS, LINKS, ARRAYS };

void names_write(const struct names *names, struct buf *out)
{
    uint64_t seed = names->seed;
    const struct block_array arrays[ARRAYS] = {
        [SEED] = {&seed, 1, sizeof seed},
        [STARTS] = {names->starts, names->count + 1, sizeof *names->starts},
        [TEXTS] = {names->texts, names->text_size, 1},
        [SLOTS] = {names->slots, names->slot_count, sizeof *names->slots},
        [LINKS] = {names->links, names->count, sizeof *names->links},
    };
    block_write(out, &kind, arrays, ARRAYS, NULL);
}

static bool texts_are_right(const struct names *names)
{
    size_t size = names->text_size;
    if (names->starts[0] != 0 || names->starts[names->count] != size)
        return false;
    for (size_t i = 0; i < names->count; i++) {
        uint32_t end = names->starts[i + 1];
        if (end <= names->starts[i] || end > size) return false;
        if (names->texts[end - 1] != '\0') return false;
    }
    return true;
}

static bool chains_are_right(const struct names *names)
{
    size_t count = names->slot_count;
    size_t used = 0;
    if (count < SLOTS_MIN || (count & (count - 1)) != 0) return false;
    for (size_t i = 0; i < count; i++) {
        used += names->slots[i] != 0;
        if (names->slots[i] > names->count) return false;
    }
    for (size_t i = 0; i < names->count; i++) {
        const struct link *link = &names->links[i];
        if (link->next == 0) continue;
        if (link->next > names->count ||
            names->links[link->next - 1].rank <= link->rank)
            return false;
    }
    return used <= count / 2;
}

int names_open(struct names **out, const struct mem *mem, struct str block)
{
    struct block_array arrays[ARRAYS] = {
        [SEED] = {.item_size = sizeof(uint64_t)},
        [STARTS] = {.item_size = sizeof(uint32_t)},
        [TEXTS] = {.item_size = 1},
        [SLOTS] = {.item_size = sizeof(uint32_t)},
        [LINKS] = {.item_size = sizeof(struct link)},
    };
    *out = NULL;
    int err = block_open(block, &kind, arrays, ARRAYS);
    if (err != NDF_OK) return err;
    size_t count = arrays[LINKS].count;
    if (arrays[SEED].count != 1 || arrays[STARTS].count != count + 1)
        return NDF_ECORRUPT;
    struct names *names = mem_calloc(mem, 1, sizeof *names);
    if (names == NULL) return NDF_ENOMEM;
    *names = (struct names){.mem = mem,
        .count = count,
        .starts = arrays[STARTS].at,
        .texts = arrays[TEXTS].at,
        .text_size = arrays[TEXTS].count,
        .slots = arrays[SLOTS].at,
        .slot_count = arrays[SLOTS].count,
        .links = arrays[LINKS].at,
        .lent = true};
    memcpy(&names->seed, arrays[SEED].at, sizeof names->seed);
    if (texts_are_right(names) && chains_are_right(names)) {
        *out = names;
        return NDF_OK;
    }
    names_free(names);
    return NDF_ECORRUPT;
}
