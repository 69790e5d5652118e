/*
 * test_index.c - laws and tastes: every predicate, explanations, and the scan
 * held against a second evaluation written for this test.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "build.h"
#include "decide/judge.h"
#include "decide/scan.h"
#include "model/glob.h"
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

static struct index_rule rule_of(const struct pattern *pattern)
{
    return (struct index_rule){
        pattern->only_if, pattern->only_if_count, &pattern->good_for};
}

static struct index *index_of(struct pattern *const *patterns, size_t count)
{
    struct index_rule rules[64];
    struct index *index;
    ndf_error error = {0};
    assert_true(count <= 64);
    for (size_t i = 0; i < count; i++)
        rules[i] = rule_of(patterns[i]);
    assert_ok(index_new(&index, &mem_libc, rules, count, NULL, &error));
    return index;
}

/* Whether a law (JSON of only_if) holds in a context (JSON). */
static bool holds(const char *law, const char *context)
{
    struct str rest = arena_format(&arena, "\"only_if\": %s", law);
    struct pattern *pattern = build_pattern(&arena, "p", rest.at);
    const struct index_rule rule = rule_of(pattern);
    struct index *index = index_of(&pattern, 1);
    struct index_matches matches;
    assert_ok(
        index_match(index, build_context(&arena, context), &arena, &matches));
    struct index_explanation why;
    assert_ok(
        scan_explain(&rule, build_context(&arena, context), &arena, &why));
    assert_int_equal(why.eligible, matches.count == 1);
    assert_int_equal(why.count > 0, matches.count == 0);
    index_free(index);
    return matches.count == 1;
}

struct law_row {
    const char *law, *context;
    bool holds;
};

static void check(const struct law_row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (holds(rows[i].law, rows[i].context) != rows[i].holds)
            fail_msg("%s in %s should%s hold", rows[i].law, rows[i].context,
                rows[i].holds ? "" : " not");
    }
}

#define CHECK(rows) check(rows, sizeof(rows) / sizeof(rows)[0])

static void fields_of_a_context_are_looked_at(void **state)
{
    (void)state;
    static const struct law_row rows[] = {
        {"{}", "{}", true},
        {"{\"domain\": \"security.**\"}", "{\"domain\": \"security\"}", true},
        {"{\"domain\": \"security.**\"}", "{\"domain\": \"security.a.b\"}",
            true},
        {"{\"domain\": \"security.*\"}", "{\"domain\": \"security.a.b\"}",
            false},
        {"{\"domain\": [\"a\", \"b.*\"]}", "{\"domain\": \"b.c\"}", true},
        {"{\"domain\": \"a\"}", "{}", false},
        {"{\"domain\": {\"in\": [\"a\", \"b\"]}}", "{\"domain\": \"b\"}", true},
        {"{\"agent_type\": \"analyst\"}", "{\"agent_type\": \"analyst\"}",
            true},
        {"{\"agent_type\": [\"a\", \"b\"]}", "{\"agent_type\": \"c\"}", false},
        {"{\"agent_type\": {\"ne\": \"a\"}}", "{\"agent_type\": \"c\"}", true},
        {"{\"agent_type\": {\"ne\": \"a\"}}", "{}", false},
        {"{\"priority\": {\"le\": 2}}", "{\"priority\": 2}", true},
        {"{\"priority\": {\"le\": \"high\"}}", "{\"priority\": \"highest\"}",
            true},
        {"{\"priority\": {\"le\": 2}}", "{\"priority\": 3}", false},
        {"{\"priority\": {\"le\": 2}}", "{}", false},
        {"{\"priority\": {\"absent\": true}}", "{}", true},
        {"{\"text\": \"\\\\bxss\\\\b\"}", "{\"text\": \"an xss hole\"}", true},
        {"{\"text\": \"\\\\bxss\\\\b\"}", "{\"text\": \"axssb\"}", false},
        {"{\"text\": [\"a\", \"b\"]}", "{\"text\": \"b\"}", true},
        {"{\"text\": {\"contains\": \"oo\"}}", "{\"text\": \"foo\"}", true},
        {"{\"text\": \"x\"}", "{}", false},
    };
    CHECK(rows);
}

#define A(predicate) "{\"attributes\": {\"x\": " predicate "}}"

