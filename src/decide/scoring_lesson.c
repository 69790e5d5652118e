/*
 * scoring_lesson.c - the lesson of a choice: what was known when it was made
 * (scoring.h).
 */
#include "base/err.h"
#include "decide/scoring.h"
#include "decide/selector.h"

enum { BEST = LESSON_RIVALS_MAX - 2 };

static uint64_t key_of(const struct scoring *scoring, size_t match)
{
    const struct index_match *found = &scoring->matches.items[match];
    return scoring->selector->candidates[found->candidate].key;
}

/* One of the best. */
struct rival {
    uint32_t match;
    double sum; /* of its evidence and structure */
};

/* The best ones, in order. */
static size_t find_best(const struct scoring *scoring, struct rival best[BEST])
{
    struct walk walk = {.match = 0};
    struct walk_item item;
    size_t count = 0;
    while (walk_next(scoring, &walk, &item)) {
        double sum = walk_sum(scoring, &item);
        if (count == BEST && sum <= best[BEST - 1].sum) continue;
        size_t at = count < BEST ? count++ : BEST - 1;
        for (; at > 0 && best[at - 1].sum < sum; at--)
            best[at] = best[at - 1];
        best[at] = (struct rival){item.match, sum};
    }
    return count;
}

static void add_rival(
    const struct scoring *scoring, size_t match, struct lesson *out)
{
    struct scored scored;
    scoring_look(scoring, match, scoring_told(scoring, match), &scored);
    out->rivals[out->rival_count++] =
        (struct lesson_rival){.key = key_of(scoring, match),
            .words = scored.text.bm25,
            .likeness = scored.text.cosine,
            .meaning = scored.meaning,
            .structure = (float)scored.structure};
}

/* The match of a key that has any evidence; false: there is none. */
static bool find_named(
    const struct scoring *scoring, uint64_t key, size_t *match)
{
    struct walk walk = {.match = 0};
    struct walk_item item;
    while (walk_next(scoring, &walk, &item)) {
        *match = item.match;
        if (key_of(scoring, item.match) == key) return true;
    }
    return false;
}

static void add_named(
    const struct scoring *scoring, uint64_t key, struct lesson *out)
{
    size_t match;
    for (size_t i = 0; i < out->rival_count; i++)
        if (out->rivals[i].key == key) return;
    if (find_named(scoring, key, &match)) add_rival(scoring, match, out);
}

int scoring_lesson(struct scoring *scoring, enum lesson_kind kind,
    uint64_t about, uint64_t chosen, struct lesson *out)
{
    struct rival best[BEST];
    size_t count = find_best(scoring, best);
    *out = (struct lesson){.kind = kind,
        .about = about,
        .mass = (float)scoring->prior->scores.mass,
        .crowd = (uint32_t)scoring->matches.count};
    out->rivals =
        arena_calloc(scoring->arena, LESSON_RIVALS_MAX, sizeof *out->rivals);
    if (out->rivals == NULL) return NDF_ENOMEM;
    for (size_t i = 0; i < count; i++)
        add_rival(scoring, best[i].match, out);
    if (about != 0) add_named(scoring, about, out);
    if (chosen != 0) add_named(scoring, chosen, out);
    int err = scoring_features(scoring);
    out->features = scoring->features;
    out->feature_count = scoring->feature_count;
    return err;
}

static double find_excuse(const struct scoring *scoring, uint64_t about)
{
    size_t match;
    struct scored scored;
    struct ranked ranked;
    if (!find_named(scoring, about, &match)) return 0;
    scoring_look(scoring, match, scoring_told(scoring, match), &scored);
    scoring_rank(scoring, &scored, &ranked);
    return success_excuse(ranked.fit, ranked.success);
}

int selector_lesson(const struct selector *selector,
    const struct selector_query *query, const struct selector_word *word,
    struct buf *out, double *excuse)
{
    struct arena arena;
    struct scoring scoring;
    struct lesson lesson;
    arena_init(&arena, out->mem);
    int err = scoring_make(selector, query, &arena, &scoring);
    if (err == NDF_OK)
        err = scoring_lesson(
            &scoring, word->kind, word->about, word->chosen, &lesson);
    if (err == NDF_OK) err = lesson_encode(&lesson, out);
    *excuse = err == NDF_OK && word->kind == LESSON_WRONG
                  ? find_excuse(&scoring, word->about)
                  : 0;
    arena_deinit(&arena);
    return err;
}
