/*
 * test_selector.c - which pattern is taken, and why.
 */
#include <math.h>
#include <pthread.h>
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

static int setup(void **state)
{
    struct world *world = calloc(1, sizeof *world);
    arena_init(&world->arena, &mem_libc);
    *state = world;
    return world == NULL;
}

static int teardown(void **state)
{
    struct world *world = *state;
    selector_free(world->selector);
    arena_deinit(&world->arena);
    free(world);
    return 0;
}

/* rest: more members of the pattern. Returns its place. */
static size_t add(struct world *world, const char *name,
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
    };
    return world->count++;
}

static void tallies(void *ud, size_t candidate, struct str domain,
    struct tally *domain_tally, struct tally *pattern_tally)
{
    const struct world *world = ud;
    if (domain.at != NULL) *domain_tally = world->domain[candidate];
    *pattern_tally = world->pattern[candidate];
}

static struct selector_query query_of(struct world *world, const char *context)
{
    return (struct selector_query){
        .context = build_context(&world->arena, context),
        .now_ms = 1000,
        .config = selector_config_default(),
        .tallies = tallies,
        .ud = world,
    };
}

static void compile(struct world *world)
{
    ndf_error error = {0};
    if (world->selector != NULL) return;
    if (selector_new(&world->selector, &mem_libc, world->candidates,
            world->count, &error) != NDF_OK)
        fail_msg("%s", error.message);
}

static const struct selection *choose(struct world *world, const char *context)
{
    compile(world);
    struct selector_query query = query_of(world, context);
    assert_ok(selector_select(
        world->selector, &query, &world->arena, &world->selection));
    return &world->selection;
}

static const struct ranked *find(const struct selection *s, size_t candidate)
{
    for (size_t i = 0; i < s->count; i++) {
        if (s->ranked[i].candidate == candidate) return &s->ranked[i];
    }
    fail_msg("candidate %zu is not ranked", candidate);
    abort();
}

static const struct factor *factor_of(
    const struct ranked *ranked, enum fit_factor kind)
{
    static const struct factor none = {.kind = FIT_BASE};
    for (size_t i = 0; i < ranked->factor_count; i++) {
        if (ranked->factors[i].kind == kind) return &ranked->factors[i];
    }
    return &none;
}

/* ---- an empty store ------------------------------------------------------ */

static void no_patterns_is_none_with_a_reason(void **state)
{
    struct world *world = *state;
    const struct selection *s = choose(world, "{\"text\": \"fix it\"}");
    assert_true(s->chosen == SELECTOR_NONE);
    assert_int_equal(s->count, 0);
    test_contains(s->reason.at, "no patterns");
}

static void the_obvious_one_of_few_is_taken(void **state)
{
    struct world *world = *state;
    add(world, "greet", "Says hello.", "");
    const struct selection *s =
        choose(world, "{\"text\": \"say hello to the world\"}");
    assert_true(s->chosen == 0);
    assert_true(s->ranked[0].cold);
    assert_int_equal(s->ranked[0].executions, 0);
    test_contains(s->reason.at, "hello");
}

static void nonsense_is_none(void **state)
{
    static const char *const texts[] = {
        "{\"text\": \"qwop zzz\"}",
        "{\"text\": \"bake a cake with the strawberries\"}",
        "{\"text\": \"what is the weather in the city of london\"}",
        "{\"text\": \"...\"}",
        "{\"text\": \"\"}",
    };
    struct world *world = *state;
    add(world, "test-runner",
        "Runs the tests of a repository and reports failures.", "");
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        const struct selection *s = choose(world, texts[i]);
        assert_true(s->chosen == SELECTOR_NONE);
        assert_true(s->reason.size > 0);
    }
}

static void each_task_finds_its_agent(void **state)
{
    static const struct {
        const char *text;
        size_t agent;
    } rows[] = {
        {"{\"text\": \"find and fix the memory leak\"}", 0},
        {"{\"text\": \"review this change for vulnerabilities\"}", 1},
        {"{\"text\": \"run all the unit tests please\"}", 2},
        {"{\"text\": \"write a changelog for the release\"}", 3},
    };
    struct world *world = *state;
    add(world, "debugger", "Finds and fixes crashes and memory leaks.", "");
    add(world, "security", "Reviews changes for vulnerabilities.", "");
    add(world, "tester", "Writes and runs unit tests.", "");
    add(world, "scribe", "Writes the changelog of a release.", "");
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct selection *s = choose(world, rows[i].text);
        assert_true(s->chosen == rows[i].agent);
        assert_true(s->ranked[0].fit > 0.55);
    }
}

