/*
 * test_tokens.c - words, stems and 4-grams.
 */
#include <string.h>

#include "decide/tokens.h"
#include "support/support.h"

/* All words of a text with a blank between. */
static void words_of(const char *text, struct buf *out)
{
    struct tokens tokens;
    struct str word;
    buf_init(out, &mem_libc);
    tokens_init(&tokens, &mem_libc, str_of(text));
    while (tokens_next(&tokens, &word)) {
        if (out->size > 0) buf_add_char(out, ' ');
        buf_add_str(out, word);
    }
    assert_int_equal(tokens_error(&tokens), 0);
    tokens_deinit(&tokens);
}

static void words_come_apart_where_people_see_it(void **state)
{
    (void)state;
    static const struct {
        const char *text, *words;
    } rows[] = {
        {"", ""}, {" -- !", ""}, {"Find the leak.", "find the leak"},
        {"getHealthWorkforce", "get health workforce gethealthworkforce"},
        {"snake_case-and.dots", "snake case and dots"},
        {"HTTPServer", "http server httpserver"}, {"GitHub", "git hub github"},
        {"UPPER lower", "upper lower"}, {"s3 k8s gpt4", "s3 k8s gpt4"},
        {"C++ and c#, F#", "cpp and csharp fsharp"}, {"a++ c+", "app c"},
        {"it's l\xE2\x80\x99homme", "it s l homme"},
        {"\xC3\x84RGER na\xC3\xAFve", "\xC3\xA4rger na\xC3\xAFve"},
        {"Stra\xC3\x9F"
         "e",
            "strasse"},
        {"\xE5\x86\x85\xE5\xAD\x98\xE6\xB3\x84",
            "\xE5\x86\x85\xE5\xAD\x98 \xE5\xAD\x98\xE6\xB3\x84"},
        {"\xE5\x86\x85", "\xE5\x86\x85"}, {"a\xE5\x86\x85", "a \xE5\x86\x85"},
        {"\xEF\xBC\xA1\xEF\xBC\xA2", "ab"}, /* full-width letters */
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct buf words;
        words_of(rows[i].text, &words);
        assert_string_equal(buf_str(&words).at, rows[i].words);
        buf_deinit(&words);
    }
}

static void a_very_long_run_is_cut_into_words(void **state)
{
    (void)state;
    char text[1001];
    struct buf words;
    memset(text, 'a', 1000);
    text[1000] = '\0';
    words_of(text, &words);
    assert_int_equal(words.size, 1000 + 1000 / TOKENS_WORD_MAX);
    buf_deinit(&words);
}

static void forms_of_a_word_meet(void **state)
{
    (void)state;
    static const char *const same[][2] = {
        {"test", "tests"},
        {"test", "testing"},
        {"test", "tester"},
        {"run", "running"},
        {"fail", "failed"},
        {"debug", "debugger"},
        {"cache", "caching"},
        {"query", "queries"},
        {"leak", "leaks"},
        {"class", "classes"},
    };
    static const char *const other[][2] = {
        {"string", "str"},
        {"need", "ne"},
        {"focus", "focu"},
        {"status", "statu"},
        {"sing", "s"},
        {"memory", "leak"},
    };
    for (size_t i = 0; i < sizeof same / sizeof same[0]; i++)
        assert_int_equal(
            tokens_hash(str_of(same[i][0])), tokens_hash(str_of(same[i][1])));
    for (size_t i = 0; i < sizeof other / sizeof other[0]; i++)
        assert_int_not_equal(
            tokens_hash(str_of(other[i][0])), tokens_hash(str_of(other[i][1])));
}

static void other_scripts_are_left_as_they_are(void **state)
{
    (void)state;
    /* German "Prüfer" keeps its ending: only words of ASCII are stemmed. */
    assert_int_not_equal(tokens_hash(STR("pr\xC3\xBC"
                                         "fer")),
        tokens_hash(STR("pr\xC3\xBC"
                        "f")));
}

static void a_hash_tells_how_long_the_word_is(void **state)
{
    (void)state;
    static const struct {
        const char *word;
        unsigned class;
    } rows[] = {
        {"a", 0},
        {"of", 0},
        {"the", 1},
        {"leak", 2},
        {"leaks", 2},
        {"memory", 3},
        {"\xE5\x86\x85\xE5\xAD\x98", 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_int_equal(
            tokens_class(tokens_hash(str_of(rows[i].word))), rows[i].class);
}

static void grams_overlap_and_are_padded(void **state)
{
    (void)state;
    uint32_t grams[TOKENS_WORD_GRAMS_MAX];
    uint32_t more[TOKENS_WORD_GRAMS_MAX];
    assert_int_equal(tokens_grams(STR(""), grams), 0);
    assert_int_equal(tokens_grams(STR("a"), grams), 1);
    assert_int_equal(tokens_grams(STR("leak"), grams), 3);
    assert_int_equal(tokens_grams(STR("leaks"), more), 4);
    assert_int_equal(grams[0], more[0]);
    assert_int_equal(grams[1], more[1]);
    assert_int_not_equal(grams[2], more[2]);
    char longest[300];
    memset(longest, 'x', sizeof longest);
    assert_int_equal(
        tokens_grams((struct str){longest, 254}, grams), TOKENS_WORD_GRAMS_MAX);
    assert_int_equal(tokens_grams((struct str){longest, 255}, grams), 0);
}

static int read_all(const struct mem *mem, void *ud)
{
    struct tokens tokens;
    struct str word;
    tokens_init(&tokens, mem, str_of(ud));
    while (tokens_next(&tokens, &word))
        ;
    int err = tokens_error(&tokens);
    tokens_deinit(&tokens);
    return err;
}

static void running_out_of_memory_is_told(void **state)
{
    (void)state;
    char text[] = "camelCase \xC3\x84rger C++";
    test_each_allocation_fails(read_all, text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_come_apart_where_people_see_it),
        cmocka_unit_test(a_very_long_run_is_cut_into_words),
        cmocka_unit_test(forms_of_a_word_meet),
        cmocka_unit_test(other_scripts_are_left_as_they_are),
        cmocka_unit_test(a_hash_tells_how_long_the_word_is),
        cmocka_unit_test(grams_overlap_and_are_padded),
        cmocka_unit_test(running_out_of_memory_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
