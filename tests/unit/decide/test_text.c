/*
 * test_text.c - features, queries, scores.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "build.h"
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

static struct str features(const char *name, const char *description)
{
    return build_features(&arena, name, description, NULL);
}

static struct text_index *index_of(const struct str *all, size_t count)
{
    struct text_index *index;
    assert_ok(text_index_new(&index, &mem_libc, all, count));
    return index;
}

/* Scores a text; the result lives in the arena. */
static struct text_scores ask(
    const struct text_index *index, struct text_query *query, const char *text)
{
    struct text_scores scores;
    assert_ok(text_query_make(&arena, str_of(text), query));
    assert_ok(text_index_score(index, query, &arena, &scores));
    return scores;
}

static bool has_score(const struct text_scores *scores, size_t document)
{
    for (size_t i = 0; i < scores->count; i++) {
        if (scores->items[i].document == document) return true;
    }
    return false;
}

/* The score of a document that must have one. */
static struct text_score score_of(
    const struct text_scores *scores, size_t document)
{
    assert_true(has_score(scores, document));
    size_t i = 0;
    while (scores->items[i].document != document)
        i++;
    return scores->items[i];
}

static void features_are_the_same_every_time(void **state)
{
    (void)state;
    struct str a = features("debugger", "Finds memory leaks.");
    struct str b = features("debugger", "Finds memory leaks.");
    assert_true(text_features_valid(a));
    assert_true(str_equal(a, b));
    /* The stored form must not change without a new version in its magic. */
    assert_memory_equal(a.at, "NDT2\x04\0\0\0", 8);
}

static void a_document_without_words_is_valid(void **state)
{
    (void)state;
    struct str none = features(NULL, "...");
    assert_true(text_features_valid(none));
    struct text_index *index = index_of(&none, 1);
    struct text_query query;
    assert_int_equal(ask(index, &query, "anything").count, 0);
    text_index_free(index);
}

static void features_stay_within_their_limits(void **state)
{
    (void)state;
    char *text = malloc(400000);
    size_t size = 0;
    for (int i = 0; size < 390000; i++)
        size += (size_t)snprintf(text + size, 32, "w%dx%d ", i * 7919, i);
    struct text_field fields[] = {{TEXT_BODY, {text, size}},
        {TEXT_DESCRIPTION, {text, 100000}}, {TEXT_NOT_FOR, {text, 50000}},
        {TEXT_NAME, {"the-name", 8}}};
    struct buf buf;
    buf_init(&buf, &mem_libc);
    assert_ok(text_features(&mem_libc, fields, 4, &buf));
    assert_true(buf.size <= TEXT_FEATURES_MAX);
    assert_true(text_features_valid(buf_str(&buf)));
    /* The name counts even behind a body that takes all the room. */
    struct str bytes = buf_str(&buf);
    struct text_index *index = index_of(&bytes, 1);
    struct text_query query;
    assert_int_equal(ask(index, &query, "name").count, 1);
    text_index_free(index);
    buf_deinit(&buf);
    free(text);
}

static void invalid_utf8_is_read_with_replacements(void **state)
{
    (void)state;
    struct str bytes = features("a", "leak \xFF\xFE memory\xC3");
    struct text_index *index = index_of(&bytes, 1);
    struct text_query query;
    struct text_scores scores = ask(index, &query, "\xFFmemory\xE2\x82");
    assert_int_equal(scores.count, 1);
    assert_true(scores.items[0].bm25 > 0);
    text_index_free(index);
}

static void hostile_features_are_refused(void **state)
{
    (void)state;
    struct str good =
        build_features(&arena, "debugger", "Finds leaks.", "marketing copy");
    char *bytes = malloc(good.size + 1);
    for (size_t size = 0; size < good.size; size++)
        assert_false(text_features_valid((struct str){good.at, size}));
    for (size_t i = 0; i < 16; i++) { /* magic and counts */
        memcpy(bytes, good.at, good.size);
        bytes[i] ^= 0x55;
        assert_false(text_features_valid((struct str){bytes, good.size}));
    }
    memcpy(bytes, good.at, good.size); /* hashes out of order */
    memcpy(bytes + 28, bytes + 28 + 8, 8);
    assert_false(text_features_valid((struct str){bytes, good.size}));
    memcpy(bytes, good.at, good.size); /* no weight */
    memset(bytes + 28 + 4, 0, 4);
    struct str bad = {bytes, good.size};
    assert_false(text_features_valid(bad));
    /* In an index they are a document without words. */
    struct str both[] = {bad, good};
    struct text_index *index = index_of(both, 2);
    struct text_query query;
    struct text_scores scores = ask(index, &query, "leaks");
    assert_int_equal(scores.count, 1);
    assert_int_equal(scores.items[0].document, 1);
    text_index_free(index);
    free(bytes);
}