/* ---- law, taste, structure ----------------------------------------------- */

static void a_law_that_does_not_hold_excludes(void **state)
{
    struct world *world = *state;
    add(world, "a", "Fixes the memory leak.",
        "\"only_if\": {\"domain\": \"web.**\"}");
    const struct selection *s =
        choose(world, "{\"text\": \"fix the memory leak\"}");
    assert_true(s->chosen == SELECTOR_NONE);
    assert_int_equal(s->eligible, 0);
    assert_int_equal(s->total, 1);
    test_contains(s->reason.at, "only_if");
    s = choose(
        world, "{\"text\": \"fix the memory leak\", \"domain\": \"web.x\"}");
    assert_true(s->chosen == 0);
}

static void without_words_law_and_taste_decide(void **state)
{
    struct world *world = *state;
    add(world, "plain", "Anything.", "");
    add(world, "lawful", "Web work.",
        "\"only_if\": {\"domain\": \"web.**\", \"priority\": {\"le\": 2}}");
    const struct selection *s =
        choose(world, "{\"domain\": \"web.shop\", \"priority\": 1}");
    assert_true(s->chosen == 1);
    assert_int_equal(s->count, 2);
    /* Nothing speaks for any of them: none. */
    s = choose(world, "{}");
    assert_true(s->chosen == SELECTOR_NONE);
    assert_int_equal(s->eligible, 1);
}

static void the_law_of_a_stated_domain_does_without_words(void **state)
{
    struct world *world = *state;
    const char *task = "{\"text\": \"put it live\", \"domain\": \"ops.x\"}";
    add(world, "ship", "Deploys a release.",
        "\"only_if\": {\"domain\": \"ops.**\"}");
    add(world, "paint", "Paints walls.",
        "\"only_if\": {\"domain\": {\"ne\": \"sea\"}}");
    const struct selection *s = choose(world, task);
    assert_int_equal(s->eligible, 2);
    assert_true(s->chosen == 0);
    /* Two of them: words would have to decide. */
    selector_free(world->selector);
    world->selector = NULL;
    add(world, "roll", "Rolls back.", "\"only_if\": {\"domain\": \"ops.*\"}");
    assert_true(choose(world, task)->chosen == SELECTOR_NONE);
    task = "{\"text\": \"roll it back\", \"domain\": \"ops.x\"}";
    assert_true(choose(world, task)->chosen == 2);
}

static void taste_decides_between_equals(void **state)
{
    struct world *world = *state;
    add(world, "one", "Fixes memory leaks.", "");
    add(world, "two", "Fixes memory leaks now.",
        "\"good_for\": {\"attributes\": {\"stage\": \"production\"}}");
    const char *text =
        "{\"text\": \"fix a memory leak\", \"attributes\": {\"stage\": "
        "\"production\"}}";
    const struct selection *s = choose(world, text);
    assert_int_equal(s->ranked[0].candidate, 1);
    assert_true(factor_of(find(s, 1), FIT_GOOD_FOR)->contribution > 0);
    assert_true(factor_of(find(s, 0), FIT_GOOD_FOR)->contribution == 0);
}

static void not_for_speaks_against(void **state)
{
    struct world *world = *state;
    add(world, "review", "Reviews changes, fixes and copy.",
        "\"not_for\": [\"writing marketing copy\"]");
    const struct selection *s =
        choose(world, "{\"text\": \"review my marketing copy writing\"}");
    assert_true(factor_of(find(s, 0), FIT_NOT_FOR)->contribution < -1);
    assert_true(s->chosen == SELECTOR_NONE);
}

static void an_unknown_domain_is_inferred_and_soft(void **state)
{
    struct world *world = *state;
    add(world, "security.review", "Reviews changes.", "");
    add(world, "other.review", "Reviews changes.",
        "\"only_if\": {\"domain\": \"security.**\"}");
    const struct selection *s =
        choose(world, "{\"text\": \"security review of changes\"}");
    assert_true(s->domain_inferred);
    assert_str(s->domain, "security");
    assert_int_equal(s->eligible, 1); /* a guess satisfies no law */
    assert_true(factor_of(find(s, 0), FIT_DOMAIN)->contribution > 0);
    s = choose(world, "{\"text\": \"security review\", \"domain\": \"x\"}");
    assert_false(s->domain_inferred);
    assert_str(s->domain, "x");
}

