/*
 * test_selector.c - which pattern is taken.
 */
#include <math.h>
#include <stdio.h>

#include "world.h"

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
    /* A taste for the guessed domain counts, one for another does not. */
    selector_free(world->selector);
    world->selector = NULL;
    size_t liked = add(world, "x.review", "Reviews changes.",
        "\"good_for\": {\"priority\": 1, \"domain\": [\"a\", "
        "\"security.**\"]}");
    size_t cold = add(world, "y.review", "Reviews changes.",
        "\"good_for\": {\"domain\": \"web.**\"}");
    s = choose(world, "{\"text\": \"security review of changes\"}");
    assert_true(factor_of(find(s, liked), FIT_DOMAIN)->contribution > 0);
    assert_true(factor_of(find(s, cold), FIT_DOMAIN)->contribution == 0);
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
    assert_true(success_lower(&bad->posterior) < bad->success);
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

static void a_near_copy_of_the_best_is_named(void **state)
{
    struct world *world = *state;
    const char *mends = "Finds memory leaks and races in programs, explains "
                        "where they come from, and proposes the smallest "
                        "change that mends them without breaking what works; "
                        "knows valgrind, sanitizers and the tools of the "
                        "kernel, and writes a test for each of them";
    char other[512];
    snprintf(other, sizeof other, "%s quickly", mends);
    add(world, "one/debugger", mends, "");
    add(world, "two/debugger", other, "");
    add(world, "leaks", "Finds leaks of memory.", "");
    const struct selection *s = choose(world,
        "{\"text\": \"find races and leaks with sanitizers and valgrind\"}");
    const struct ranked *best = &s->ranked[0];
    assert_true(best->candidate < 2);
    assert_true(best->near == 1 - best->candidate);
    assert_true(best->likeness >= 0.9 && best->likeness < 1);
    assert_int_equal(best->copy_count, 0);
    test_contains(s->reason.at, "says nearly the same (0.9");
    assert_true(s->ranked[1].near == SELECTOR_NONE);
    s = choose(world, "{\"text\": \"leaks\"}");
    assert_true(s->ranked[0].candidate == 2);
    assert_true(s->ranked[0].near == SELECTOR_NONE);
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

/* ---- what was learned ---------------------------------------------------- */

static struct selector_query learned_query(
    struct world *world, const struct learner *learner, const char *context)
{
    compile(world);
    struct selector_query query = query_of(world, context);
    query.learner = learner;
    return query;
}

/* Teaches what an outcome of this task would; SELECTOR_NONE: about nobody. */
static void teach(struct world *world, struct learner *learner,
    enum lesson_kind kind, size_t about, const char *context)
{
    struct selector_query query = learned_query(world, learner, context);
    struct lesson lesson;
    struct buf bytes;
    double excuse;
    uint64_t key = about == SELECTOR_NONE
                       ? 0
                       : candidate_key(world->candidates[about].name);
    buf_init(&bytes, &mem_libc);
    const struct selector_word word = {kind, key, key};
    assert_ok(selector_lesson(world->selector, &query, &word, &bytes, &excuse));
    assert_true(excuse >= 0 && excuse <= 1);
    if (kind != LESSON_WRONG) assert_true(excuse == 0);
    assert_ok(lesson_decode(&world->arena, bytes.at, bytes.size, &lesson));
    assert_ok(learner_learn(learner, &lesson, learner_number(learner) + 1));
    buf_deinit(&bytes);
}

static const struct selection *choose_learned(
    struct world *world, const struct learner *learner, const char *context)
{
    struct selector_query query = learned_query(world, learner, context);
    assert_ok(selector_select(
        world->selector, &query, &world->arena, &world->selection));
    return &world->selection;
}

/* "crisp" is in no description: only outcomes tell whose it is. */
static const char *const crisp =
    "{\"text\": \"make the crisp figures of the report\"}";

static struct learner *two_of_reports(struct world *world)
{
    struct learner *learner;
    add(world, "tables", "Makes tables and figures for a report.", "");
    add(world, "charts", "Draws charts and figures for a report.", "");
    assert_ok(learner_new(&learner, &mem_libc));
    return learner;
}

static void a_learner_that_knows_nothing_changes_nothing(void **state)
{
    struct world *world = *state;
    struct learner *learner = two_of_reports(world);
    struct selection without = *choose(world, crisp);
    const struct selection *with = choose_learned(world, learner, crisp);
    assert_true(with->chosen == without.chosen);
    assert_int_equal(with->count, without.count);
    for (size_t i = 0; i < with->count; i++)
        assert_true(with->ranked[i].fit == without.ranked[i].fit);
    learner_free(learner);
}

static void who_was_right_is_taken_next_time(void **state)
{
    struct world *world = *state;
    struct learner *learner = two_of_reports(world);
    for (size_t right = 0; right < 2; right++) {
        for (size_t i = 0; i < 8 + 12 * right; i++) /* unlearning takes more */
            teach(world, learner, LESSON_RIGHT, right, crisp);
        const struct selection *s = choose_learned(world, learner, crisp);
        assert_true(s->chosen == right);
        assert_true(find(s, right)->fit > find(s, 1 - right)->fit);
    }
    learner_free(learner);
}

static void who_was_wrong_makes_way(void **state)
{
    struct world *world = *state;
    struct learner *learner = two_of_reports(world);
    size_t first = choose_learned(world, learner, crisp)->ranked[0].candidate;
    for (int i = 0; i < 8; i++)
        teach(world, learner, LESSON_WRONG, first, crisp);
    assert_true(
        choose_learned(world, learner, crisp)->ranked[0].candidate != first);
    learner_free(learner);
}

static void none_was_right_makes_it_less_sure(void **state)
{
    struct world *world = *state;
    struct learner *learner = two_of_reports(world);
    double before = choose_learned(world, learner, crisp)->ranked[0].fit;
    for (int i = 0; i < 20; i++)
        teach(world, learner, LESSON_NONE, SELECTOR_NONE, crisp);
    const struct selection *s = choose_learned(world, learner, crisp);
    assert_true(s->ranked[0].fit < before);
    assert_true(s->chosen == SELECTOR_NONE);
    learner_free(learner);
}

static void who_is_gone_is_as_never_taught(void **state)
{
    struct world *world = *state;
    struct learner *learner = two_of_reports(world);
    for (int i = 0; i < 8; i++)
        teach(world, learner, LESSON_RIGHT, 1, crisp);
    uint64_t key = candidate_key(world->candidates[1].name);
    const struct lesson gone = {.kind = LESSON_GONE, .about = key};
    double before = find(choose_learned(world, learner, crisp), 1)->fit;
    assert_ok(learner_learn(learner, &gone, 9));
    const struct selection *s = choose_learned(world, learner, crisp);
    for (size_t i = 0; i < s->count; i++)
        if (s->ranked[i].candidate == 1) assert_true(s->ranked[i].fit < before);
    learner_free(learner);
}

struct learned_world {
    struct world *world;
    struct learner *learner;
};

static int select_learned(const struct mem *mem, void *ud)
{
    const struct learned_world *both = ud;
    struct selector_query query =
        learned_query(both->world, both->learner, crisp);
    struct selection selection;
    struct arena arena;
    struct buf bytes;
    double excuse;
    uint64_t key = candidate_key(both->world->candidates[0].name);
    const struct selector_word word = {LESSON_WRONG, key, key};
    arena_init(&arena, mem);
    buf_init(&bytes, mem);
    int err =
        selector_select(both->world->selector, &query, &arena, &selection);
    if (err == NDF_OK)
        err = selector_lesson(
            both->world->selector, &query, &word, &bytes, &excuse);
    buf_deinit(&bytes);
    arena_deinit(&arena);
    return err;
}

static void each_allocation_of_a_learned_choice_may_fail(void **state)
{
    struct world *world = *state;
    struct learned_world both = {world, two_of_reports(world)};
    teach(world, both.learner, LESSON_RIGHT, 1, crisp);
    test_each_allocation_fails(select_learned, &both);
    learner_free(both.learner);
}

int main(void)
{
#define TEST(name)                                                             \
    cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)
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
        TEST(a_near_copy_of_the_best_is_named),
        TEST(ties_go_to_the_more_specific_law_then_the_name),
        TEST(a_limit_keeps_the_best),
        TEST(a_learner_that_knows_nothing_changes_nothing),
        TEST(who_was_right_is_taken_next_time),
        TEST(who_was_wrong_makes_way),
        TEST(none_was_right_makes_it_less_sure),
        TEST(who_is_gone_is_as_never_taught),
        TEST(each_allocation_of_a_learned_choice_may_fail),
    };
#undef TEST
    return cmocka_run_group_tests(tests, NULL, NULL);
}
