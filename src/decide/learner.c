/*
 * learner.c - a learner's life: made, written, opened (learner.h).
 *
 * The byte form is the head and the arrays, each from a multiple of 8 on. What
 * is opened is checked before it is used: every number that leads anywhere is
 * within bounds, whatever the bytes.
 */
#include <math.h>
#include <string.h>

#include "base/err.h"
#include "decide/learner_state.h"

/* Changes with the form, the features and the constants: then learn anew. */
#define MAGIC "NDFlrn1"

int learner_new(struct learner **out, const struct mem *mem)
{
    *out = NULL;
    struct learner *l = mem_calloc(mem, 1, sizeof *l);
    if (l == NULL) return NDF_ENOMEM;
    l->mem = mem;
    memcpy(l->head.magic, MAGIC, sizeof MAGIC);
    for (int s = 0; s < STAGES; s++)
        memcpy(l->head.trust[s], learner_trust, sizeof learner_trust);
    memcpy(l->head.clue, learner_clue, sizeof learner_clue);
    if (learner_index(l) != NDF_OK) {
        learner_free(l);
        return NDF_ENOMEM;
    }
    *out = l;
    return NDF_OK;
}

static void free_array(struct learner *l, struct array *array, size_t item)
{
    if (array->owned) mem_free(l->mem, array->at, array->room * item);
}

void learner_free(struct learner *l)
{
    if (l == NULL) return;
    free_array(l, &l->classes, sizeof(struct class));
    free_array(l, &l->features, sizeof(struct feature));
    free_array(l, &l->postings, sizeof(struct posting));
    free_array(l, &l->examples, sizeof(struct example));
    free_array(l, &l->words, sizeof(uint32_t));
    mem_free(
        l->mem, l->class_slots, l->class_slot_count * sizeof *l->class_slots);
    mem_free(l->mem, l->feature_slots,
        l->feature_slot_count * sizeof *l->feature_slots);
    mem_free(l->mem, l->dense, l->dense_room * DENSE * sizeof *l->dense);
    mem_free(l->mem, l, sizeof *l);
}

void learner_reached(struct learner *l, uint64_t number)
{
    l->head.number = number;
}

uint64_t learner_number(const struct learner *l)
{
    return l->head.number;
}

/* ---- bytes --------------------------------------------------------------- */

static size_t aligned(size_t size)
{
    return (size + 7) / 8 * 8;
}

static int write_array(struct buf *out, const struct array *array, size_t item)
{
    size_t size = array->count * item;
    char *at = buf_reserve(out, aligned(size) + 1);
    if (at == NULL) return NDF_ENOMEM;
    memset(at, 0, aligned(size) + 1);
    if (size > 0) memcpy(at, array->at, size);
    out->size += aligned(size);
    return NDF_OK;
}

int learner_write(const struct learner *l, struct buf *out)
{
    struct learner_head head;
    memcpy(&head, &l->head, sizeof head);
    head.classes = l->classes.count;
    head.features = l->features.count;
    head.postings = l->postings.count;
    head.examples = l->examples.count;
    head.words = l->words.count;
    buf_add(out, (const char *)&head, sizeof head);
    int err = buf_error(out);
    if (err == NDF_OK)
        err = write_array(out, &l->classes, sizeof(struct class));
    if (err == NDF_OK)
        err = write_array(out, &l->features, sizeof(struct feature));
    if (err == NDF_OK)
        err = write_array(out, &l->postings, sizeof(struct posting));
    if (err == NDF_OK)
        err = write_array(out, &l->examples, sizeof(struct example));
    if (err == NDF_OK) err = write_array(out, &l->words, sizeof(uint32_t));
    return err;
}

/* The rest of the bytes. */
struct rest {
    char *at;
    size_t size;
};

static bool take_array(struct rest *rest, struct array *out, uint64_t count,
    size_t max, size_t item)
{
    if (count > max) return false;
    size_t size = aligned((size_t)count * item);
    if (size > rest->size) return false;
    *out = (struct array){rest->at, (size_t)count, (size_t)count, false};
    rest->at += size;
    rest->size -= size;
    return true;
}

/* ---- checking ------------------------------------------------------------ */

static bool head_sound(const struct learner_head *head)
{
    double sum = 0;
    for (int s = 0; s < STAGES; s++)
        for (int i = 0; i < CHANNELS; i++)
            sum += fabs(head->trust[s][i]) + head->trust_square[s][i];
    for (int i = 0; i < CLUES; i++)
        sum += fabs(head->clue[i]) + head->clue_square[i];
    return isfinite(sum) && head->first_example < EXAMPLES_MAX &&
           head->example_count <= head->examples &&
           head->word_at <= head->words && head->lessons < UINT32_MAX;
}

static bool classes_sound(const struct learner *l)
{
    size_t free_ones = 0;
    for (size_t i = 0; i < l->classes.count; i++) {
        const struct class *class = &classes_of(l)[i];
        free_ones += class->key == 0;
        if (!isfinite(class->square) || !isfinite(class->mass) ||
            !isfinite(class->bias) || !isfinite(class->width) ||
            !isfinite(class->examples) || class->mass < 0)
            return false;
    }
    return free_ones == l->head.free_classes;
}

static bool block_sound(const struct learner *l, const struct feature *feature)
{
    const struct posting *at = postings_of_learner(l) + feature->at;
    for (size_t i = 0; i < feature->count; i++) {
        if (at[i].class >= l->classes.count || !isfinite(at[i].weight) ||
            !isfinite(at[i].bayes) || !isfinite(at[i].sum))
            return false;
    }
    return true;
}