static void a_kind_hint_is_soft(void **state)
{
    struct world *world = *state;
    add(world, "team/multi_service_deployment", "Deploys services.", "");
    add(world, "deploy", "Deploys services.", "");
    const struct selection *s = choose(world,
        "{\"text\": \"deploy services\", \"attributes\": {\"concurrent\": "
        "true}}");
    assert_true(factor_of(find(s, 0), FIT_KIND)->contribution > 0);
    assert_true(factor_of(find(s, 1), FIT_KIND)->contribution < 0);
    assert_int_equal(s->count, 2);
}

/* ---- success, ranks, thresholds ------------------------------------------ */

static void failures_bring_a_pattern_down(void **state)
{
    struct world *world = *state;
    add(world, "one", "Fixes memory leaks.", "");
    add(world, "two", "Fixes memory leaks too.", "");
    world->pattern[0] =
        (struct tally){.wins = 1, .tries = 20, .at_ms = 1000, .count = 20};
    world->pattern[1] =
        (struct tally){.wins = 20, .tries = 20, .at_ms = 1000, .count = 20};
    const struct selection *s =
        choose(world, "{\"text\": \"fix memory leaks\"}");
    assert_int_equal(s->ranked[0].candidate, 1);
    const struct ranked *bad = find(s, 0);
    assert_false(bad->cold);
    assert_int_equal(bad->executions, 20);
    assert_true(bad->success < 0.3);
    assert_true(bad->lower < bad->success);
    assert_true(fabs(bad->confidence - bad->fit * bad->success) < 1e-12);
    assert_true(bad->level == LEVEL_LOW);
}

static void own_rules_override_the_defaults(void **state)
{
    struct world *world = *state;
    add(world, "strict", "Fixes memory leaks.",
        "\"confidence\": {\"cold_threshold\": 0.999}");
    const struct selection *s =
        choose(world, "{\"text\": \"fix memory leaks\"}");
    assert_true(s->chosen == SELECTOR_NONE);
    assert_true(s->ranked[0].needed == 0.999);
    test_contains(s->reason.at, "below");
}

static void enough_executions_make_confidence_decide(void **state)
{
    struct world *world = *state;
    add(world, "a", "Fixes memory leaks.",
        "\"confidence\": {\"min_executions\": 2, \"threshold\": 0.7}");
    world->pattern[0] =
        (struct tally){.wins = 1, .tries = 2, .at_ms = 1000, .count = 2};
    const struct selection *s =
        choose(world, "{\"text\": \"fix memory leaks\"}");
    assert_false(s->ranked[0].cold);
    assert_true(s->ranked[0].needed == 0.7);
    assert_true(s->chosen == SELECTOR_NONE);
    test_contains(s->reason.at, "confidence");
}

static void without_learning_only_fit_decides(void **state)
{
    struct world *world = *state;
    add(world, "a", "Fixes memory leaks.",
        "\"confidence\": {\"learning\": false}");
    world->pattern[0] =
        (struct tally){.wins = 0, .tries = 90, .at_ms = 1000, .count = 90};
    const struct selection *s =
        choose(world, "{\"text\": \"fix memory leaks\"}");
    assert_true(s->ranked[0].cold);
    assert_true(s->chosen == 0);
}

static void a_declared_fallback_is_taken_below_the_threshold(void **state)
{
    struct world *world = *state;
    add(world, "src/picky", "Fixes memory leaks.",
        "\"fallback\": \"anything\", \"confidence\": {\"cold_threshold\": 1}");
    add(world, "src/anything", "Does whatever.", "");
    const struct selection *s =
        choose(world, "{\"text\": \"fix memory leaks\"}");
    assert_true(s->chosen == 1);
    assert_true(s->fallback);
    test_contains(s->reason.at, "fallback");
}

static void a_fallback_obeys_its_own_law(void **state)
{
    struct world *world = *state;
    add(world, "picky", "Fixes memory leaks.",
        "\"fallback\": \"other\", \"confidence\": {\"cold_threshold\": 1}");
    add(world, "other", "Does whatever.", "\"only_if\": {\"domain\": \"x\"}");
    const struct selection *s =
        choose(world, "{\"text\": \"fix memory leaks\"}");
    assert_true(s->chosen == SELECTOR_NONE);
    assert_false(s->fallback);
}

