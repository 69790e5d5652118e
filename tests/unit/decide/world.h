/*
 * world.h - a registry under construction and choices from it, for the tests
 * of the selector.
 */
#ifndef NDF_TESTS_DECIDE_WORLD_H
#define NDF_TESTS_DECIDE_WORLD_H

#include <stdlib.h>
#include <string.h>

#include "build.h"
#include "decide/selector.h"
#include "support/support.h"

enum { MANY = 64 };

/* A registry under construction and one choice from it. */
struct world {
    struct arena arena;
    struct candidate candidates[MANY];
    size_t count;
    struct selector *selector;
    struct tally domain[MANY], pattern[MANY]; /* what tallies gives */
    struct selection selection;
};

static inline int world_setup(void **state)
{
    struct world *world = calloc(1, sizeof *world);
    arena_init(&world->arena, &mem_libc);
    *state = world;
    return world == NULL;
}

static inline int world_teardown(void **state)
{
    struct world *world = *state;
    selector_free(world->selector);
    arena_deinit(&world->arena);
    free(world);
    return 0;
}

/* rest: more members of the pattern. Returns its place. */
static inline size_t add(struct world *world, const char *name,
    const char *description, const char *rest)
{
    struct arena *arena = &world->arena;
    const char *bare = strrchr(name, '/');
    bare = bare != NULL ? bare + 1 : name;
    struct pattern *pattern = build_pattern(arena, bare, rest);
    assert_true(world->count < MANY);
    world->candidates[world->count] = (struct candidate){
        .name = str_of(name),
        .kind = pattern->kind,
        .only_if = pattern->only_if,
        .only_if_count = pattern->only_if_count,
        .good_for = &pattern->good_for,
        .confidence = &pattern->confidence,
        .features = build_features(arena, bare, description,
            pattern->not_for.count > 0 ? pattern->not_for.items[0].at : NULL),
        .fallback = pattern->fallback,
        .ask_host = pattern->ask_host,
    };
    return world->count++;
}

static inline void tallies(void *ud, size_t candidate, struct str domain,
    struct tally *domain_tally, struct tally *pattern_tally)
{
    const struct world *world = ud;
    if (domain.at != NULL) *domain_tally = world->domain[candidate];
    *pattern_tally = world->pattern[candidate];
}

static inline struct selector_query query_of(
    struct world *world, const char *context)
{
    return (struct selector_query){
        .context = build_context(&world->arena, context),
        .now_ms = 1000,
        .config = selector_config_default(),
        .tallies = tallies,
        .ud = world,
    };
}

static inline void compile(struct world *world)
{
    ndf_error error = {0};
    if (world->selector != NULL) return;
    if (selector_new(&world->selector, &mem_libc, world->candidates,
            world->count, NULL, &error) != NDF_OK)
        fail_msg("%s", error.message);
}

static inline const struct selection *choose(
    struct world *world, const char *context)
{
    compile(world);
    struct selector_query query = query_of(world, context);
    assert_ok(selector_select(
        world->selector, &query, &world->arena, &world->selection));
    return &world->selection;
}

static inline const struct ranked *find(
    const struct selection *s, size_t candidate)
{
    for (size_t i = 0; i < s->count; i++) {
        if (s->ranked[i].candidate == candidate) return &s->ranked[i];
    }
    fail_msg("candidate %zu is not ranked", candidate);
    abort();
}

static inline const struct factor *factor_of(
    const struct ranked *ranked, enum fit_factor kind)
{
    static const struct factor none = {.kind = FIT_BASE};
    for (size_t i = 0; i < ranked->factor_count; i++) {
        if (ranked->factors[i].kind == kind) return &ranked->factors[i];
    }
    return &none;
}

#endif
