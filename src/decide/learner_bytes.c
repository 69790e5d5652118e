/*
 * learner_bytes.c - a learner's life: made, written, opened (learner.h).
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
#define MAGIC "NDFlrn5"

/* The most that there can be of all, and of the tables that lead to them. */
_Static_assert(sizeof(struct learner) + CLASSES_MAX * sizeof(struct class) +
                       FEATURES_MAX * sizeof(struct feature) +
                       POSTINGS_MAX * sizeof(struct posting) +
                       EXAMPLES_MAX * sizeof(struct example) +
                       EXAMPLE_WORDS_MAX * sizeof(uint32_t) +
                       (4 * CLASSES_MAX + (1 << 19)) * sizeof(uint32_t) +
                       CLASSES_MAX * (DENSE * sizeof(float)) <=
                   LEARNER_BYTES_MAX,
    "memory is bounded as learner.h says");

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

/* Far above all that is ever learned, and so small that no sum of products of
 * such numbers is infinite. */
#define NUMBER_MAX 1e9
#define SQUARE_MAX 1e18

/* No NaN passes. */
static bool number_sound(double x)
{
    return fabs(x) <= NUMBER_MAX;
}

static bool square_sound(double x)
{
    return x >= 0 && x <= SQUARE_MAX;
}

static bool numbers_sound(const struct learner_head *head)
{
    bool sound = true;
    for (int s = 0; s < STAGES; s++)
        for (int i = 0; i < CHANNELS; i++)
            sound = sound && number_sound(head->trust[s][i]) &&
                    square_sound(head->trust_square[s][i]);
    for (int i = 0; i < CLUES; i++)
        sound = sound && number_sound(head->clue[i]) &&
                square_sound(head->clue_square[i]);
    for (int i = 0; i < LEARNER_BINS; i++)
        sound = sound && square_sound((double)head->bins[i].count) &&
                square_sound((double)head->bins[i].fit) &&
                square_sound((double)head->bins[i].right);
    return sound;
}

/* The next example has its place among those that there are, or right behind
 * them. */
static bool head_sound(const struct learner_head *head)
{
    return numbers_sound(head) && head->first_example < EXAMPLES_MAX &&
           head->example_count <= head->examples &&
           (head->first_example + head->example_count) % EXAMPLES_MAX <=
               head->examples &&
           head->word_at <= head->words && head->lessons <= SEEN_MAX;
}

static bool classes_sound(const struct learner *l)
{
    size_t free_ones = 0;
    for (size_t i = 0; i < l->classes.count; i++) {
        const struct class *class = &classes_of(l)[i];
        free_ones += class->key == 0;
        if (!square_sound((double)class->square) ||
            !number_sound((double)class->mass) ||
            !square_sound((double)class->examples) ||
            !number_sound((double)class->width) ||
            !number_sound((double)class->width) ||
            !number_sound((double)class->bias))
            return false;
    }
    return free_ones == l->head.free_classes;
}

static bool postings_sound(
    const struct learner *l, const struct feature *feature)
{
    const struct posting *at = postings_of_learner(l) + feature->at;
    for (size_t i = 0; i < feature->count; i++) {
        if (at[i].class >= l->classes.count ||
            !number_sound((double)at[i].weight) ||
            !number_sound((double)at[i].bayes) ||
            !number_sound((double)at[i].sum))
            return false;
    }
    return true;
}

/* A block of postings is there, and no other one has taken any of it. */
static bool claim(
    const struct learner *l, size_t at, unsigned log, bool *claimed)
{
    size_t room = (size_t)1 << log;
    if (at > l->postings.count || room > l->postings.count - at) return false;
    if (memchr(claimed + at, 1, room) != NULL) return false;
    memset(claimed + at, 1, room);
    return true;
}

static bool features_sound(const struct learner *l, bool *claimed)
{
    size_t free_ones = 0;
    for (size_t i = 0; i < l->features.count; i++) {
        const struct feature *feature = &features_of(l)[i];
        free_ones += feature->seen == 0;
        if (feature->at > l->postings.count || feature->seen > SEEN_MAX)
            return false;
        if (feature->count == 0) continue;
        if (feature->log > BLOCK_LOG_MAX || feature->seen == 0 ||
            feature->count > 1U << feature->log ||
            !claim(l, feature->at, feature->log, claimed) ||
            !postings_sound(l, feature))
            return false;
    }
    return free_ones == l->head.free_features;
}

/* The lists of free blocks lead to nothing that is used, and end: what was
 * claimed once is not claimed again. */
static bool free_blocks_sound(const struct learner *l, bool *claimed)
{
    for (unsigned log = 0; log <= BLOCK_LOG_MAX; log++) {
        uint32_t next = l->head.free_blocks[log];
        for (; next != 0; next = postings_of_learner(l)[next - 1].class)
            if (!claim(l, next - 1, log, claimed)) return false;
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
        if (!number_sound((double)structure)) return false;
        if (at[2 + RIVAL_WORDS * r] != NO_CLASS &&
            at[2 + RIVAL_WORDS * r] >= l->classes.count)
            return false;
    }
    for (size_t f = size - features; f < size; f++)
        if ((at[f] & 0xFFFFFFF) >= l->features.count) return false;
    return true;
}

/* They lie in the ring one behind the other, the last one before word_at, so
 * that one that is written goes over the oldest only. */
static bool examples_sound(const struct learner *l)
{
    const struct example *examples = l->examples.at;
    size_t end = 0, oldest = 0;
    bool wrapped = false;
    for (size_t i = 0; i < l->head.example_count; i++) {
        size_t place = (l->head.first_example + i) % EXAMPLES_MAX;
        if (place >= l->examples.count) return false;
        const struct example *example = &examples[place];
        if (example->at > l->words.count ||
            example->size > l->words.count - example->at)
            return false;
        if (i == 0) oldest = example->at;
        else if (example->at != end && (wrapped || example->at != 0))
            return false;
        wrapped = wrapped || (i > 0 && example->at != end);
        end = (size_t)example->at + example->size;
        if (wrapped && end > oldest) return false;
        size_t size;
        const uint32_t *words = learner_example(l, i, &size);
        if (!example_sound(l, words, size)) return false;
    }
    return l->head.example_count == 0 || end == l->head.word_at;
}

/* NDF_OK, NDF_ECORRUPT or NDF_ENOMEM. */
static int check(const struct learner *l)
{
    size_t room = l->postings.count + 1;
    bool *claimed = mem_calloc(l->mem, room, sizeof *claimed);
    if (claimed == NULL) return NDF_ENOMEM;
    bool sound = head_sound(&l->head) && classes_sound(l) &&
                 features_sound(l, claimed) && free_blocks_sound(l, claimed) &&
                 examples_sound(l);
    mem_free(l->mem, claimed, room * sizeof *claimed);
    return sound ? NDF_OK : NDF_ECORRUPT;
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
    if (memcmp(l->head.magic, MAGIC, sizeof MAGIC) == 0 && take_all(l, rest))
        err = check(l);
    if (err == NDF_OK) err = learner_index(l);
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