static void exact_copies_are_named(void **state)
{
    struct world *world = *state;
    add(world, "one/debugger", "Fixes memory leaks.", "");
    add(world, "two/debugger", "Fixes memory leaks.", "");
    add(world, "writer", "Writes texts.", "");
    const struct selection *s =
        choose(world, "{\"text\": \"fix memory leaks\"}");
    assert_true(s->chosen == 0); /* ties: by name */
    assert_int_equal(s->ranked[0].copy_count, 1);
    assert_int_equal(s->ranked[0].copies[0], 1);
    test_contains(s->reason.at, "two/debugger");
    assert_true(s->ranked[0].fit > 0.55); /* they do not compete */
    assert_true(s->ranked[0].fit == s->ranked[1].fit);
}

static void ties_go_to_the_more_specific_law_then_the_name(void **state)
{
    struct world *world = *state;
    add(world, "c", NULL, "");
    add(world, "b", NULL, "");
    add(world, "a", NULL,
        "\"only_if\": {\"attributes\": {\"x\": 1, \"y\": 1, \"z\": 1}}");
    add(world, "z", NULL,
        "\"only_if\": {\"attributes\": {\"x\": 1, \"y\": 1, \"z\": 1, "
        "\"u\": 1}}");
    const struct selection *s = choose(
        world, "{\"attributes\": {\"x\": 1, \"y\": 1, \"z\": 1, \"u\": 1}}");
    assert_int_equal(s->count, 4);
    assert_int_equal(s->ranked[0].candidate, 3);
    assert_int_equal(s->ranked[1].candidate, 2);
    assert_int_equal(s->ranked[2].candidate, 1);
    assert_int_equal(s->ranked[3].candidate, 0);
}

static void a_limit_keeps_the_best(void **state)
{
    struct world *world = *state;
    for (size_t i = 0; i < 40; i++) {
        const char *text = arena_format(&world->arena,
            "Fixes leaks %s of kind k%zu.", i % 3 == 0 ? "in memory" : "", i)
                               .at;
        add(world, arena_format(&world->arena, "a%02zu", i).at, text, "");
        world->pattern[i] = (struct tally){
            .wins = (double)(i % 7), .tries = 7, .at_ms = 1000, .count = 7};
    }
    compile(world);
    struct selector_query query =
        query_of(world, "{\"text\": \"fix leaks in memory k9 k12\"}");
    struct selection all;
    query.limit = 1000;
    assert_ok(selector_select(world->selector, &query, &world->arena, &all));
    assert_int_equal(all.count, 40);
    for (size_t limit = 1; limit < 40; limit += 3) {
        struct selection some;
        query.limit = limit;
        assert_ok(
            selector_select(world->selector, &query, &world->arena, &some));
        assert_int_equal(some.count, limit);
        for (size_t i = 0; i < limit; i++)
            assert_int_equal(some.ranked[i].candidate, all.ranked[i].candidate);
    }
}

/* ---- determinism, limits, documents -------------------------------------- */

static const char *document(struct world *world, const char *context)
{
    struct value value;
    const struct selection *s = choose(world, context);
    assert_ok(selection_encode(&world->arena, s, world->selector, &value));
    return test_canonical(&world->arena, &value);
}

static void the_same_state_gives_the_same_answer(void **state)
{
    struct world *world = *state;
    const char *task = "{\"text\": \"fix the memory leak in the web shop\"}";
    add(world, "b", "Fixes memory leaks.", "");
    add(world, "a", "Finds leaks in memory.", "");
    add(world, "c", "Builds web shops.", "\"good_for\": {\"text\": \"shop\"}");
    const char *first = document(world, task);
    assert_string_equal(document(world, task), first);
    selector_free(world->selector);
    world->selector = NULL;
    assert_string_equal(document(world, task), first);
}

static void the_document_has_every_number(void **state)
{
    struct world *world = *state;
    add(world, "a", "Fixes memory leaks.", "");
    struct value value = test_json(
        &world->arena, document(world, "{\"text\": \"fix memory leaks\"}"));
    assert_str(value_get_str(&value, STR("chosen")), "a");
    assert_non_null(value_get(&value, STR("reason")));
    const struct value *ranked = value_get(&value, STR("ranked"));
    assert_int_equal(ranked->array.count, 1);
    const struct value *one = &ranked->array.items[0];
    static const char *const keys[] = {"name", "kind", "fit", "success",
        "success_lower", "confidence", "level", "executions", "cold", "needed",
        "copies", "factors"};
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
        assert_non_null(value_get(one, str_of(keys[i])));
    const struct value *factors = value_get(one, STR("factors"));
    double sum = 0;
    for (size_t i = 0; i < factors->array.count; i++) {
        const struct value *contribution =
            value_get(&factors->array.items[i], STR("contribution"));
        sum += contribution->kind == VALUE_INT ? (double)contribution->integer
                                               : contribution->real;
    }
    assert_true(
        fabs(fit_probability(sum) - world->selection.ranked[0].fit) < 1e-9);
}

