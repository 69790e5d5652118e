/*
 * test_domain.c - guessed domains and kinds.
 */
#include "build.h"
#include "decide/domain.h"
#include "support/support.h"

static struct arena arena;

static int setup(void **state)
{
    (void)state;
    arena_init(&arena, &mem_libc);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    arena_deinit(&arena);
    return 0;
}

static struct domains *make(void)
{
    struct domains *domains;
    assert_ok(domains_new(&domains, &mem_libc, &domain_rules_default, NULL));
    return domains;
}

static void the_first_category_that_matches_wins(void **state)
{
    (void)state;
    static const struct {
        const char *text, *category;
    } rows[] = {
        {"Fix the FRONTEND build", "web_dev"},
        {"web app development", "web_dev"},
        {"web\ndevelopment", "general"},
        {"data stream processing", "data"},
        {"an ETL job", "data"},
        {"our deployment of the backend", "web_dev"},
        {"deployment", "devops"},
        {"a security audit", "security"},
        {"bake a cake", "general"},
    };
    struct domains *domains = make();
    struct matcher_work work;
    matcher_work_init(&work, &arena);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct str category;
        assert_ok(
            domains_infer(domains, &work, str_of(rows[i].text), &category));
        assert_string_equal(category.at, rows[i].category);
    }
    domains_unref(domains);
}

static void no_text_gives_no_guess(void **state)
{
    (void)state;
    struct domains *domains = make();
    struct matcher_work work;
    struct str category = STR("x");
    matcher_work_init(&work, &arena);
    assert_ok(domains_infer(domains, &work, STR(""), &category));
    assert_null(category.at);
    domains_unref(domains);
}

static void a_context_hints_at_a_kind(void **state)
{
    (void)state;
    static const struct {
        const char *context;
        enum pattern_kind kind;
    } rows[] = {
        {"{}", PATTERN_SEQUENTIAL},
        {"{\"attributes\": {\"concurrent\": true}}", PATTERN_PARALLEL},
        {"{\"attributes\": {\"concurrent\": true, \"complexity\": 9}}",
            PATTERN_PARALLEL},
        {"{\"attributes\": {\"concurrent\": 1}}", PATTERN_SEQUENTIAL},
        {"{\"attributes\": {\"complexity\": 5}}", PATTERN_SEQUENTIAL},
        {"{\"attributes\": {\"complexity\": 5.5}}", PATTERN_META},
        {"{\"attributes\": {\"complexity\": \"high\"}}", PATTERN_META},
        {"{\"attributes\": {\"complexity\": \"low\"}}", PATTERN_SEQUENTIAL},
        {"{\"attributes\": {\"domains\": [\"a\", \"b\", \"c\"]}}",
            PATTERN_META},
        {"{\"attributes\": {\"domains\": [\"a\", \"b\"]}}", PATTERN_SEQUENTIAL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_int_equal(
            domain_kind_hint(build_context(&arena, rows[i].context)),
            rows[i].kind);
}

static void some_names_are_listed_for_a_kind(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        unsigned kinds;
    } rows[] = {
        {"validation_workflow", 1U << PATTERN_SEQUENTIAL},
        {"team/enterprise_migration", 1U << PATTERN_META},
        {"concurrent_testing", 1U << PATTERN_PARALLEL},
        {"a/b/concurrent_testing", 1U << PATTERN_PARALLEL},
        {"concurrent_testing/x", 0},
        {"", 0},
    };
    struct domains *domains = make();
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_int_equal(
            domains_kinds(domains, str_of(rows[i].name)), rows[i].kinds);
    domains_unref(domains);
}

static void rules_are_copied_and_shared(void **state)
{
    (void)state;
    char category[] = "cooking";
    const struct domain_rule one = {str_of(category), STR("cake|soup")};
    const struct str names[] = {STR("bake"), STR("stir")};
    const struct domain_rules rules = {.categories = &one,
        .category_count = 1,
        .kinds = {
            [PATTERN_PARALLEL] = {names, 2}, [PATTERN_META] = {names, 1}}};
    struct domains *domains;
    assert_ok(domains_new(&domains, &mem_libc, &rules, NULL));
    category[0] = 'x';
    assert_ptr_equal(domains_ref(domains), domains);
    domains_unref(domains);
    struct matcher_work work;
    struct str found;
    matcher_work_init(&work, &arena);
    assert_ok(domains_infer(domains, &work, STR("bake a cake"), &found));
    assert_string_equal(found.at, "cooking");
    assert_int_equal(domains_kinds(domains, STR("bake")),
        1U << PATTERN_PARALLEL | 1U << PATTERN_META);
    assert_int_equal(
        domains_kinds(domains, STR("stir")), 1U << PATTERN_PARALLEL);
    assert_int_equal(domains_kinds(domains, STR("validation_workflow")), 0);
    assert_int_equal(domains_rules(domains)->kinds[PATTERN_META].count, 1);
    domains_unref(domains);
    domains_unref(NULL);
}

static int use(const struct mem *mem, void *ud)
{
    (void)ud;
    struct domains *domains;
    int err = domains_new(&domains, mem, &domain_rules_default, NULL);
    domains_unref(domains);
    return err;
}

static void each_allocation_may_fail(void **state)
{
    (void)state;
    test_each_allocation_fails(use, NULL);
    const struct domain_rule bad = {STR("x"), STR("(")};
    const struct domain_rules rules = {.categories = &bad, .category_count = 1};
    struct domains *domains;
    assert_int_equal(
        domains_new(&domains, &mem_libc, &rules, NULL), NDF_ESCHEMA);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(the_first_category_that_matches_wins),
        TEST(no_text_gives_no_guess),
        TEST(a_context_hints_at_a_kind),
        TEST(some_names_are_listed_for_a_kind),
        TEST(rules_are_copied_and_shared),
        TEST(each_allocation_may_fail),
    };
#undef TEST
    return cmocka_run_group_tests(tests, NULL, NULL);
}
