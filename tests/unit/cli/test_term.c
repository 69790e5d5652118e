/*
 * test_term.c - tests of what the command writes for people.
 */
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "support/support.h"

/* A terminal of this width that writes into memory. */
struct screen {
    struct term term;
    char *text;
    size_t size;
};

static void screen_open(struct screen *screen, size_t width)
{
    memset(screen, 0, sizeof *screen);
    screen->term.file = open_memstream(&screen->text, &screen->size);
    assert_non_null(screen->term.file);
    screen->term.unicode = true;
    screen->term.width = width;
}

static const char *screen_text(struct screen *screen)
{
    assert_int_equal(fflush(screen->term.file), 0);
    return screen->text;
}

static void screen_close(struct screen *screen)
{
    assert_int_equal(fclose(screen->term.file), 0);
    free(screen->text);
}

static void nothing_steers_the_terminal(void **state)
{
    (void)state;
    static const struct {
        const char *text, *clean;
    } rows[] = {
        {"plain \xC3\xA9\n\tx", "plain \xC3\xA9\n\tx"},
        {"a\033[31mred\033[0m b", "ared b"},
        {"a\033]0;title\007b", "ab"},
        {"a\033]8;;http://x\033\\link\033]8;;\033\\b", "alinkb"},
        {"a\033Pq#1\033\\b", "ab"},
        {"a\033(Bb\033cc", "abc"},
        {"a\033", "a"},
        {"a\033[", "a"},
        {"a\033[1;2", "a"},
        {"a\033]never ended\nnext", "a\nnext"},
        {"a\xC2\x9B"
         "31mb",
            "ab"},
        {"a\xC2\x9D"
         "0;t\007b",
            "ab"},
        {"a\r\bb\x7F\x01", "ab"},
        {"a\xFF\xC3(b", "a\xEF\xBF\xBD\xEF\xBF\xBD(b"},
        {"\xE2\x80\xAE"
         "evil\xE2\x81\xA6",
            "evil"},
        {"\xED\xA0\x80", "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD"},
        {"\xF0\x9F\x98\x80\xF4\x90\x80\x80",
            "\xF0\x9F\x98\x80\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct screen screen;
        screen_open(&screen, 80);
        term_clean(&screen.term, rows[i].text, strlen(rows[i].text));
        assert_string_equal(screen_text(&screen), rows[i].clean);
        screen_close(&screen);
    }
}

static void a_line_is_cut_to_its_columns(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t columns;
        const char *line;
    } rows[] = {
        {"abcdef", 0, "abcdef"},
        {"abcdef", 6, "abcdef"},
        {"abcdef", 4, "abc\xE2\x80\xA6"},
        {"a\nb\tc", 0, "a b c"},
        {"\xE4\xB8\xAD\xE6\x96\x87", 4, "\xE4\xB8\xAD\xE6\x96\x87"},
        {"\xE4\xB8\xAD\xE6\x96\x87", 3, "\xE4\xB8\xAD\xE2\x80\xA6"},
        {"e\xCC\x81x", 2, "e\xCC\x81x"},
        {"\033[1mab\033[0m", 2, "ab"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct screen screen;
        screen_open(&screen, 80);
        (void)term_line(&screen.term, rows[i].text, rows[i].columns);
        assert_string_equal(screen_text(&screen), rows[i].line);
        screen_close(&screen);
    }
}

static void columns_of_a_table_line_up(void **state)
{
    (void)state;
    struct screen screen;
    screen_open(&screen, 0);
    struct table *table = table_new("lrl");
    table_row(table, (const char *[]){"name", "n", "text"});
    table_row(table, (const char *[]){"a", "1", "one"});
    table_row(table, (const char *[]){"\xC3\xA9t\xC3\xA9", "22", "t\033[2Jwo"});
    table_style(table, 0, STYLE_BOLD);
    table_print(table, &screen.term);
    assert_string_equal(screen_text(&screen),
        "name   n  text\na      1  one\n\xC3\xA9t\xC3\xA9   22  two\n");
    screen_close(&screen);
}

static void the_last_column_is_cut_on_a_terminal_only(void **state)
{
    (void)state;
    const char *text = "a rather long description of what it does";
    for (size_t width = 0; width <= 40; width += 40) {
        struct screen screen;
        screen_open(&screen, width);
        struct table *table = table_new("ll");
        table_row(table, (const char *[]){"name", "text"});
        table_row(table, (const char *[]){"abcdefgh", text});
        table_print(table, &screen.term);
        bool whole = strstr(screen_text(&screen), text) != NULL;
        assert_int_equal(whole, width == 0);
        screen_close(&screen);
    }
}

static void a_table_without_rows_says_nothing(void **state)
{
    (void)state;
    struct screen screen;
    screen_open(&screen, 80);
    struct table *table = table_new("l");
    table_row(table, (const char *[]){"head"});
    table_print(table, &screen.term);
    assert_string_equal(screen_text(&screen), "");
    screen_close(&screen);
}

static void times_read_well(void **state)
{
    (void)state;
    static const struct {
        uint64_t ms;
        const char *text;
    } rows[] = {{0, "0.0s"}, {499, "0.4s"}, {12345, "12.3s"}, {59999, "59.9s"},
        {125000, "2m 05s"}, {3720000, "1h 02m"}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char text[TERM_TIME_SIZE];
        term_duration(rows[i].ms, text);
        assert_string_equal(text, rows[i].text);
    }
}

static void a_document_prints_in_the_manner_of_yaml(void **state)
{
    (void)state;
    struct screen screen;
    screen_open(&screen, 80);
    json_t *value = json_loads("{\"pattern\": \"a.b\", \"steps\": [{\"scan\": "
                               "{\"run\": [\"x\", 1], \"wait\": 1.5}}], "
                               "\"body\": \"one\\ntwo\\u001b[2J\", \"e\": {}, "
                               "\"f\": [], \"t\": true, \"n\": null}",
        0, NULL);
    assert_non_null(value);
    cli_print_value(&screen.term, value, 0);
    assert_string_equal(screen_text(&screen),
        "pattern: a.b\nsteps:\n  - scan:\n      run: [x, 1]\n"
        "      wait: 1.5\nbody: |\n  one\n  two\ne: {}\nf: []\nt: true\n"
        "n: null\n");
    json_decref(value);
    screen_close(&screen);
}

static void a_long_word_loses_its_middle(void **state)
{
    (void)state;
    char text[1024] = "cannot read ";
    for (size_t i = 0; i < 150; i++)
        memcpy(text + 12 + 2 * i, i == 149 ? "/z" : "\xC3\xA9", 3);
    memcpy(text + 312, ": too long", 11);
    cli_cut_words(text);
    assert_int_equal(strlen(text), 12 + 60 + 3 + 99 + strlen(" too long"));
    assert_memory_equal(text, "cannot read \xC3\xA9", 14);
    assert_memory_equal(text + 12 + 60, "...\xC3\xA9", 5);
    assert_string_equal(text + strlen(text) - 12, "/z: too long");
    char plain[] = "a sentence as  it is\n";
    cli_cut_words(plain);
    assert_string_equal(plain, "a sentence as  it is\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_steers_the_terminal),
        cmocka_unit_test(a_line_is_cut_to_its_columns),
        cmocka_unit_test(columns_of_a_table_line_up),
        cmocka_unit_test(the_last_column_is_cut_on_a_terminal_only),
        cmocka_unit_test(a_table_without_rows_says_nothing),
        cmocka_unit_test(times_read_well),
        cmocka_unit_test(a_document_prints_in_the_manner_of_yaml),
        cmocka_unit_test(a_long_word_loses_its_middle),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
