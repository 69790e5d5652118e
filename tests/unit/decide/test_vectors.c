/*
 * test_vectors.c - files of word vectors, good and hostile, and the meaning of
 * texts.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "decide/meaning.h"
#include "decide/selector.h"
#include "support/support.h"

/* Reads a text handed over in pieces of some size. */
static int read_pieces(const struct mem *mem, struct str text, size_t piece,
    struct vectors **out, ndf_error *error)
{
    struct vectors_reader *reader;
    *out = NULL;
    int err = vectors_reader_new(&reader, mem);
    while (err == NDF_OK && text.size > 0) {
        struct str head = text.size > piece ? str_until(text, piece) : text;
        err = vectors_reader_add(reader, head, error);
        text = str_from(text, head.size);
    }
    if (err == NDF_OK) err = vectors_reader_end(reader, out, error);
    vectors_reader_free(reader);
    return err;
}

static struct vectors *read_text(const char *text)
{
    struct vectors *vectors;
    ndf_error error = {0};
    if (read_pieces(&mem_libc, str_of(text), 4096, &vectors, &error) != NDF_OK)
        fail_msg("%s", error.message);
    return vectors;
}

/* The cosine of two texts; NAN when one of them has no known word. */
static double alike(const struct vectors *vectors, const char *a, const char *b)
{
    int8_t rows[2][VECTORS_DIMS_MAX];
    struct vectors_sum sums[2] = {{.words = 0}, {.words = 0}};
    assert_ok(vectors_add(vectors, &mem_libc, str_of(a), &sums[0]));
    assert_ok(vectors_add(vectors, &mem_libc, str_of(b), &sums[1]));
    double both = (double)vectors_row(vectors, &sums[0], rows[0]) *
                  (double)vectors_row(vectors, &sums[1], rows[1]);
    if (!(both > 0)) return NAN;
    return both * vectors_dot(rows[0], rows[1], vectors_row_size(vectors));
}

/* Two pairs of synonyms and a word of its own. */
#define ROWS                                                                   \
    "the 0.1 0.1 0.1\n"                                                        \
    "Money 1 0.1 0\n"                                                          \
    "cash 0.9 0.2 0\n"                                                         \
    "rain 0 0.1 1\n"                                                           \
    "weather 0.1 0 0.9\n"

static void both_formats_are_read(void **state)
{
    (void)state;
    static const char *const texts[] = {ROWS, "5 3\n" ROWS,
        "\n5 3 \r\nthe 0.1 0.1 0.1 \r\nMoney 1 0.1 0 \r\ncash 0.9 0.2 0\r\n"
        "rain\t0 0.1  1\r\n\r\nweather 1e-1 +0.0E0 .9"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct vectors *vectors = read_text(texts[i]);
        assert_int_equal(vectors_count(vectors), 5);
        assert_int_equal(vectors_row_size(vectors), VECTORS_STRIDE);
        assert_true(alike(vectors, "money", "cash") > 0.9);
        assert_true(alike(vectors, "money", "rain") < 0.1);
        vectors_unref(vectors);
    }
}

static void it_does_not_matter_where_bytes_are_cut(void **state)
{
    (void)state;
    for (size_t piece = 1; piece < 30; piece++) {
        struct vectors *vectors;
        assert_ok(
            read_pieces(&mem_libc, STR("5 3\n" ROWS), piece, &vectors, NULL));
        assert_int_equal(vectors_count(vectors), 5);
        assert_true(alike(vectors, "weather", "RAIN") > 0.9);
        vectors_unref(vectors);
    }
}

static void words_are_folded_and_parted(void **state)
{
    (void)state;
    struct vectors *vectors = read_text(ROWS);
    assert_true(alike(vectors, "ＭＯＮＥＹ", "getCash") > 0.9);
    assert_true(alike(vectors, "rain_today", "Weather-Report") > 0.9);
    assert_true(isnan(alike(vectors, "unknown words", "rain")));
    assert_true(isnan(alike(vectors, "", "rain")));
    assert_true(alike(vectors, "\xFF rain\xC3", "weather") > 0.9);
    vectors_unref(vectors);
}

