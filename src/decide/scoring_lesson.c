/*
 * scoring_lesson.c - the lesson of a choice: what was known when it was made
 * (scoring.h).
 */
#include "base/err.h"
#include "decide/scoring.h"
#include "decide/selector.h"

enum { BEST = LESSON_RIVALS_MAX - 2 };

static double sum_of(const struct scored *scored)
{
    return scored->evidence + scored->structure;
}

static uint64_t key_of(
    const struct scoring *scoring, const struct scored *scored)
{
    return scoring->selector->candidates[scored->match->candidate].key;
}

/* The best ones, in order. */
static size_t find_best(
    const struct scoring *scoring, const struct scored *best[BEST])
{
    size_t count = 0;
    for (size_t i = 0; i < scoring->count; i++) {
        const struct scored *scored = &scoring->items[i];
        if (count == BEST && sum_of(scored) <= sum_of(best[BEST - 1])) continue;
        size_t at = count < BEST ? count++ : BEST - 1;
        for (; at > 0 && sum_of(best[at - 1]) < sum_of(scored); at--)
            best[at] = best[at - 1];
        best[at] = scored;
    }
    return count;
}

static void add_rival(const struct scoring *scoring,
    const struct scored *scored, struct lesson *out)
{
    out->rivals[out->rival_count++] =
        (struct lesson_rival){.key = key_of(scoring, scored),
            .words = scored->text.bm25,
            .likeness = scored->text.cosine,
            .meaning = scored->meaning,
            .structure = (float)scored->structure};
}

static void add_named(
    const struct scoring *scoring, uint64_t key, struct lesson *out)
{
    for (size_t i = 0; i < out->rival_count; i++)
        if (out->rivals[i].key == key) return;
    for (size_t i = 0; i < scoring->count; i++)
        if (key_of(scoring, &scoring->items[i]) == key) {
            add_rival(scoring, &scoring->items[i], out);
            return;
        }
}

int scoring_lesson(const struct scoring *scoring, enum lesson_kind kind,
    uint64_t about, uint64_t chosen, struct lesson *out)
{
    const struct scored *best[BEST];
    size_t count = find_best(scoring, best);
    *out = (struct lesson){.kind = kind,
        .about = about,
        .mass = (float)scoring->scores.mass,
        .crowd = (uint32_t)scoring->matches.count};
    out->rivals =
        arena_calloc(scoring->arena, LESSON_RIVALS_MAX, sizeof *out->rivals);
    if (out->rivals == NULL) return NDF_ENOMEM;
    for (size_t i = 0; i < count; i++)
        add_rival(scoring, best[i], out);
    if (about != 0) add_named(scoring, about, out);
    if (chosen != 0) add_named(scoring, chosen, out);
    return text_query_features(
        &scoring->text, scoring->arena, &out->features, &out->feature_count);
}

static double find_excuse(const struct scoring *scoring, uint64_t about)
{
    for (size_t i = 0; i < scoring->count; i++) {
        struct ranked ranked;
        if (key_of(scoring, &scoring->items[i]) != about) continue;
        scoring_rank(scoring, &scoring->items[i], &ranked);
        return success_excuse(ranked.fit, ranked.success);
    }
    return 0;
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