static bool features_sound(const struct learner *l)
{
    size_t free_ones = 0;
    for (size_t i = 0; i < l->features.count; i++) {
        const struct feature *feature = &features_of(l)[i];
        free_ones += feature->seen == 0;
        if (feature->count == 0) continue;
        if (feature->log > BLOCK_LOG_MAX || feature->seen == 0) return false;
        size_t room = (size_t)1 << feature->log;
        if (feature->count > room || feature->at > l->postings.count ||
            room > l->postings.count - feature->at || !block_sound(l, feature))
            return false;
    }
    return free_ones == l->head.free_features;
}

/* The lists of free blocks lead nowhere else and end. */
static bool free_blocks_sound(const struct learner *l)
{
    for (unsigned log = 0; log <= BLOCK_LOG_MAX; log++) {
        size_t steps = 0;
        uint32_t next = l->head.free_blocks[log];
        for (; next != 0; next = postings_of_learner(l)[next - 1].class) {
            size_t room = (size_t)1 << log;
            if (next > l->postings.count ||
                room > l->postings.count - (next - 1) ||
                ++steps > l->postings.count)
                return false;
        }
    }
    return true;
}

static bool example_sound(
    const struct learner *l, const uint32_t *at, size_t size)
{
    if (size < 2) return false;
    size_t rivals = at[0] >> 16 & 0xFF;
    size_t features = at[0] & 0xFFFF;
    uint32_t kind = at[0] >> 24;
    if (rivals > LESSON_RIVALS_MAX || features > EXAMPLE_FEATURES_MAX ||
        size != 2 + RIVAL_WORDS * rivals + features || kind < LESSON_RIGHT ||
        kind > LESSON_WRONG)
        return false;
    if (at[1] != NO_CLASS && at[1] >= l->classes.count) return false;
    for (size_t r = 0; r < rivals; r++) {
        float structure;
        memcpy(&structure, &at[5 + RIVAL_WORDS * r], sizeof structure);
        if (!isfinite(structure)) return false;
        if (at[2 + RIVAL_WORDS * r] != NO_CLASS &&
            at[2 + RIVAL_WORDS * r] >= l->classes.count)
            return false;
    }
    for (size_t f = size - features; f < size; f++)
        if ((at[f] & 0xFFFFFFF) >= l->features.count) return false;
    return true;
}

static bool examples_sound(const struct learner *l)
{
    size_t count = l->examples.count;
    const struct example *examples = l->examples.at;
    for (size_t i = 0; i < l->head.example_count; i++) {
        size_t place = (l->head.first_example + i) % EXAMPLES_MAX;
        if (place >= count) return false;
        const struct example *example = &examples[place];
        if (example->at > l->words.count ||
            example->size > l->words.count - example->at)
            return false;
        size_t size;
        const uint32_t *words = learner_example(l, i, &size);
        if (!example_sound(l, words, size)) return false;
    }
    return true;
}

static bool is_sound(const struct learner *l)
{
    return head_sound(&l->head) && classes_sound(l) && features_sound(l) &&
           free_blocks_sound(l) && examples_sound(l);
}

static bool take_all(struct learner *l, struct rest rest)
{
    const struct learner_head *head = &l->head;
    return take_array(&rest, &l->classes, head->classes, CLASSES_MAX,
               sizeof(struct class)) &&
           take_array(&rest, &l->features, head->features, FEATURES_MAX,
               sizeof(struct feature)) &&
           take_array(&rest, &l->postings, head->postings, POSTINGS_MAX,
               sizeof(struct posting)) &&
           take_array(&rest, &l->examples, head->examples, EXAMPLES_MAX,
               sizeof(struct example)) &&
           take_array(&rest, &l->words, head->words, EXAMPLE_WORDS_MAX,
               sizeof(uint32_t)) &&
           rest.size == 0;
}

int learner_open(
    struct learner **out, const struct mem *mem, char *bytes, size_t size)
{
    *out = NULL;
    if (size < sizeof(struct learner_head)) return NDF_ECORRUPT;
    struct learner *l = mem_calloc(mem, 1, sizeof *l);
    if (l == NULL) return NDF_ENOMEM;
    l->mem = mem;
    memcpy(&l->head, bytes, sizeof l->head);
    struct rest rest = {bytes + sizeof l->head, size - sizeof l->head};
    int err = NDF_ECORRUPT;
    if (memcmp(l->head.magic, MAGIC, sizeof MAGIC) == 0 && take_all(l, rest) &&
        is_sound(l))
        err = learner_index(l);
    if (err != NDF_OK) {
        learner_free(l);
        return err;
    }
    *out = l;
    return NDF_OK;
}

/* ---- telling ------------------------------------------------------------- */

void learner_summarise(const struct learner *l, struct learner_summary *out)
{
    *out = (struct learner_summary){
        .lessons = l->head.lessons, .examples = l->head.example_count};
    for (size_t i = 0; i < l->classes.count; i++)
        out->classes += classes_of(l)[i].key != 0;
    for (size_t i = 0; i < l->features.count; i++) {
        out->features += features_of(l)[i].seen != 0;
        out->weights += features_of(l)[i].count;
    }
    out->bytes = sizeof *l + l->classes.room * sizeof(struct class) +
                 l->features.room * sizeof(struct feature) +
                 l->postings.room * sizeof(struct posting) +
                 l->examples.room * sizeof(struct example) +
                 l->words.room * sizeof(uint32_t) +
                 l->class_slot_count * sizeof *l->class_slots +
                 l->feature_slot_count * sizeof *l->feature_slots +
                 l->dense_room * DENSE * sizeof *l->dense;
    memcpy(out->bins, l->head.bins, sizeof out->bins);
}