static void the_document_with_the_words_wins(void **state)
{
    (void)state;
    struct str all[] = {
        features("debugger", "Finds memory leaks and crashes."),
        features("writer", "Writes marketing copy."),
        features("tester", "Writes and runs unit tests."),
    };
    struct text_index *index = index_of(all, 3);
    static const struct {
        const char *text;
        size_t best;
    } rows[] = {
        {"find and fix the memory leak", 0},
        {"why does it crash", 0},
        {"write copy for our marketing", 1},
        {"test it", 2},
        {"running a unit test", 2},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct text_query query;
        struct text_scores scores = ask(index, &query, rows[i].text);
        struct text_score best = score_of(&scores, rows[i].best);
        for (size_t s = 0; s < scores.count; s++) {
            const struct text_score *score = &scores.items[s];
            assert_true(score->bm25 >= 0);
            assert_true(score->bm25 <= 1);
            assert_true(score->cosine >= 0);
            assert_true(score->cosine <= 1);
            if (score->document == best.document) continue;
            assert_true(best.bm25 >= score->bm25);
            assert_true(best.cosine > score->cosine);
        }
    }
    text_index_free(index);
}

static void what_nobody_knows_is_told(void **state)
{
    (void)state;
    struct str all[] = {features("debugger", "Finds memory leaks.")};
    struct text_index *index = index_of(all, 1);
    struct text_query query;
    struct text_scores scores = ask(index, &query, "qwerty zxcvb");
    assert_int_equal(scores.count, 0);
    assert_true(scores.known == 0);
    scores = ask(index, &query, "memory leaks");
    assert_true(scores.known == 1);
    scores = ask(index, &query, "memory zxcvb");
    assert_true(scores.known > 0.2);
    assert_true(scores.known < 0.8);
    scores = ask(index, &query, "");
    assert_int_equal(scores.count, 0);
    assert_true(scores.known == 0);
    text_index_free(index);
}

static void words_of_not_for_speak_against(void **state)
{
    (void)state;
    struct str all[] = {
        build_features(&arena, "review", "Reviews changes.", "marketing copy"),
        features("other", "Reviews changes."),
    };
    struct text_index *index = index_of(all, 2);
    struct text_query query;
    struct text_scores scores = ask(index, &query, "review marketing copy");
    assert_true(score_of(&scores, 0).negative > 0.5F);
    assert_true(score_of(&scores, 1).negative == 0);
    text_index_free(index);
}

static void a_long_body_does_not_push_a_document_down(void **state)
{
    (void)state;
    char body[6000];
    size_t size = 0;
    for (int i = 0; size < sizeof body - 32; i++)
        size += (size_t)snprintf(body + size, 32, "filler%d ", i);
    struct buf bufs[2];
    struct str all[2];
    for (size_t i = 0; i < 2; i++) {
        struct text_field fields[] = {{TEXT_NAME, str_of("debugger")},
            {TEXT_DESCRIPTION, str_of("Finds leaks.")},
            {TEXT_BODY, {body, i == 0 ? size : 0}}};
        buf_init(&bufs[i], &mem_libc);
        assert_ok(text_features(&mem_libc, fields, 3, &bufs[i]));
        all[i] = buf_str(&bufs[i]);
    }
    struct text_index *index = index_of(all, 2);
    struct text_query query;
    struct text_scores scores = ask(index, &query, "find the leak");
    assert_true(score_of(&scores, 0).bm25 == score_of(&scores, 1).bm25);
    assert_true(score_of(&scores, 0).cosine == score_of(&scores, 1).cosine);
    scores = ask(index, &query, "filler7");
    assert_true(score_of(&scores, 0).bm25 > 0);
    text_index_free(index);
    buf_deinit(&bufs[0]);
    buf_deinit(&bufs[1]);
}