static void the_first_of_words_that_fold_alike_is_taken(void **state)
{
    (void)state;
    struct vectors *vectors = read_text(ROWS "MONEY 0 0 1\nrain 1 0 0\n");
    assert_int_equal(vectors_count(vectors), 5);
    assert_true(alike(vectors, "money", "cash") > 0.9);
    vectors_unref(vectors);
}

static void rare_words_count_more(void **state)
{
    (void)state;
    struct vectors *vectors = read_text("common 1 0 0\na 0 1 0\nb 0 0 1\n"
                                        "c 0 1 1\nd 1 1 0\nrare 0 0 1\n");
    assert_true(alike(vectors, "common rare", "rare") >
                alike(vectors, "common rare", "common"));
    vectors_unref(vectors);
}

static void what_no_text_can_name_is_passed_over(void **state)
{
    (void)state;
    static const char *const lines[] = {", 1 2 3\n", "new_york 1 2 3\n",
        "\xFF\xFE 1 2 3\n", ". . . 1 2 3\n", "at name@host.com 1 2 3\n",
        "zero 0 0 0\n", "tiny 1e-99 0 -0.0e-999\n",
        "a234567890123456789012345678901234567890123456789012345678901234567890"
        " 1 2 3\n"};
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        char text[512];
        (void)snprintf(text, sizeof text, "%s%s", ROWS, lines[i]);
        struct vectors *vectors = read_text(text);
        if (vectors_count(vectors) != 5) fail_msg("taken: %s", lines[i]);
        vectors_unref(vectors);
    }
}

static void damaged_files_are_refused_with_the_line(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int code;
        unsigned line;
        const char *says;
    } rows[] = {
        {"", NDF_ESYNTAX, 0, "no word"},
        {"\n\r\n", NDF_ESYNTAX, 0, "no word"},
        {". 1 2\n", NDF_ESYNTAX, 0, "no word"},
        {"hello\n", NDF_ESYNTAX, 1, "expected a word and its numbers"},
        {"hello 1\n", NDF_ESYNTAX, 1, "expected a word and its numbers"},
        {"plain text of some kind\n", NDF_ESYNTAX, 1, "'text'"},
        {"10 1\n", NDF_ESYNTAX, 1, "expected a word"},
        {"10 1025\n", NDF_ELIMIT, 1, "1025 numbers"},
        {"a 1 2\nb 1\n", NDF_ESYNTAX, 2, "1 numbers where the first has 2"},
        {"a 1 2\nb\n", NDF_ESYNTAX, 2, "0 numbers where the first has 2"},
        {"a 1 2\nb 1 2 3\n", NDF_ESYNTAX, 2, "3 numbers where the first has 2"},
        {"a 1 2\nb 1 x\n", NDF_ESYNTAX, 2, "'x' is not a finite"},
        {"a 1 2\nb x 1 x\n", NDF_ESYNTAX, 2, "3 numbers"},
        {"a 1 2\n\nb nan 2\n", NDF_ESYNTAX, 3, "'nan'"},
        {"a 1 2\nb 1 -inf\n", NDF_ESYNTAX, 2, "'-inf'"},
        {"a 1 2\nb 1 1e10\n", NDF_ESYNTAX, 2, "'1e10'"},
        {"a 1 2\nb 1 1e999999999999\n", NDF_ESYNTAX, 2, "'1e99"},
        {"a 1 2\nb 1 1e\n", NDF_ESYNTAX, 2, "'1e'"},
        {"a 1 2\nb 1 .\n", NDF_ESYNTAX, 2, "'.'"},
        {"a 1 2\nb 1 1.2.3\n", NDF_ESYNTAX, 2, "'1.2.3'"},
        {"a 1 2\nb 1 0x10\n", NDF_ESYNTAX, 2, "'0x10'"},
        {"a 1 2\nb 1 99999999999999999999999999999999999999999999999999\n",
            NDF_ESYNTAX, 2, "'99999"},
        {"3 2\na 1 2\nb 1 2\n", NDF_ESYNTAX, 1, "3 words, but the file has 2"},
        {"1 2\na 1 2\nb 1 2\n", NDF_ESYNTAX, 1, "1 words, but the file has 2"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct vectors *vectors;
        ndf_error error = {0};
        int err =
            read_pieces(&mem_libc, str_of(rows[i].text), 7, &vectors, &error);
        assert_null(vectors);
        if (err != rows[i].code || error.line != rows[i].line ||
            strstr(error.message, rows[i].says) == NULL)
            fail_msg("%s: %d, line %u: %s", rows[i].text, err, error.line,
                error.message);
    }
}

