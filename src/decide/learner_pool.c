/*
 * learner_pool.c - classes, features, postings and examples (learner_state.h).
 *
 * Every array has a bound. At the bound of postings those that say least go,
 * from all features alike; at that of features those that the fewest tasks had
 * and no example needs; of examples the oldest. What goes is much at a time, so
 * that it is seldom looked for.
 */
#include <math.h>
#include <string.h>

#include "base/err.h"
#include "decide/learner_state.h"

enum {
    SLOTS_MIN = 64,
    KEEP_PARTS = 4, /* one of them goes when there is no room for more */
    PRUNES_MAX = 4, /* at a time */
    POOL_ENOUGH = POSTINGS_MAX / 8 * 7,
    SWEPT_LEAST = FEATURES_MAX / 16,
};

/* Room for one more, in our own memory. NDF_ELIMIT at the bound. */
static int array_grow(struct learner *l, struct array *array, size_t more,
    size_t max, size_t item)
{
    if (array->count + more <= array->room) return NDF_OK;
    if (array->count + more > max) return NDF_ELIMIT;
    size_t room = array->room < SLOTS_MIN ? SLOTS_MIN : array->room * 2;
    if (room < array->count + more) room = array->count + more;
    if (room > max) room = max;
    char *at = mem_alloc(l->mem, room * item);
    if (at == NULL) return NDF_ENOMEM;
    if (array->count > 0) memcpy(at, array->at, array->count * item);
    memset(at + array->count * item, 0, (room - array->count) * item);
    if (array->owned) mem_free(l->mem, array->at, array->room * item);
    *array = (struct array){at, array->count, room, true};
    return NDF_OK;
}

/* ---- tables -------------------------------------------------------------- */

static size_t slot_of(uint64_t key, size_t slots)
{
    return (size_t)(key * 0x9E3779B97F4A7C15ULL >> 20) & (slots - 1);
}

static void put_slot(uint32_t *slots, size_t count, uint64_t key, size_t index)
{
    size_t at = slot_of(key, count);
    while (slots[at] != 0)
        at = (at + 1) & (count - 1);
    slots[at] = (uint32_t)index + 1;
}

static int make_slots(
    struct learner *l, uint32_t **slots, size_t *count, size_t items)
{
    size_t wanted = SLOTS_MIN;
    while (wanted < items * 2)
        wanted *= 2;
    uint32_t *made = mem_calloc(l->mem, wanted, sizeof *made);
    if (made == NULL) return NDF_ENOMEM;
    mem_free(l->mem, *slots, *count * sizeof **slots);
    *slots = made;
    *count = wanted;
    return NDF_OK;
}

static int index_classes(struct learner *l)
{
    int err = make_slots(
        l, &l->class_slots, &l->class_slot_count, l->classes.count + 1);
    for (size_t i = 0; err == NDF_OK && i < l->classes.count; i++)
        if (classes_of(l)[i].key != 0)
            put_slot(
                l->class_slots, l->class_slot_count, classes_of(l)[i].key, i);
    return err;
}

static int index_features(struct learner *l)
{
    int err = make_slots(
        l, &l->feature_slots, &l->feature_slot_count, l->features.count + 1);
    for (size_t i = 0; err == NDF_OK && i < l->features.count; i++)
        if (features_of(l)[i].seen != 0)
            put_slot(l->feature_slots, l->feature_slot_count,
                features_of(l)[i].hash, i);
    return err;
}

int learner_index(struct learner *l)
{
    int err = index_classes(l);
    if (err == NDF_OK) err = index_features(l);
    /* A pool that is empty is somewhere, too: features point into it. */
    if (err == NDF_OK && l->postings.at == NULL)
        err = array_grow(
            l, &l->postings, 1, POSTINGS_MAX, sizeof(struct posting));
    return err;
}

/* ---- classes ------------------------------------------------------------- */

uint32_t learner_class(const struct learner *l, uint64_t key)
{
    size_t at = slot_of(key, l->class_slot_count);
    for (; l->class_slots[at] != 0; at = (at + 1) & (l->class_slot_count - 1)) {
        uint32_t class = l->class_slots[at] - 1;
        if (classes_of(l)[class].key == key) return class;
    }
    return NO_CLASS;
}

