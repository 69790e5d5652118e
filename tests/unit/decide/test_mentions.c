/*
 * test_mentions.c - who names a domain or an attribute: operators by a table,
 * globs against glob_match over random ones.
 */
#include <stdlib.h>
#include <string.h>

#include "build.h"
#include "decide/mentions.h"
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

static struct index_rule rule_of(const char *rest)
{
    const struct pattern *pattern = build_pattern(&arena, "p", rest);
    return (struct index_rule){
        pattern->only_if, pattern->only_if_count, &pattern->good_for};
}

static struct mentions *make(const struct index_rule *rules, size_t count)
{
    struct mentions *mentions;
    assert_ok(mentions_new(&mentions, &mem_libc, rules, count));
    return mentions;
}

/* The numbers as a text: "0 2 3". */
static const char *text_of(struct mentioned found)
{
    struct str text = STR("");
    for (size_t i = 0; i < found.count; i++)
        text = arena_format(&arena, "%.*s%s%u", STR_ARG(text), i > 0 ? " " : "",
            found.items[i]);
    return text.at;
}

static const char *domain(const struct mentions *mentions, const char *name)
{
    struct mentioned found;
    assert_ok(mentions_domain(mentions, str_of(name), &arena, &found));
    return text_of(found);
}

static void what_asks_for_a_domain_mentions_it(void **state)
{
    (void)state;
    static const struct {
        const char *rest;
        bool found; /* for web.shop */
    } rows[] = {
        {"", false},
        {"\"only_if\": {\"domain\": \"web.shop\"}", true},
        {"\"only_if\": {\"domain\": \"web\"}", false},
        {"\"only_if\": {\"domain\": \"web.**\"}", true},
        {"\"only_if\": {\"domain\": [\"a\", \"web.*\"]}", true},
        {"\"only_if\": {\"domain\": {\"eq\": \"web.shop\"}}", true},
        {"\"only_if\": {\"domain\": {\"eq\": \"web.*\"}}", false},
        {"\"only_if\": {\"domain\": {\"in\": [\"x\", \"web.shop\"]}}", true},
        {"\"only_if\": {\"domain\": {\"ne\": \"web.shop\"}}", false},
        {"\"only_if\": {\"domain\": {\"not_in\": [\"web.shop\"]}}", false},
        {"\"only_if\": {\"domain\": {\"exists\": true}}", false},
        {"\"only_if\": {\"domain\": {\"absent\": true}}", false},
        {"\"only_if\": {\"agent_type\": \"web.shop\"}", false},
        {"\"only_if\": {\"attributes\": {\"domain\": \"web.shop\"}}", false},
        {"\"only_if\": [{\"domain\": \"a\"}, {\"domain\": \"web.shop\"}]",
            true},
        {"\"good_for\": {\"domain\": [\"web.shop\"]}", true},
        {"\"only_if\": {\"domain\": \"**\"}, "
         "\"good_for\": {\"domain\": [\"web.shop\", \"*.shop\"]}",
            true},
    };
    enum { ROWS = sizeof rows / sizeof rows[0] };
    struct index_rule rules[ROWS];
    struct str expected = STR("");
    for (size_t i = 0; i < ROWS; i++) {
        rules[i] = rule_of(rows[i].rest);
        if (rows[i].found)
            expected = arena_format(&arena, "%.*s%s%zu", STR_ARG(expected),
                expected.size > 0 ? " " : "", i);
    }
    struct mentions *mentions = make(rules, ROWS);
    assert_string_equal(domain(mentions, "web.shop"), expected.at);
    assert_string_equal(domain(mentions, ""), "16");
    assert_string_equal(domain(mentions, "nowhere"), "16");
    mentions_free(mentions);
}

static void attributes_are_found_by_name(void **state)
{
    (void)state;
    const struct index_rule rules[] = {
        rule_of("\"only_if\": {\"attributes\": {\"a\": 1, \"b.c\": 2}}"),
        rule_of("\"only_if\": {\"domain\": \"a\"}"),
        rule_of("\"good_for\": {\"attributes\": {\"a\": {\"ge\": 1, "
                "\"le\": 5}}}"),
        rule_of("\"only_if\": [{\"attributes\": {\"x\": {\"absent\": true}}}, "
                "{\"attributes\": {\"a\": 1}}]"),
    };
    struct mentions *mentions = make(rules, 4);
    static const char *const rows[][2] = {
        {"a", "0 2 3"}, {"b.c", "0"}, {"b", ""}, {"x", "3"}, {"", ""}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct mentioned found;
        mentions_attribute(mentions, str_of(rows[i][0]), &found);
        assert_string_equal(text_of(found), rows[i][1]);
    }
    assert_string_equal(domain(mentions, "a"), "1");
    mentions_free(mentions);
}

static void nothing_mentions_nothing(void **state)
{
    (void)state;
    struct mentions *mentions = make(NULL, 0);
    struct mentioned found;
    assert_string_equal(domain(mentions, "a.b"), "");
    mentions_attribute(mentions, STR("a"), &found);
    assert_int_equal(found.count, 0);
    mentions_free(mentions);
    mentions_free(NULL);
}