static void limits_hold_at_the_limit(void **state)
{
    (void)state;
    struct vectors *vectors;
    ndf_error error = {0};
    char *text = malloc(VECTORS_LINE_MAX + 16);
    size_t size = (size_t)sprintf(text, "a 1 2");
    memset(text + size, ' ', VECTORS_LINE_MAX + 1 - size);
    text[VECTORS_LINE_MAX] = '\n';
    struct str all = {text, VECTORS_LINE_MAX + 1};
    assert_ok(read_pieces(&mem_libc, all, 1000, &vectors, &error));
    vectors_unref(vectors);
    text[VECTORS_LINE_MAX] = ' ';
    assert_int_equal(
        read_pieces(&mem_libc, all, 1000, &vectors, &error), NDF_ELIMIT);
    assert_int_equal(error.line, 1);
    free(text);
    struct buf wide;
    buf_init(&wide, &mem_libc);
    buf_add_str(&wide, STR("a"));
    for (int i = 0; i < VECTORS_DIMS_MAX; i++)
        buf_format(&wide, " %d", i);
    assert_ok(read_pieces(&mem_libc, buf_str(&wide), 4096, &vectors, &error));
    assert_int_equal(vectors_row_size(vectors), VECTORS_DIMS_MAX);
    vectors_unref(vectors);
    buf_add_str(&wide, STR(" 1"));
    assert_int_equal(
        read_pieces(&mem_libc, buf_str(&wide), 4096, &vectors, &error),
        NDF_ELIMIT);
    buf_deinit(&wide);
}

static void no_more_words_are_taken_than_the_limit(void **state)
{
    (void)state;
    struct vectors_reader *reader;
    struct vectors *vectors;
    char line[64];
    assert_ok(vectors_reader_new(&reader, &mem_libc));
    for (int i = 0; i < VECTORS_WORDS_MAX; i++) {
        assert_false(vectors_reader_full(reader));
        int size = snprintf(line, sizeof line, "w%d %d 1\n", i, i % 7);
        assert_ok(
            vectors_reader_add(reader, (struct str){line, (size_t)size}, NULL));
    }
    assert_true(vectors_reader_full(reader));
    assert_ok(vectors_reader_add(reader, STR("rubbish\nx 1 1\n"), NULL));
    assert_ok(vectors_reader_end(reader, &vectors, NULL));
    assert_int_equal(vectors_count(vectors), VECTORS_WORDS_MAX);
    vectors_reader_free(reader);
    vectors_unref(vectors);
}

static struct meaning *meaning_of(
    struct vectors *vectors, const char *const *texts, size_t count)
{
    struct meaning *meaning;
    assert_ok(meaning_new(&meaning, &mem_libc, vectors, count));
    for (size_t i = 0; i < count; i++) {
        struct text_field fields[] = {{TEXT_DESCRIPTION, str_of(texts[i])},
            {TEXT_BODY, STR("rain")}, {TEXT_NOT_FOR, STR("rain")}};
        assert_ok(meaning_set(meaning, i, fields, 3));
    }
    return meaning;
}