int learner_add_class(struct learner *l, uint64_t key, uint32_t *out)
{
    *out = key != 0 ? learner_class(l, key) : NO_CLASS;
    if (*out != NO_CLASS || key == 0) return NDF_OK;
    size_t free_one = l->classes.count;
    for (size_t i = 0; l->head.free_classes > 0 && i < l->classes.count; i++)
        if (classes_of(l)[i].key == 0) free_one = i;
    if (free_one < l->classes.count) {
        l->head.free_classes--;
    } else {
        int err =
            array_grow(l, &l->classes, 1, CLASSES_MAX, sizeof(struct class));
        if (err == NDF_ELIMIT) return NDF_OK;
        if (err != NDF_OK) return err;
        l->classes.count++;
    }
    classes_of(l)[free_one] = (struct class){.key = key};
    if (l->classes.count * 2 > l->class_slot_count) {
        int err = index_classes(l);
        if (err != NDF_OK) return err;
    } else {
        put_slot(l->class_slots, l->class_slot_count, key, free_one);
    }
    *out = (uint32_t)free_one;
    return NDF_OK;
}

/* ---- blocks -------------------------------------------------------------- */

static void free_block(struct learner *l, uint32_t at, unsigned log)
{
    postings_of_learner(l)[at] =
        (struct posting){.class = l->head.free_blocks[log]};
    l->head.free_blocks[log] = at + 1;
}

/* NDF_ELIMIT: there is no room. */
static int take_block(struct learner *l, unsigned log, uint32_t *out)
{
    uint32_t free_one = l->head.free_blocks[log];
    if (free_one != 0) {
        *out = free_one - 1;
        l->head.free_blocks[log] = postings_of_learner(l)[*out].class;
        return NDF_OK;
    }
    size_t room = (size_t)1 << log;
    int err =
        array_grow(l, &l->postings, room, POSTINGS_MAX, sizeof(struct posting));
    if (err != NDF_OK) return err;
    *out = (uint32_t)l->postings.count;
    l->postings.count += room;
    return NDF_OK;
}

/* Gives back the upper halves of a block until it is as small as can be: all of
 * it when the feature has nothing any more. */
static void shrink_block(struct learner *l, struct feature *feature)
{
    if (feature->count == 0) {
        free_block(l, feature->at, feature->log);
        return;
    }
    while (feature->log > 0 && feature->count <= 1U << (feature->log - 1)) {
        feature->log--;
        free_block(l, feature->at + (1U << feature->log), feature->log);
    }
}

/* How much is lost with it. */
static float worth(const struct posting *posting)
{
    return fabsf(posting->weight) + posting->bayes;
}

/* The worth that a given share of all postings does not reach, nearly. */
static float least_worth(const struct learner *l)
{
    float low = 0, high = 64;
    for (int i = 0; i < 18; i++) {
        float middle = (low + high) / 2;
        size_t below = 0, all = 0;
        for (size_t f = 0; f < l->features.count; f++) {
            const struct feature *feature = &features_of(l)[f];
            const struct posting *at = postings_of_learner(l) + feature->at;
            all += feature->count;
            for (size_t p = 0; p < feature->count; p++)
                below += worth(&at[p]) < middle;
        }
        if (below < all / KEEP_PARTS) low = middle;
        else high = middle;
    }
    return high;
}

/* Takes out what keep says no to. */
typedef bool (*keep_fn)(const void *ud, const struct posting *posting);

static void sift(struct learner *l, keep_fn keep, const void *ud)
{
    for (size_t f = 0; f < l->features.count; f++) {
        struct feature *feature = &features_of(l)[f];
        struct posting *at = postings_of_learner(l) + feature->at;
        size_t kept = 0;
        if (feature->count == 0) continue;
        for (size_t p = 0; p < feature->count; p++)
            if (keep(ud, &at[p])) at[kept++] = at[p];
        if (kept == feature->count) continue;
        feature->count = (uint16_t)kept;
        shrink_block(l, feature);
    }
}

static bool worth_keeping(const void *ud, const struct posting *posting)
{
    return worth(posting) >= *(const float *)ud;
}

static bool of_another_class(const void *ud, const struct posting *posting)
{
    return posting->class != *(const uint32_t *)ud;
}

/* Moves all blocks together, so that what is free is in one piece: of pieces a
 * large block could not be made, and the next prune would come at once. */
static int compact(struct learner *l)
{
    size_t room = l->postings.count, to = 0;
    struct posting *items = postings_of_learner(l);
    uint32_t *owners = mem_calloc(l->mem, room, sizeof *owners);
    if (owners == NULL) return NDF_ENOMEM;
    for (size_t f = 0; f < l->features.count; f++)
        if (features_of(l)[f].count > 0)
            owners[features_of(l)[f].at] = (uint32_t)f + 1;
    for (size_t from = 0; from < room; from++) {
        if (owners[from] == 0) continue;
        struct feature *feature = &features_of(l)[owners[from] - 1];
        size_t size = (size_t)1 << feature->log;
        memmove(items + to, items + from, size * sizeof *items);
        feature->at = (uint32_t)to;
        to += size;
    }
    memset(items + to, 0, (room - to) * sizeof *items);
    memset(l->head.free_blocks, 0, sizeof l->head.free_blocks);
    for (size_t f = 0; f < l->features.count; f++)
        if (features_of(l)[f].count == 0) features_of(l)[f].at = 0;
    l->postings.count = to;
    mem_free(l->mem, owners, room * sizeof *owners);
    return NDF_OK;
}

