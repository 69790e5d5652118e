/*
 * picture.c - see picture.h.
 */
#include "engine/picture.h"

#include <string.h>

int picture_new(struct picture **out, const struct mem *mem,
    const struct registry_tools *tools, struct store_reader *reader,
    ndf_error *error)
{
    *out = NULL;
    struct picture *picture = mem_calloc(mem, 1, sizeof *picture);
    if (picture == NULL) return NDF_ENOMEM;
    picture->mem = mem;
    scores_init(&picture->scores, mem);
    int err = registry_load(&picture->registry, mem, tools, reader, error);
    if (err == NDF_OK) err = scores_load(&picture->scores, reader, error);
    if (err == NDF_OK) *out = picture;
    else picture_free(picture);
    return err;
}

void picture_free(struct picture *picture)
{
    if (picture == NULL) return;
    registry_unref(picture->registry);
    scores_deinit(&picture->scores);
    mem_free(picture->mem, picture, sizeof *picture);
}

static struct tally tally_sum(
    struct tally a, struct tally b, int64_t now_ms, uint64_t half_life)
{
    a = tally_fade(a, now_ms, half_life);
    b = tally_fade(b, now_ms, half_life);
    return (struct tally){.wins = a.wins + b.wins,
        .tries = a.tries + b.tries,
        .at_ms = now_ms,
        .count = a.count + b.count};
}

static void sum_kinds(
    const struct picture *picture, int64_t now_ms, struct picture_kinds *sums)
{
    const struct registry *registry = picture->registry;
    memset(sums->kinds, 0, sizeof sums->kinds);
    for (size_t i = 0; i < registry->candidate_count; i++) {
        const struct entry *entry = registry->candidates[i];
        enum pattern_kind kind =
            entry->law != NULL ? entry->law->kind : PATTERN_SEQUENTIAL;
        struct tally one =
            scores_get(&picture->scores, entry->qualified, STR(""));
        if (one.count == 0) continue;
        sums->kinds[kind] =
            tally_sum(sums->kinds[kind], one, now_ms, sums->half_life_ms);
    }
}

void picture_kinds(struct picture *picture, int64_t now_ms,
    uint64_t half_life_ms, struct tally kinds[3])
{
    struct picture_kinds sums;
    if (scores_empty(&picture->scores)) {
        memset(kinds, 0, sizeof sums.kinds);
        return;
    }
    uint64_t changes = scores_changes(&picture->scores);
    twin_read(&picture->kinds_turn, picture->kinds, &sums, sizeof sums);
    if (sums.changes != changes || sums.half_life_ms != half_life_ms) {
        sums.changes = changes;
        sums.half_life_ms = half_life_ms;
        sum_kinds(picture, now_ms, &sums);
        /* Who finds another one at it goes on with what it has. */
        if (!atomic_exchange(&picture->summing, true)) {
            twin_write(
                &picture->kinds_turn, picture->kinds, &sums, sizeof sums);
            atomic_store(&picture->summing, false);
        }
    }
    memcpy(kinds, sums.kinds, sizeof sums.kinds);
}