static void a_description_is_read_by_its_passages(void **state)
{
    (void)state;
    struct str all[] = {
        features("mender", "Use it for roofs. Not for paint. <example>user: "
                           "\"It drips\" assistant: \"I call the plumber\" "
                           "</example>"),
        features("other", "Anything."),
    };
    struct text_index *index = index_of(all, 2);
    struct text_query query;
    struct text_scores scores = ask(index, &query, "roofs drip");
    float both = score_of(&scores, 0).bm25;
    assert_true(both > 0);
    scores = ask(index, &query, "roofs paint");
    assert_true(score_of(&scores, 0).bm25 < both);
    assert_true(score_of(&scores, 0).negative > 0);
    assert_false(query.terms[0].known && query.terms[1].known);
    scores = ask(index, &query, "plumber");
    assert_int_equal(scores.count, 0);
    text_index_free(index);
}

/* A word of one tool counts, but less where it is one of many. */
static void many_tools_saturate(void **state)
{
    (void)state;
    char text[8000];
    size_t size = (size_t)snprintf(text, sizeof text, "search_flights ");
    size_t first = size;
    for (int i = 0; size < sizeof text - 32; i++)
        size += (size_t)snprintf(text + size, 32, "tool%d ", i);
    struct buf bufs[2];
    struct str all[2];
    for (size_t i = 0; i < 2; i++) {
        struct text_field fields[] = {{TEXT_NAME, STR("travel")},
            {TEXT_TOOLS, {text, i == 0 ? first : size}}};
        buf_init(&bufs[i], &mem_libc);
        assert_ok(text_features(&mem_libc, fields, 2, &bufs[i]));
        all[i] = buf_str(&bufs[i]);
    }
    struct text_index *index = index_of(all, 2);
    struct text_query query;
    struct text_scores scores = ask(index, &query, "travel");
    assert_true(score_of(&scores, 0).bm25 == score_of(&scores, 1).bm25);
    scores = ask(index, &query, "a flight");
    assert_true(score_of(&scores, 0).bm25 > score_of(&scores, 1).bm25);
    assert_true(score_of(&scores, 1).bm25 > 0);
    assert_true(score_of(&scores, 1).cosine > 0);
    text_index_free(index);
    buf_deinit(&bufs[0]);
    buf_deinit(&bufs[1]);
}

static void the_matching_words_are_named_by_weight(void **state)
{
    (void)state;
    struct str all[] = {
        features("debugger", "Finds the memory leak in the heap."),
        features("writer", "Writes the memory of the team."),
    };
    struct text_index *index = index_of(all, 2);
    struct text_query query;
    struct text_word *words;
    size_t count;
    (void)ask(index, &query, "fix the memory LEAKS");
    assert_ok(text_index_words(index, &query, 0, &arena, &words, &count));
    assert_int_equal(count, 3);
    assert_str(words[0].word, "leaks");
    double sum = 0;
    for (size_t i = 0; i < count; i++) {
        sum += words[i].share;
        assert_true(i == 0 || words[i].share <= words[i - 1].share);
    }
    assert_true(fabs(sum - 1) < 1e-9);
    assert_ok(text_index_words(index, &query, 99, &arena, &words, &count));
    assert_int_equal(count, 0);
    text_index_free(index);
}

static void copies_have_one_identity_whatever_their_names(void **state)
{
    (void)state;
    struct str all[] = {features("a", "Finds leaks."),
        features("b", "Finds leaks."), features("c", "Finds bugs."),
        features("d", NULL)};
    struct text_index *index = index_of(all, 4);
    assert_true(text_index_identity(index, 0) != 0);
    assert_true(text_index_identity(index, 0) == text_index_identity(index, 1));
    assert_true(text_index_identity(index, 0) != text_index_identity(index, 2));
    assert_true(text_index_identity(index, 3) == 0);
    assert_true(text_index_identity(index, 4) == 0);
    text_index_free(index);
}