static struct value explain(
    struct world *world, const char *context, size_t candidate)
{
    compile(world);
    struct selector_query query = query_of(world, context);
    struct value value;
    assert_ok(selector_explain(
        world->selector, &query, candidate, &world->arena, &value));
    return value;
}

static void why_not_names_the_failed_predicate(void **state)
{
    struct world *world = *state;
    add(world, "a", "Fixes leaks.",
        "\"only_if\": {\"attributes\": {\"complexity\": {\"ge\": 3}}}");
    struct value why = explain(world,
        "{\"text\": \"fix leaks\", \"attributes\": {\"complexity\": 1}}", 0);
    assert_false(value_get_bool(&why, STR("eligible"), true));
    const struct value *failed = value_get(&why, STR("failed"));
    assert_str(
        value_get_str(failed, STR("predicate")), "attributes.complexity ge 3");
    assert_int_equal(value_get_int(failed, STR("expected"), 0), 3);
    assert_int_equal(value_get_int(failed, STR("actual"), 0), 1);
    assert_str(value_get_str(failed, STR("why")), "false");
    why = explain(world, "{\"text\": \"fix leaks\"}", 0);
    failed = value_get(&why, STR("failed"));
    assert_str(value_get_str(failed, STR("why")), "unknown");
}

static void why_not_compares_the_evidence(void **state)
{
    struct world *world = *state;
    add(world, "good", "Fixes memory leaks.", "");
    add(world, "weak", "Fixes teeth.", "");
    add(world, "mute", "Paints.", "");
    const char *task = "{\"text\": \"fix memory leaks\"}";
    struct value why = explain(world, task, 1);
    assert_true(value_get_bool(&why, STR("eligible"), false));
    assert_str(
        value_get_str(value_get(&why, STR("best")), STR("name")), "good");
    assert_true(value_get(&why, STR("compared"))->array.count > 2);
    why = explain(world, task, 0);
    assert_true(value_get_bool(&why, STR("chosen"), false));
    why = explain(world, task, 2);
    test_contains(value_get_str(&why, STR("reason")).at, "no word");
    struct selector_query query = query_of(world, task);
    assert_int_equal(
        selector_explain(world->selector, &query, 3, &world->arena, &why),
        NDF_EINVAL);
}

static void more_candidates_than_are_scored_are_still_ranked(void **state)
{
    (void)state;
    enum { COUNT = SELECTOR_SCORED_MAX + 904 };
    struct arena arena;
    arena_init(&arena, &mem_libc);
    struct candidate *all = calloc(COUNT, sizeof *all);
    for (size_t i = 0; i < COUNT; i++) {
        bool best = i == COUNT - 1;
        all[i].name = arena_format(&arena, "c%05zu", i);
        all[i].features = build_features(
            &arena, NULL, best ? "fixes memory leaks" : "fixes things", NULL);
    }
    struct selector *selector;
    struct selection selection;
    assert_ok(selector_new(&selector, &mem_libc, all, COUNT, NULL));
    struct context context = {
        .attributes = value_of_object(), .text = STR("fix the memory leaks")};
    struct selector_query query = {
        .context = &context, .config = selector_config_default()};
    assert_ok(selector_select(selector, &query, &arena, &selection));
    assert_int_equal(selection.ranked[0].candidate, COUNT - 1);
    assert_int_equal(selection.ranked[1].candidate, 0);
    query.limit = COUNT;
    assert_ok(selector_select(selector, &query, &arena, &selection));
    assert_int_equal(selection.count, SELECTOR_SCORED_MAX);
    selector_free(selector);
    free(all);
    arena_deinit(&arena);
}

static void a_name_is_found_and_may_not_come_twice(void **state)
{
    struct world *world = *state;
    add(world, "a", NULL, "");
    add(world, "b", NULL, "");
    compile(world);
    assert_int_equal(selector_count(world->selector), 2);
    assert_true(selector_find(world->selector, STR("b")) == 1);
    assert_true(selector_find(world->selector, STR("x")) == SELECTOR_NONE);
    assert_str(selector_candidate(world->selector, 1)->name, "b");
    world->candidates[1].name = STR("a");
    struct selector *selector;
    ndf_error error = {0};
    assert_int_equal(
        selector_new(&selector, &mem_libc, world->candidates, 2, &error),
        NDF_EEXISTS);
    assert_null(selector);
}