static void predicates_mean_what_they_say(void **state)
{
    (void)state;
    static const struct law_row rows[] = {
        {A("{\"eq\": 3}"), A("3"), true},
        {A("{\"eq\": 3}"), A("3.0"), true},
        {A("{\"eq\": 3}"), A("\"3\""), false},
        {A("{\"eq\": \"a\"}"), A("\"a\""), true},
        {A("{\"eq\": null}"), A("null"), true},
        {A("{\"eq\": null}"), "{}", false},
        {A("{\"eq\": [1, 2]}"), A("[1, 2]"), true},
        {A("{\"eq\": {\"a\": 1, \"b\": 2}}"), A("{\"b\": 2, \"a\": 1}"), true},
        {A("{\"ne\": 3}"), A("4"), true},
        {A("{\"ne\": 3}"), A("\"3\""), true},
        {A("{\"ne\": 3}"), A("3"), false},
        {A("{\"ne\": 3}"), "{}", false},
        {A("[1, \"a\"]"), A("\"a\""), true},
        {A("[1, \"a\"]"), A("2"), false},
        {A("{\"not_in\": [1, 2]}"), A("3"), true},
        {A("{\"not_in\": [1, 2]}"), A("2"), false},
        {A("{\"not_in\": [1, 2]}"), "{}", false},
        {A("{\"lt\": 3}"), A("2"), true},
        {A("{\"lt\": 3}"), A("3"), false},
        {A("{\"le\": 3}"), A("3.0"), true},
        {A("{\"gt\": 3}"), A("3.0000001"), true},
        {A("{\"ge\": 3}"), A("2.9999999"), false},
        {A("{\"gt\": 3}"), A("\"4\""), false},
        {A("{\"gt\": 3}"), A("null"), false},
        {A("{\"gt\": 3}"), A("[4]"), false},
        {A("{\"gt\": \"a\"}"), A("\"b\""), true},
        {A("{\"gt\": 9007199254740992.0}"), A("9007199254740993"), true},
        {A("{\"eq\": 9007199254740992.0}"), A("9007199254740993"), false},
        {A("{\"lt\": 9223372036854775807}"), A("9223372036854775806"), true},
        {A("{\"between\": [1, 3]}"), A("1"), true},
        {A("{\"between\": [1, 3]}"), A("3"), true},
        {A("{\"between\": [1, 3]}"), A("3.1"), false},
        {A("{\"between\": [1, 3]}"), A("\"2\""), false},
        {A("{\"exists\": true}"), A("null"), true},
        {A("{\"exists\": true}"), "{}", false},
        {A("{\"exists\": false}"), "{}", true},
        {A("{\"absent\": true}"), "{}", true},
        {A("{\"absent\": true}"), A("0"), false},
        {A("{\"contains\": \"ell\"}"), A("\"hello\""), true},
        {A("{\"contains\": \"\"}"), A("\"\""), true},
        {A("{\"contains\": 2}"), A("[1, 2.0]"), true},
        {A("{\"contains\": \"a\"}"), A("[\"ab\"]"), false},
        {A("{\"contains\": 1}"), A("1"), false},
        {A("{\"matches\": \"^h.*o$\"}"), A("\"hello\""), true},
        {A("{\"matches\": [\"z\", \"l+\"]}"), A("\"hello\""), true},
        {A("{\"matches\": \"1\"}"), A("1"), false},
        {A("{\"ge\": 1, \"lt\": 3}"), A("2"), true},
        {A("{\"ge\": 1, \"lt\": 3}"), A("3"), false},
    };
    CHECK(rows);
}

static void attributes_are_reached_by_dots_and_words_by_scales(void **state)
{
    (void)state;
    static const struct law_row rows[] = {
        {"{\"attributes\": {\"a.b\": 1}}",
            "{\"attributes\": {\"a\": {\"b\": "
            "1}}}",
            true},
        {"{\"attributes\": {\"a.b\": 1}}", "{\"attributes\": {\"a.b\": 1}}",
            true},
        {"{\"attributes\": {\"a.b\": 1}}", "{\"attributes\": {\"a\": 1}}",
            false},
        {"{\"attributes\": {\"complexity\": {\"ge\": 3}}}",
            "{\"attributes\": {\"complexity\": \"high\"}}", true},
        {"{\"attributes\": {\"complexity\": {\"ge\": 3}}}",
            "{\"attributes\": {\"complexity\": \"low\"}}", false},
        {"{\"attributes\": {\"complexity\": {\"ge\": 3}}}",
            "{\"attributes\": {\"complexity\": \"huge\"}}", false},
        {"{\"attributes\": {\"complexity\": [\"medium\", \"high\"]}}",
            "{\"attributes\": {\"complexity\": 8}}", true},
        {"{\"attributes\": {\"complexity\": \"high\"}}",
            "{\"attributes\": {\"complexity\": \"high\"}}", true},
    };
    CHECK(rows);
}