static void a_long_task_is_read_at_head_and_tail(void **state)
{
    (void)state;
    enum { SIZE = 1024 * 1024 };
    char *text = malloc(SIZE);
    memset(text, ' ', SIZE);
    memcpy(text, "leaks", 5);
    memcpy(text + SIZE / 2, "crashes", 7);
    memcpy(text + SIZE - 6, "memory", 6);
    struct str all[] = {features("a", "leaks"), features("b", "crashes"),
        features("c", "memory")};
    struct text_index *index = index_of(all, 3);
    struct text_query query;
    struct text_scores scores;
    assert_ok(text_query_make(&arena, (struct str){text, SIZE}, &query));
    assert_true(query.cut);
    assert_ok(text_index_score(index, &query, &arena, &scores));
    assert_true(has_score(&scores, 0));
    assert_false(has_score(&scores, 1));
    assert_true(has_score(&scores, 2));
    text_index_free(index);
    free(text);
}

static void a_task_of_very_many_words_is_bounded(void **state)
{
    (void)state;
    char *text = malloc(TEXT_QUERY_BYTES_MAX + 32);
    size_t size = 0;
    for (int i = 0; size < TEXT_QUERY_BYTES_MAX - 8; i++)
        size += (size_t)snprintf(text + size, 32, "%x ", i);
    struct text_query query;
    assert_ok(text_query_make(&arena, (struct str){text, size}, &query));
    assert_int_equal(query.term_count, TEXT_QUERY_WORDS_MAX);
    assert_int_equal(query.gram_count, TEXT_QUERY_GRAMS_MAX);
    assert_true(query.cut);
    for (size_t i = 1; i < query.term_count; i++)
        assert_true(query.terms[i - 1].hash < query.terms[i].hash);
    for (size_t i = 1; i < query.gram_count; i++)
        assert_true(query.grams[i - 1] < query.grams[i]);
    free(text);
}

static int use_all(const struct mem *mem, void *ud)
{
    (void)ud;
    struct text_field fields[] = {{TEXT_NAME, STR("debugger")},
        {TEXT_DESCRIPTION, STR("Finds \xFF memory leaks.")},
        {TEXT_BODY, STR("Use valgrind.")}, {TEXT_NOT_FOR, STR("marketing")}};
    struct arena scratch;
    struct buf buf;
    struct text_index *index = NULL;
    struct text_query query;
    struct text_scores scores;
    struct text_word *words;
    size_t count;
    arena_init(&scratch, mem);
    buf_init(&buf, mem);
    int err = text_features(mem, fields, 4, &buf);
    struct str bytes = buf_str(&buf);
    if (err == NDF_OK) err = text_index_new(&index, mem, &bytes, 1);
    if (err == NDF_OK)
        err = text_query_make(&scratch, STR("memory \xFF leak"), &query);
    if (err == NDF_OK) err = text_index_score(index, &query, &scratch, &scores);
    if (err == NDF_OK)
        err = text_index_words(index, &query, 0, &scratch, &words, &count);
    text_index_free(index);
    buf_deinit(&buf);
    arena_deinit(&scratch);
    return err;
}

static void each_allocation_may_fail(void **state)
{
    (void)state;
    test_each_allocation_fails(use_all, NULL);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(features_are_the_same_every_time),
        TEST(a_document_without_words_is_valid),
        TEST(features_stay_within_their_limits),
        TEST(invalid_utf8_is_read_with_replacements),
        TEST(hostile_features_are_refused),
        TEST(the_document_with_the_words_wins),
        TEST(what_nobody_knows_is_told),
        TEST(words_of_not_for_speak_against),
        TEST(a_long_body_does_not_push_a_document_down),
        TEST(a_description_is_read_by_its_passages),
        TEST(many_tools_saturate),
        TEST(the_matching_words_are_named_by_weight),
        TEST(copies_have_one_identity_whatever_their_names),
        TEST(a_long_task_is_read_at_head_and_tail),
        TEST(a_task_of_very_many_words_is_bounded),
        cmocka_unit_test(each_allocation_may_fail),
    };
#undef TEST
    return cmocka_run_group_tests(tests, NULL, NULL);
}