/* ---- globs -------------------------------------------------------------- */

/* "a.*.b", of `depth` segments. */
static struct str deep_glob(size_t depth)
{
    struct str glob = STR("*");
    for (size_t i = 1; i < depth; i++)
        glob = arena_format(&arena, "%.*s.a", STR_ARG(glob));
    return glob;
}

static void globs_deeper_than_the_trie_are_found(void **state)
{
    (void)state;
    for (size_t depth = MENTIONS_DEPTH_MAX; depth <= MENTIONS_DEPTH_MAX + 1;
         depth++) {
        struct str glob = deep_glob(depth);
        struct index_rule rules[2];
        for (int i = 0; i < 2; i++)
            rules[i] = rule_of(
                arena_format(&arena, "\"good_for\": {\"domain\": \"%s%s\"}",
                    glob.at, i == 1 ? ".**" : "")
                    .at);
        struct mentions *mentions = make(rules, 2);
        char *name = arena_dup(&arena, glob.at, glob.size + 1);
        name[0] = 'x';
        assert_string_equal(domain(mentions, name), "0 1");
        name[glob.size - 1] = 'x';
        assert_string_equal(domain(mentions, name), "");
        mentions_free(mentions);
    }
}

static uint32_t random_below(uint32_t *state, uint32_t end)
{
    *state = *state * 1664525U + 1013904223U;
    return (*state >> 8) % end;
}

static struct str random_dotted(uint32_t *state, bool glob)
{
    static const char *const segments[] = {"a", "b", "c", "ab", "*", ""};
    struct str text = STR("");
    uint32_t depth = random_below(state, 5);
    for (uint32_t i = 0; i <= depth; i++) {
        const char *segment = segments[random_below(state, glob ? 5 : 4)];
        if (!glob && random_below(state, 20) == 0) segment = "";
        if (glob && i == depth && random_below(state, 3) == 0) segment = "**";
        text = arena_format(
            &arena, "%.*s%s%s", STR_ARG(text), i > 0 ? "." : "", segment);
    }
    return text;
}

static void globs_mean_what_glob_match_says(void **state)
{
    (void)state;
    enum { RULES = 200, EACH = 2, DOMAINS = 400 };
    uint32_t random = 7;
    struct str globs[RULES][EACH];
    struct index_rule rules[RULES];
    for (size_t i = 0; i < RULES; i++) {
        for (size_t g = 0; g < EACH; g++) {
            globs[i][g] = random_dotted(&random, true);
            assert_true(glob_valid(globs[i][g]));
        }
        rules[i] = rule_of(
            arena_format(&arena, "\"%s\": {\"domain\": [\"%s\", \"%s\"]}",
                i % 2 ? "only_if" : "good_for", globs[i][0].at, globs[i][1].at)
                .at);
    }
    struct mentions *mentions = make(rules, RULES);
    size_t hits = 0;
    for (size_t d = 0; d < DOMAINS; d++) {
        struct str name = random_dotted(&random, false);
        struct mentioned found;
        assert_ok(mentions_domain(mentions, name, &arena, &found));
        size_t at = 0;
        for (size_t i = 0; i < RULES; i++) {
            bool holds =
                glob_match(globs[i][0], name) || glob_match(globs[i][1], name);
            bool here = at < found.count && found.items[at] == i;
            if (holds != here)
                fail_msg("%s: %s %s", name.at, globs[i][0].at, globs[i][1].at);
            at += here;
        }
        assert_int_equal(at, found.count);
        hits += found.count;
    }
    assert_true(hits > DOMAINS);
    mentions_free(mentions);
}

static int use(const struct mem *mem, void *ud)
{
    struct mentions *mentions;
    int err = mentions_new(&mentions, mem, ud, 40);
    if (err != NDF_OK) return err;
    struct arena own;
    arena_init(&own, mem);
    struct mentioned found;
    err = mentions_domain(mentions, STR("d1"), &own, &found);
    if (err == NDF_OK) assert_int_equal(found.count, 40);
    arena_deinit(&own);
    mentions_free(mentions);
    return err;
}

static void each_allocation_may_fail(void **state)
{
    (void)state;
    struct index_rule rules[40];
    struct str deep = deep_glob(MENTIONS_DEPTH_MAX + 1);
    for (int i = 0; i < 40; i++)
        rules[i] = rule_of(arena_format(&arena,
            "\"good_for\": {\"domain\": [\"d%d\", \"%s\", \"**\"], "
            "\"attributes\": {\"x%d\": 1}}",
            i % 3, deep.at, i)
                               .at);
    test_each_allocation_fails(use, rules);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(what_asks_for_a_domain_mentions_it),
        TEST(attributes_are_found_by_name),
        TEST(nothing_mentions_nothing),
        TEST(globs_deeper_than_the_trie_are_found),
        TEST(globs_mean_what_glob_match_says),
        TEST(each_allocation_may_fail),
    };
#undef TEST
    return cmocka_run_group_tests(tests, NULL, NULL);
}