static void all_of_one_alternative_must_hold(void **state)
{
    (void)state;
    static const struct law_row rows[] = {
        {"[{\"domain\": \"a\"}, {\"domain\": \"b\"}]", "{\"domain\": \"b\"}",
            true},
        {"[{\"domain\": \"a\"}, {\"domain\": \"b\"}]", "{\"domain\": \"c\"}",
            false},
        {"{\"domain\": \"a\", \"priority\": 1}",
            "{\"domain\": \"a\", \"priority\": 1}", true},
        {"{\"domain\": \"a\", \"priority\": 1}",
            "{\"domain\": \"a\", \"priority\": 2}", false},
    };
    CHECK(rows);
}

static void a_long_needle_is_found_in_a_long_text(void **state)
{
    (void)state;
    enum { TEXT = 400000, NEEDLE = 200000 };
    char *text = malloc(TEXT + 1);
    char *needle = malloc(NEEDLE + 1);
    memset(text, 'a', TEXT);
    memset(needle, 'a', NEEDLE);
    text[TEXT] = needle[NEEDLE] = '\0';
    needle[NEEDLE - 1] = 'b';
    struct predicate predicate = {.field = FIELD_TEXT,
        .op = OP_CONTAINS,
        .operand = value_of_str((struct str){needle, NEEDLE})};
    struct condition law = {&predicate, 1};
    struct index_rule rule = {&law, 1, NULL};
    struct context context = {
        .attributes = value_of_object(), .text = {text, TEXT}};
    struct index *index;
    struct index_matches matches;
    assert_ok(index_new(&index, &mem_libc, &rule, 1, NULL, NULL));
    assert_ok(index_match(index, &context, &arena, &matches));
    assert_int_equal(matches.count, 0);
    text[TEXT - 1] = 'b';
    assert_ok(index_match(index, &context, &arena, &matches));
    assert_int_equal(matches.count, 1);
    index_free(index);
    free(text);
    free(needle);
}

static void taste_never_excludes(void **state)
{
    (void)state;
    struct pattern *patterns[] = {
        build_pattern(&arena, "a",
            "\"good_for\": {\"domain\": \"a\", \"priority\": 1, \"text\": "
            "\"leak\"}"),
        build_pattern(&arena, "b", ""),
    };
    struct index *index = index_of(patterns, 2);
    struct index_matches matches;
    assert_ok(index_match(index,
        build_context(&arena, "{\"domain\": \"b\", \"text\": \"a leak\"}"),
        &arena, &matches));
    assert_int_equal(matches.count, 2);
    assert_int_equal(matches.items[0].held, 1);
    assert_false(matches.items[0].good[0]);
    assert_false(matches.items[0].good[1]);
    assert_true(matches.items[0].good[2]);
    assert_int_equal(matches.items[1].held, 0);
    assert_null(matches.items[1].good);
    index_free(index);
}

static void a_failure_names_the_first_predicate_of_each_way(void **state)
{
    (void)state;
    struct pattern *pattern = build_pattern(&arena, "a",
        "\"only_if\": [{\"domain\": \"a\", \"priority\": 1}, "
        "{\"attributes\": {\"x\": {\"ge\": 3}}}, "
        "{\"attributes\": {\"y\": true}}]");
    struct context *context = build_context(&arena,
        "{\"domain\": \"a\", \"priority\": 4, \"attributes\": {\"x\": 2}}");
    struct index_explanation why;
    const struct index_rule rule = rule_of(pattern);
    assert_ok(scan_explain(&rule, context, &arena, &why));
    assert_false(why.eligible);
    assert_int_equal(why.count, 3);
    assert_int_equal(why.failures[0].predicate->field, FIELD_PRIORITY);
    assert_int_equal(why.failures[0].why, INDEX_FALSE);
    assert_int_equal(why.failures[0].actual.integer, 4);
    assert_int_equal(why.failures[1].predicate->op, OP_GE);
    assert_int_equal(why.failures[1].actual.integer, 2);
    assert_int_equal(why.failures[2].why, INDEX_UNKNOWN);
    assert_int_equal(why.failures[2].actual.kind, VALUE_NULL);
}