static int prune(struct learner *l)
{
    int err = NDF_OK;
    for (int i = 0; err == NDF_OK && i < PRUNES_MAX; i++) {
        float least = least_worth(l);
        sift(l, worth_keeping, &least);
        err = compact(l);
        if (l->postings.count <= POOL_ENOUGH) break;
    }
    return err;
}

static bool has_room(const struct feature *feature)
{
    return feature->count > 0 && feature->count < 1U << feature->log;
}

static int grow_block(struct learner *l, struct feature *feature)
{
    unsigned log = feature->count == 0 ? 0 : feature->log + 1U;
    uint32_t at;
    int err = take_block(l, log, &at);
    if (err != NDF_OK) return err;
    struct posting *items = postings_of_learner(l);
    if (feature->count > 0) {
        memcpy(items + at, items + feature->at, feature->count * sizeof *items);
        free_block(l, feature->at, feature->log);
    }
    feature->at = at;
    feature->log = (uint16_t)log;
    return NDF_OK;
}

/* For one more; NDF_ELIMIT: there is none. */
static int find_room(struct learner *l, struct feature *feature)
{
    if (has_room(feature)) return NDF_OK;
    if (feature->count == 1U << BLOCK_LOG_MAX) return NDF_ELIMIT;
    int err = grow_block(l, feature);
    if (err != NDF_ELIMIT) return err;
    err = prune(l);
    if (err != NDF_OK || has_room(feature)) return err;
    return grow_block(l, feature);
}

int learner_posting(
    struct learner *l, uint32_t f, uint32_t class, struct posting **out)
{
    struct feature *feature = &features_of(l)[f];
    struct posting *at = postings_of_learner(l) + feature->at;
    *out = NULL;
    for (size_t i = 0; i < feature->count; i++) {
        if (at[i].class == class) *out = &at[i];
    }
    if (*out != NULL) return NDF_OK;
    int err = find_room(l, feature);
    if (err == NDF_ELIMIT) return NDF_OK;
    if (err != NDF_OK) return err;
    *out = postings_of_learner(l) + feature->at + feature->count++;
    **out = (struct posting){.class = class};
    return NDF_OK;
}

/* ---- features ------------------------------------------------------------ */

uint32_t learner_feature(const struct learner *l, uint32_t hash)
{
    size_t mask = l->feature_slot_count - 1;
    for (size_t at = slot_of(hash, l->feature_slot_count);
         l->feature_slots[at] != 0; at = (at + 1) & mask) {
        uint32_t f = l->feature_slots[at] - 1;
        if (features_of(l)[f].hash == hash) return f;
    }
    return NO_FEATURE;
}

/* Examples name features by number: those stay. */
static void mark_used(const struct learner *l, bool *used)
{
    for (size_t i = 0; i < l->head.example_count; i++) {
        size_t size;
        const uint32_t *words = learner_example(l, i, &size);
        for (size_t w = size - (words[0] & 0xFFFF); w < size; w++)
            used[words[w] & 0xFFFFFFF] = true;
    }
}

/* Frees features that no more than so many tasks had and no example needs. */
static int sweep_features(struct learner *l, uint32_t seen)
{
    bool *used = mem_calloc(l->mem, l->features.count, sizeof *used);
    if (used == NULL) return NDF_ENOMEM;
    mark_used(l, used);
    for (size_t f = 0; f < l->features.count; f++) {
        struct feature *feature = &features_of(l)[f];
        if (used[f] || feature->seen > seen || feature->seen == 0) continue;
        l->head.free_features++;
        feature->seen = 0;
        if (feature->count > 0) {
            feature->count = 0;
            shrink_block(l, feature);
        }
    }
    mem_free(l->mem, used, l->features.count * sizeof *used);
    l->free_from = 0;
    return index_features(l);
}

static void drop_oldest(struct learner *l)
{
    l->head.first_example = (l->head.first_example + 1) % EXAMPLES_MAX;
    l->head.example_count--;
}

int learner_make_room(struct learner *l)
{
    size_t room = FEATURES_MAX - l->features.count + l->head.free_features;
    if (room >= LESSON_FEATURES_MAX) return NDF_OK;
    for (uint32_t seen = 1; seen <= SEEN_MAX; seen *= 2) {
        int err = sweep_features(l, seen);
        if (err != NDF_OK) return err;
        if (l->head.free_features >= SWEPT_LEAST) break;
        /* The older half of the examples: nothing else holds so many. */
        for (size_t n = (l->head.example_count + 1) / 2; n > 0; n--)
            drop_oldest(l);
    }
    return NDF_OK;
}