static void candidates_are_scored_by_meaning(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "Withdraw cash", "The weather", "xyzzy", ""};
    struct vectors *vectors = read_text(ROWS);
    struct meaning *meaning = meaning_of(vectors, texts, 4);
    struct evidence evidence = meaning_evidence(meaning);
    struct arena arena;
    float out[4];
    vectors_unref(vectors); /* what it is about is kept by it */
    arena_init(&arena, &mem_libc);
    assert_ok(evidence.score(evidence.ud, STR("my money"), &arena, out));
    assert_true(out[0] > 0.9F && out[0] <= 1);
    assert_true(out[1] >= 0 && out[1] < 0.1F);
    assert_true(isnan(out[2]) && isnan(out[3]));
    assert_ok(evidence.score(evidence.ud, STR("nothing known"), &arena, out));
    for (int i = 0; i < 4; i++)
        assert_true(isnan(out[i]));
    arena_deinit(&arena);
    meaning_free(meaning);
}

static void no_candidates_are_scored_too(void **state)
{
    (void)state;
    struct vectors *vectors = read_text(ROWS);
    struct meaning *meaning = meaning_of(vectors, NULL, 0);
    struct evidence evidence = meaning_evidence(meaning);
    struct arena arena;
    float out[1];
    arena_init(&arena, &mem_libc);
    assert_ok(evidence.score(evidence.ud, STR("money"), &arena, out));
    arena_deinit(&arena);
    meaning_free(meaning);
    vectors_unref(vectors);
}

/* Says the numbers that ud points to. */
static int say(const void *ud, struct str text, struct arena *arena, float *out)
{
    (void)text;
    (void)arena;
    memcpy(out, ud, 3 * sizeof *out);
    return NDF_OK;
}

static void providers_say_together_what_they_say_in_the_mean(void **state)
{
    (void)state;
    const float first[] = {0.2F, NAN, NAN};
    const float second[] = {0.6F, 0.5F, NAN};
    struct evidence_list list = {{{say, first}, {say, second}}, 0};
    struct arena arena;
    float *out;
    arena_init(&arena, &mem_libc);
    assert_ok(evidence_ask(&list, STR("x"), &arena, 3, &out));
    assert_null(out);
    list.count = 2;
    assert_ok(evidence_ask(&list, STR("x"), &arena, 3, &out));
    assert_true(fabsf(out[0] - 0.4F) < 1e-6F);
    assert_true(out[1] == 0.5F && out[2] == 0);
    arena_deinit(&arena);
}

/* ---- in a choice --------------------------------------------------------- */

static struct arena choice_arena;

/* Three candidates, of which none shares a word with "money". */
static struct selector *selector_of(struct meaning *meaning)
{
    static const char *const texts[] = {
        "Withdraw cash", "The weather", "xyzzy"};
    static struct candidate candidates[3];
    struct selector *selector;
    for (size_t i = 0; i < 3; i++) {
        struct text_field field = {TEXT_DESCRIPTION, str_of(texts[i])};
        struct buf buf;
        buf_init(&buf, &mem_libc);
        assert_ok(text_features(&mem_libc, &field, 1, &buf));
        candidates[i] = (struct candidate){.name = str_of(texts[i]),
            .key = i + 1,
            .features = arena_str(&choice_arena, buf_str(&buf))};
        buf_deinit(&buf);
    }
    assert_ok(selector_new(&selector, &mem_libc, candidates, 3, NULL, NULL));
    if (meaning != NULL)
        assert_ok(selector_add_evidence(selector, meaning_evidence(meaning)));
    return selector;
}