static void an_effort_limit_is_told(void **state)
{
    (void)state;
    struct pattern *pattern = build_pattern(
        &arena, "a", "\"only_if\": {\"text\": \"(\\\\w+\\\\s?)*[!?]$\"}");
    struct index *index = index_of(&pattern, 1);
    enum { SIZE = 3000 };
    char text[SIZE];
    memset(text, 'a', SIZE);
    struct context context = {
        .attributes = value_of_object(), .text = {text, SIZE}};
    struct index_matches matches;
    struct index_explanation why;
    assert_ok(index_match(index, &context, &arena, &matches));
    assert_int_equal(matches.count, 0);
    assert_true(matches.effort_limit);
    const struct index_rule rule = rule_of(pattern);
    assert_ok(scan_explain(&rule, &context, &arena, &why));
    assert_int_equal(why.failures[0].why, INDEX_EFFORT);
    index_free(index);
}

/* What looks through a long text or list is paid for from the account that all
 * of a match share. */
static void looking_through_is_bounded_for_all_together(void **state)
{
    enum { SIZE = 100 * 1000 };
    (void)state;
    char *text = malloc(SIZE);
    struct value *items = calloc(SIZE, sizeof *items);
    memset(text, 'a', SIZE);
    for (size_t i = 0; i < SIZE; i++)
        items[i] = value_of_int((int64_t)i);
    struct value list = {
        .kind = VALUE_ARRAY, .array = {.items = items, .count = SIZE}};
    struct context context = {
        .attributes = value_of_object(), .text = {text, SIZE}};
    assert_ok(value_set(&arena, &context.attributes, STR("list"), list));
    struct value pair = value_of_array();
    assert_ok(value_push(&arena, &pair, value_of_int(1)));
    const struct predicate laws[] = {
        {.field = FIELD_TEXT, .operand = value_of_str(STR("aaaaaaaab"))},
        {.field = FIELD_ATTRIBUTE, .operand = value_of_int(-1)},
        {.field = FIELD_ATTRIBUTE, .operand = pair}};
    const uint64_t steps[] = {SIZE, 4 * SIZE, 8 * SIZE};
    for (size_t i = 0; i < sizeof laws / sizeof laws[0]; i++) {
        struct predicate law = laws[i];
        law.op = OP_CONTAINS;
        law.name = STR("list");
        const struct judge_predicate judged = {.predicate = &law};
        struct matcher_work work;
        enum judgement judgement;
        matcher_work_init(&work, &arena);
        work.effort = 5 * steps[i];
        for (int n = 0; n < 5; n++) {
            assert_ok(judge(&judged, &context, &work, &judgement, NULL));
            assert_int_equal(judgement, JUDGEMENT_FALSE);
        }
        assert_false(work.gave_up);
        assert_ok(judge(&judged, &context, &work, &judgement, NULL));
        assert_int_equal(judgement, JUDGEMENT_EFFORT);
        assert_true(work.gave_up);
    }
    free(items);
    free(text);
}

static void what_a_text_contains_is_found(void **state)
{
    static const struct {
        const char *text, *needle;
        bool has;
    } rows[] = {
        {"", "", true},
        {"a", "", true},
        {"", "a", false},
        {"abc", "abc", true},
        {"abc", "abcd", false},
        {"xabcabd", "abd", true},
        {"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab", "aaaab", true},
        {"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaac", "aaaab", false},
        {"abababababababababababababababababababababababababababababab"
         "ababababababababababababababababac",
            "ababac", true},
        {"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "a", true},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct predicate predicate = {.field = FIELD_TEXT,
            .op = OP_CONTAINS,
            .operand = value_of_str(str_of(rows[i].needle))};
        struct judge_predicate judged = {.predicate = &predicate};
        struct context context = {
            .attributes = value_of_object(), .text = str_of(rows[i].text)};
        struct matcher_work work;
        enum judgement judgement;
        matcher_work_init(&work, &arena);
        assert_ok(judge(&judged, &context, &work, &judgement, NULL));
        assert_int_equal(
            judgement, rows[i].has ? JUDGEMENT_HOLDS : JUDGEMENT_FALSE);
    }
}