/* The first free number, if there is one. */
static int take_feature(struct learner *l, uint32_t *out)
{
    int err =
        array_grow(l, &l->features, 1, FEATURES_MAX, sizeof(struct feature));
    if (err == NDF_OK) *out = (uint32_t)l->features.count++;
    if (err != NDF_ELIMIT || l->head.free_features == 0) return err;
    while (features_of(l)[l->free_from].seen != 0)
        l->free_from++;
    *out = (uint32_t)l->free_from++;
    l->head.free_features--;
    return NDF_OK;
}

int learner_add_feature(struct learner *l, uint32_t hash, uint32_t *out)
{
    *out = learner_feature(l, hash);
    if (*out != NO_FEATURE) return NDF_OK;
    uint32_t f;
    int err = take_feature(l, &f);
    if (err == NDF_ELIMIT) return NDF_OK;
    if (err != NDF_OK) return err;
    features_of(l)[f] = (struct feature){.hash = hash, .seen = 1};
    *out = f;
    if (l->features.count * 2 > l->feature_slot_count) return index_features(l);
    put_slot(l->feature_slots, l->feature_slot_count, hash, f);
    return NDF_OK;
}

/* ---- examples ------------------------------------------------------------ */

const uint32_t *learner_example(
    const struct learner *l, size_t index, size_t *size)
{
    const struct example *examples = l->examples.at;
    const struct example *example =
        &examples[(l->head.first_example + index) % EXAMPLES_MAX];
    *size = example->size;
    return (const uint32_t *)l->words.at + example->at;
}

/* Drops the oldest as long as they lie in the way of at..at + count. */
static void clear_way(struct learner *l, size_t at, size_t count)
{
    const struct example *examples = l->examples.at;
    while (l->head.example_count > 0) {
        const struct example *oldest = &examples[l->head.first_example];
        bool apart =
            oldest->at >= at + count || oldest->at + oldest->size <= at;
        if (apart && l->head.example_count < EXAMPLES_MAX) return;
        drop_oldest(l);
    }
}

int learner_keep_example(struct learner *l, const uint32_t *words, size_t count)
{
    size_t at = l->head.word_at;
    if (at + count > EXAMPLE_WORDS_MAX) {
        /* What lies behind is in the way, too: the ring goes round. */
        clear_way(l, at, EXAMPLE_WORDS_MAX - at);
        at = 0;
    }
    clear_way(l, at, count);
    if (at + count > l->words.count) {
        int err = array_grow(l, &l->words, at + count - l->words.count,
            EXAMPLE_WORDS_MAX, sizeof *words);
        if (err != NDF_OK) return err;
        l->words.count = at + count;
    }
    size_t place =
        (l->head.first_example + l->head.example_count) % EXAMPLES_MAX;
    if (place >= l->examples.count) {
        int err = array_grow(
            l, &l->examples, 1, EXAMPLES_MAX, sizeof(struct example));
        if (err != NDF_OK) return err;
        l->examples.count = place + 1;
    }
    memcpy((uint32_t *)l->words.at + at, words, count * sizeof *words);
    ((struct example *)l->examples.at)[place] =
        (struct example){(uint32_t)at, (uint32_t)count};
    l->head.example_count++;
    l->head.word_at = (uint32_t)(at + count);
    return NDF_OK;
}

/* ---- forgetting ---------------------------------------------------------- */

/* The examples of a class are kept, but teach nothing: about nobody. */
static void forget_examples(struct learner *l, uint32_t class)
{
    for (size_t i = 0; i < l->head.example_count; i++) {
        size_t size;
        uint32_t *words = (uint32_t *)(uintptr_t)learner_example(l, i, &size);
        size_t rivals = words[0] >> 16 & 0xFF;
        if (words[1] == class) words[1] = NO_CLASS;
        for (size_t r = 0; r < rivals; r++)
            if (words[2 + RIVAL_WORDS * r] == class)
                words[2 + RIVAL_WORDS * r] = NO_CLASS;
    }
}

void learner_remove_class(struct learner *l, uint32_t class)
{
    forget_examples(l, class);
    sift(l, of_another_class, &class);
    classes_of(l)[class] = (struct class){.key = 0};
    l->head.free_classes++;
    /* An open-addressed table cannot lose one; nothing here can fail: the
     * slots are cleared and filled again. */
    memset(l->class_slots, 0, l->class_slot_count * sizeof *l->class_slots);
    for (size_t i = 0; i < l->classes.count; i++)
        if (classes_of(l)[i].key != 0)
            put_slot(
                l->class_slots, l->class_slot_count, classes_of(l)[i].key, i);
}
