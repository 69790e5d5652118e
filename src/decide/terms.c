/*
 * terms.c - see terms.h.
 */
#include "decide/terms.h"

#include "base/err.h"
#include "base/hash.h"

enum { SLOTS_MIN = 16 };

int terms_init(struct terms_new *terms, const struct mem *mem, uint64_t seed)
{
    memset(terms, 0, sizeof *terms);
    terms->mem = mem;
    vec_init(&terms->items, mem, sizeof(struct term));
    buf_init(&terms->bytes, mem);
    terms->slots = mem_calloc(mem, SLOTS_MIN, sizeof *terms->slots);
    if (terms->slots == NULL) return NDF_ENOMEM;
    terms->terms = (struct terms){.slots = terms->slots,
        .mask = SLOTS_MIN - 1,
        .bytes = "",
        .seed = seed};
    return NDF_OK;
}

void terms_deinit(struct terms_new *terms)
{
    if (terms->slots != NULL)
        mem_free(terms->mem, terms->slots,
            ((size_t)terms->terms.mask + 1) * sizeof *terms->slots);
    vec_deinit(&terms->items);
    buf_deinit(&terms->bytes);
    terms->slots = NULL;
}

static struct term_key long_key(const struct terms *terms, struct str word)
{
    uint64_t hash = hash64_seed(word, terms->seed);
    return (struct term_key){hash, ~hash};
}

uint32_t terms_find_long(
    const struct terms *terms, uint32_t space, struct str word)
{
    struct term_key key = long_key(terms, word);
    uint64_t hash = term_hash(terms->seed, space, key, word.size);
    for (uint32_t at = (uint32_t)hash;; at++) {
        const struct term_slot *slot = &terms->slots[at & terms->mask];
        if (slot->term == 0) return TERM_NONE;
        if (slot->tag != (uint32_t)(hash >> 32)) continue;
        const struct term *term = &terms->items[slot->term - 1];
        if (term->first == key.first && term->space == space &&
            term->size == word.size &&
            memcmp(terms->bytes + term->at, word.at, word.size) == 0)
            return slot->term - 1;
    }
}

static void put_slot(
    struct term_slot *slots, uint32_t mask, uint64_t hash, uint32_t number)
{
    uint32_t at = (uint32_t)hash & mask;
    while (slots[at].term != 0)
        at = (at + 1) & mask;
    slots[at] = (struct term_slot){(uint32_t)(hash >> 32), number + 1};
}

static uint64_t hash_of(const struct terms *terms, const struct term *term)
{
    return term_hash(terms->seed, term->space,
        (struct term_key){term->first, term->last}, term->size);
}

static int grow(struct terms_new *terms)
{
    struct terms *view = &terms->terms;
    size_t room = ((size_t)view->mask + 1) * 2;
    if (room > UINT32_MAX / 2) return NDF_ELIMIT;
    struct term_slot *slots = mem_calloc(terms->mem, room, sizeof *slots);
    if (slots == NULL) return NDF_ENOMEM;
    for (uint32_t i = 0; i < terms->items.count; i++) {
        const struct term *term = &view->items[i];
        put_slot(slots, (uint32_t)room - 1, hash_of(view, term), i);
    }
    mem_free(terms->mem, terms->slots,
        ((size_t)view->mask + 1) * sizeof *terms->slots);
    terms->slots = slots;
    view->slots = slots;
    view->mask = (uint32_t)room - 1;
    return NDF_OK;
}

int terms_add(
    struct terms_new *terms, uint32_t space, struct str word, uint32_t *number)
{
    struct terms *view = &terms->terms;
    *number = terms_find(view, space, word);
    if (*number != TERM_NONE) return NDF_OK;
    if (terms->bytes.size + word.size > UINT32_MAX) return NDF_ELIMIT;
    if ((terms->items.count + 1) * 2 > (size_t)view->mask + 1) {
        int err = grow(terms);
        if (err != NDF_OK) return err;
    }
    uint32_t at = (uint32_t)terms->bytes.size;
    buf_add(&terms->bytes, word.at, word.size);
    if (buf_error(&terms->bytes) != NDF_OK) return NDF_ENOMEM;
    if (terms->bytes.at != NULL) view->bytes = terms->bytes.at;
    struct term *term = vec_push(&terms->items);
    if (term == NULL) return NDF_ENOMEM;
    const struct term_key key = word.size > TERM_SHORT
                                    ? long_key(view, word)
                                    : term_key(word.at, word.size);
    *term =
        (struct term){key.first, key.last, at, (uint32_t)word.size, space, 0};
    view->items = terms->items.at;
    *number = (uint32_t)terms->items.count - 1;
    put_slot(terms->slots, view->mask, hash_of(view, term), *number);
    return NDF_OK;
}