static void a_bad_expression_is_an_error(void **state)
{
    (void)state;
    struct value pattern = value_of_str(STR("("));
    struct value list = value_of_array();
    assert_ok(value_push(&arena, &list, pattern));
    struct predicate predicate = {
        .field = FIELD_TEXT, .op = OP_MATCHES, .operand = list};
    struct condition law = {&predicate, 1};
    struct index_rule rule = {&law, 1, NULL};
    struct index *index;
    assert_int_equal(
        index_new(&index, &mem_libc, &rule, 1, NULL, NULL), NDF_ESCHEMA);
    assert_null(index);
}

/* ---- against a second evaluation ----------------------------------------- */

/* Decides one predicate over the small integers, strings and nulls that
 * random_context makes; written from the design's words. */
static bool naive(const struct predicate *p, const struct context *context)
{
    const struct value *found = NULL;
    struct value made = value_null;
    if (p->field == FIELD_ATTRIBUTE)
        found = value_get(&context->attributes, p->name);
    if (p->field == FIELD_DOMAIN && context->domain.at != NULL) {
        made = value_of_str(context->domain);
        found = &made;
    }
    if (p->op == OP_ABSENT) return found == NULL;
    if (found == NULL) return false;
    bool both_int = found->kind == VALUE_INT && p->operand.kind == VALUE_INT;
    bool any = false;
    if (p->operand.kind == VALUE_ARRAY) {
        for (size_t i = 0; i < p->operand.array.count; i++) {
            const struct value *item = &p->operand.array.items[i];
            any = any ||
                  (p->op == OP_GLOB ? glob_match(item->string, found->string)
                                    : value_equal(item, found));
        }
    }
    switch (p->op) {
    case OP_EQ: return value_equal(found, &p->operand);
    case OP_NE: return !value_equal(found, &p->operand);
    case OP_GLOB:
    case OP_IN: return any;
    case OP_NOT_IN: return !any;
    case OP_LT: return both_int && found->integer < p->operand.integer;
    case OP_LE: return both_int && found->integer <= p->operand.integer;
    case OP_GT: return both_int && found->integer > p->operand.integer;
    case OP_GE: return both_int && found->integer >= p->operand.integer;
    case OP_EXISTS: return true;
    case OP_ABSENT:
    case OP_BETWEEN:
    case OP_CONTAINS:
    case OP_MATCHES: break;
    }
    return false;
}

static bool naive_law(
    const struct pattern *pattern, const struct context *context)
{
    for (size_t a = 0; a < pattern->only_if_count; a++) {
        const struct condition *way = &pattern->only_if[a];
        bool all = true;
        for (size_t i = 0; i < way->count; i++)
            all = all && naive(&way->predicates[i], context);
        if (all) return true;
    }
    return pattern->only_if_count == 0;
}

static unsigned next_random(uint64_t *state)
{
    *state = *state * 6364136223846793005U + 1442695040888963407U;
    return (unsigned)(*state >> 33);
}

static const char *random_law(uint64_t *seed)
{
    static const char *const ops[] = {
        "eq", "ne", "lt", "le", "gt", "ge", "exists", "absent"};
    struct str law = STR("");
    unsigned ways = 1 + next_random(seed) % 3;
    for (unsigned w = 0; w < ways; w++) {
        unsigned op = next_random(seed) % 8;
        const char *operand = op >= 6                                ? "true"
                              : next_random(seed) % 4 == 0 && op < 2 ? "\"s\""
                                                                     : "2";
        law = arena_format(&arena,
            "%.*s%s{\"attributes\": {\"k%u\": {\"%s\": %s}, \"k%u\": "
            "{\"%s\": [1, \"s\", null]}}%s}",
            STR_ARG(law), w > 0 ? ", " : "", next_random(seed) % 3, ops[op],
            operand, 3 + next_random(seed) % 3,
            next_random(seed) % 2 == 0 ? "in" : "not_in",
            next_random(seed) % 3 == 0 ? ", \"domain\": [\"a.*\", \"b\"]" : "");
    }
    return arena_format(&arena, "\"only_if\": [%.*s]", STR_ARG(law)).at;
}

