/*
 * exec_asked.c - what a person is asked in an executor's world.
 */
#include "exec_world.h"
#include "support/parse.h"

/* The step or the pattern that a record is of. */
static struct str name_of(const struct value *body)
{
    struct str step = value_get_str(body, STR("step"));
    return step.at != NULL ? step : value_get_str(body, STR("pattern"));
}

/* Whether the journal, or what is about to be in it, has an answer. */
static bool is_answered(const struct world *w, struct str step)
{
    for (int i = 0; i < 2; i++) {
        const struct vec *records = i == 0 ? &w->journal : &w->pending;
        for (size_t r = 0; r < records->count; r++) {
            const struct world_record *record = vec_get(records, r);
            struct arena arena;
            if (!str_ends(record->kind, STR("approve"))) continue;
            arena_init(&arena, &mem_libc);
            struct value body = test_json(&arena, record->body.at);
            bool same = str_equal(name_of(&body), step);
            arena_deinit(&arena);
            if (same) return true;
        }
    }
    return false;
}

static bool is_moot(const struct world *w, struct str step)
{
    for (size_t i = 0; i < w->moot.count; i++) {
        if (str_equal(*(struct str *)vec_get(&w->moot, i), step)) return true;
    }
    return false;
}

const char *world_asked(const struct world *w)
{
    for (size_t i = 0; i < w->journal.count; i++) {
        const struct world_record *record = vec_get(&w->journal, i);
        if (!str_ends(record->kind, STR("ask"))) continue;
        struct arena *arena = (struct arena *)(uintptr_t)&w->arena;
        struct value body = test_json(arena, record->body.at);
        struct str step = name_of(&body);
        if (is_answered(w, step) || is_moot(w, step)) continue;
        return step.at != NULL ? arena_str(arena, step).at : "";
    }
    return NULL;
}