static void ask_for_money(
    const struct selector *selector, struct selection *out, struct buf *lesson)
{
    const struct context context = {
        .text = STR("money"), .attributes = value_of_object()};
    const struct selector_query query = {
        .context = &context, .config = selector_config_default()};
    assert_ok(selector_select(selector, &query, &choice_arena, out));
    double excuse;
    buf_init(lesson, &mem_libc);
    const struct selector_word word = {LESSON_RIGHT, 1, 1};
    assert_ok(selector_lesson(selector, &query, &word, lesson, &excuse));
}

static void what_means_the_same_is_chosen_from(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "Withdraw cash", "The weather", "xyzzy"};
    struct selection selection;
    struct buf bytes;
    struct lesson lesson;
    arena_init(&choice_arena, &mem_libc);
    struct selector *selector = selector_of(NULL);
    ask_for_money(selector, &selection, &bytes);
    assert_int_equal(selection.count, 0);
    buf_deinit(&bytes);
    selector_free(selector);

    struct vectors *vectors = read_text(ROWS);
    struct meaning *meaning = meaning_of(vectors, texts, 3);
    selector = selector_of(meaning);
    ask_for_money(selector, &selection, &bytes);
    assert_int_equal(selection.count, 1);
    assert_int_equal(selection.ranked[0].candidate, 0);
    bool named = false;
    for (size_t i = 0; i < selection.ranked[0].factor_count; i++)
        named |= selection.ranked[0].factors[i].kind == FIT_MEANING &&
                 selection.ranked[0].factors[i].value > 0.9;
    assert_true(named);
    assert_ok(lesson_decode(&choice_arena, bytes.at, bytes.size, &lesson));
    assert_int_equal(lesson.rival_count, 1);
    assert_true(lesson.rivals[0].meaning > 0.9F);
    buf_deinit(&bytes);
    for (int i = 1; i < EVIDENCE_PROVIDERS_MAX; i++)
        assert_ok(selector_add_evidence(selector, meaning_evidence(meaning)));
    assert_int_equal(
        selector_add_evidence(selector, meaning_evidence(meaning)), NDF_ELIMIT);
    selector_free(selector);
    meaning_free(meaning);
    vectors_unref(vectors);
    arena_deinit(&choice_arena);
}

static int read_and_score(const struct mem *mem, void *ud)
{
    (void)ud;
    struct vectors *vectors;
    struct meaning *meaning = NULL;
    struct arena arena;
    struct text_field field = {TEXT_NAME, STR("cash\xFF")};
    float *out;
    arena_init(&arena, mem);
    int err = read_pieces(mem, STR("5 3\n" ROWS), 9, &vectors, NULL);
    if (err == NDF_OK) err = meaning_new(&meaning, mem, vectors, 1);
    if (err == NDF_OK) err = meaning_set(meaning, 0, &field, 1);
    if (err == NDF_OK) {
        struct evidence_list list = {{meaning_evidence(meaning)}, 1};
        err = evidence_ask(&list, STR("money"), &arena, 1, &out);
    }
    meaning_free(meaning);
    vectors_unref(vectors);
    arena_deinit(&arena);
    return err;
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    test_each_allocation_fails(read_and_score, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_formats_are_read),
        cmocka_unit_test(it_does_not_matter_where_bytes_are_cut),
        cmocka_unit_test(words_are_folded_and_parted),
        cmocka_unit_test(the_first_of_words_that_fold_alike_is_taken),
        cmocka_unit_test(rare_words_count_more),
        cmocka_unit_test(what_no_text_can_name_is_passed_over),
        cmocka_unit_test(damaged_files_are_refused_with_the_line),
        cmocka_unit_test(limits_hold_at_the_limit),
        cmocka_unit_test(no_more_words_are_taken_than_the_limit),
        cmocka_unit_test(candidates_are_scored_by_meaning),
        cmocka_unit_test(no_candidates_are_scored_too),
        cmocka_unit_test(providers_say_together_what_they_say_in_the_mean),
        cmocka_unit_test(what_means_the_same_is_chosen_from),
        cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