static struct context *random_context(uint64_t *seed)
{
    static const char *const values[] = {"1", "2", "3", "\"s\"", "null"};
    static const char *const domains[] = {"a.x", "b", "a", "c.d"};
    struct str attributes = STR("");
    for (unsigned k = 0; k < 6; k++) {
        if (next_random(seed) % 3 == 0) continue;
        attributes = arena_format(&arena, "%.*s%s\"k%u\": %s",
            STR_ARG(attributes), attributes.size > 0 ? ", " : "", k,
            values[next_random(seed) % 5]);
    }
    struct str json =
        arena_format(&arena, "{\"attributes\": {%.*s}", STR_ARG(attributes));
    if (next_random(seed) % 4 > 0)
        json = arena_format(&arena, "%.*s, \"domain\": \"%s\"", STR_ARG(json),
            domains[next_random(seed) % 4]);
    return build_context(
        &arena, arena_format(&arena, "%.*s}", STR_ARG(json)).at);
}

static void the_scan_agrees_with_a_second_evaluation(void **state)
{
    (void)state;
    uint64_t seed = 7;
    size_t held = 0;
    for (int round = 0; round < 30; round++) {
        struct pattern *patterns[40];
        for (size_t i = 0; i < 40; i++)
            patterns[i] = build_pattern(&arena, "p", random_law(&seed));
        struct index *index = index_of(patterns, 40);
        for (int c = 0; c < 20; c++) {
            struct context *context = random_context(&seed);
            struct index_matches matches;
            assert_ok(index_match(index, context, &arena, &matches));
            assert_ok(index_sort(&matches, &arena));
            size_t at = 0;
            for (size_t i = 0; i < 40; i++) {
                bool found =
                    at < matches.count && matches.items[at].candidate == i;
                assert_int_equal(found, naive_law(patterns[i], context));
                at += found;
            }
            assert_int_equal(at, matches.count);
            held += at;
        }
        index_free(index);
    }
    assert_true(held > 1000); /* the test looked at both outcomes */
    assert_true(held < 23000);
}

static int use_all(const struct mem *mem, void *ud)
{
    struct pattern *pattern = ud;
    const struct index_rule rule = rule_of(pattern);
    struct context context = {
        .attributes = value_of_object(), .text = STR("a leak")};
    struct arena scratch;
    struct index *index;
    struct index_matches matches;
    struct index_explanation why;
    arena_init(&scratch, mem);
    int err = index_new(&index, mem, &rule, 1, NULL, NULL);
    if (err == NDF_OK) err = index_match(index, &context, &scratch, &matches);
    if (err == NDF_OK) err = index_sort(&matches, &scratch);
    if (err == NDF_OK) err = scan_explain(&rule, &context, &scratch, &why);
    index_free(index);
    arena_deinit(&scratch);
    return err;
}

static void each_allocation_may_fail(void **state)
{
    (void)state;
    struct pattern *pattern = build_pattern(&arena, "a",
        "\"only_if\": [{\"text\": \"leaks\"}, {\"text\": \"leak\"}], "
        "\"good_for\": {\"text\": {\"contains\": \"a needle of more than "
        "thirty-two bytes\"}}");
    test_each_allocation_fails(use_all, pattern);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(fields_of_a_context_are_looked_at),
        TEST(predicates_mean_what_they_say),
        TEST(attributes_are_reached_by_dots_and_words_by_scales),
        TEST(all_of_one_alternative_must_hold),
        TEST(a_long_needle_is_found_in_a_long_text),
        TEST(taste_never_excludes),
        TEST(a_failure_names_the_first_predicate_of_each_way),
        TEST(an_effort_limit_is_told),
        TEST(looking_through_is_bounded_for_all_together),
        TEST(what_a_text_contains_is_found),
        TEST(a_bad_expression_is_an_error),
        TEST(the_scan_agrees_with_a_second_evaluation),
        TEST(each_allocation_may_fail),
    };
#undef TEST
    return cmocka_run_group_tests(tests, NULL, NULL);
}