/* ---- threads ------------------------------------------------------------- */

static void *choose_often(void *ud)
{
    const struct world *world = ud;
    struct context context = {.attributes = value_of_object(),
        .text = STR("fix the memory leak in the web shop")};
    struct selector_query query = {
        .context = &context, .config = selector_config_default()};
    for (int i = 0; i < 50; i++) {
        struct arena scratch;
        struct selection selection;
        arena_init(&scratch, &mem_libc);
        int err =
            selector_select(world->selector, &query, &scratch, &selection);
        bool right = err == NDF_OK && selection.chosen == 1;
        arena_deinit(&scratch);
        if (!right) return ud;
    }
    return NULL;
}

static void many_threads_choose_at_once(void **state)
{
    enum { THREADS = 4 };
    struct world *world = *state;
    add(world, "a", "Paints.", "\"good_for\": {\"text\": \"(a+)+$\"}");
    add(world, "b", "Fixes memory leaks.",
        "\"good_for\": {\"text\": \"\\\\bleak\"}");
    compile(world);
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++)
        assert_ok(pthread_create(&threads[i], NULL, choose_often, world));
    for (int i = 0; i < THREADS; i++) {
        void *wrong;
        assert_ok(pthread_join(threads[i], &wrong));
        assert_null(wrong);
    }
}

static int use_all(const struct mem *mem, void *ud)
{
    struct world *world = ud;
    struct selector *selector = NULL;
    struct selection selection;
    struct value value;
    struct arena scratch;
    arena_init(&scratch, mem);
    struct selector_query query = {.context = build_context(&world->arena,
                                       "{\"text\": \"fix the memory leak\"}"),
        .config = selector_config_default()};
    int err =
        selector_new(&selector, mem, world->candidates, world->count, NULL);
    if (err == NDF_OK)
        err = selector_select(selector, &query, &scratch, &selection);
    if (err == NDF_OK)
        err = selection_encode(&scratch, &selection, selector, &value);
    if (err == NDF_OK)
        err = selector_explain(selector, &query, 0, &scratch, &value);
    if (err == NDF_OK)
        err = selector_explain(selector, &query, 1, &scratch, &value);
    if (err == NDF_OK)
        err = selector_explain(selector, &query, 2, &scratch, &value);
    selector_free(selector);
    arena_deinit(&scratch);
    return err;
}

static void each_allocation_may_fail(void **state)
{
    struct world *world = *state;
    add(world, "x/a", "Fixes memory leaks.",
        "\"fallback\": \"b\", \"confidence\": {\"cold_threshold\": 1}");
    add(world, "x/b", "Fixes memory leaks.", "");
    add(world, "x/c", "Paints.", "\"only_if\": {\"attributes\": {\"x\": 1}}");
    test_each_allocation_fails(use_all, world);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(no_patterns_is_none_with_a_reason),
        TEST(the_obvious_one_of_few_is_taken),
        TEST(nonsense_is_none),
        TEST(each_task_finds_its_agent),
        TEST(a_law_that_does_not_hold_excludes),
        TEST(without_words_law_and_taste_decide),
        TEST(the_law_of_a_stated_domain_does_without_words),
        TEST(taste_decides_between_equals),
        TEST(not_for_speaks_against),
        TEST(an_unknown_domain_is_inferred_and_soft),
        TEST(a_kind_hint_is_soft),
        TEST(failures_bring_a_pattern_down),
        TEST(own_rules_override_the_defaults),
        TEST(enough_executions_make_confidence_decide),
        TEST(without_learning_only_fit_decides),
        TEST(a_declared_fallback_is_taken_below_the_threshold),
        TEST(a_fallback_obeys_its_own_law),
        TEST(exact_copies_are_named),
        TEST(ties_go_to_the_more_specific_law_then_the_name),
        TEST(a_limit_keeps_the_best),
        TEST(the_same_state_gives_the_same_answer),
        TEST(the_document_has_every_number),
        TEST(why_not_names_the_failed_predicate),
        TEST(why_not_compares_the_evidence),
        cmocka_unit_test(more_candidates_than_are_scored_are_still_ranked),
        TEST(a_name_is_found_and_may_not_come_twice),
        TEST(many_threads_choose_at_once),
        TEST(each_allocation_may_fail),
    };
#undef TEST
    return cmocka_run_group_tests(tests, NULL, NULL);
}
