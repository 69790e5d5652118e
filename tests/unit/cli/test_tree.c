/*
 * test_tree.c - tests of a run drawn as a tree, from its records.
 */
#include <stdlib.h>
#include <string.h>

#include "cli/tree.h"
#include "support/support.h"

static const char plan[] =
    "{\"kind\":\"plan\",\"at_ms\":1000,\"body\":{\"plan\":{\"phases\":["
    "{\"id\":\"build\",\"plans\":[{\"id\":\"build/"
    "make\",\"root\":{\"children\":"
    "[{\"id\":\"build/make/one\",\"step\":{}},"
    "{\"id\":\"build/make/two\",\"step\":{}}]}}]},"
    "{\"id\":\"ship\",\"select\":true}]}}}";

static void take(struct tree *tree, const char *text)
{
    json_t *record = json_loads(text, 0, NULL);
    assert_non_null(record);
    tree_record(tree, record);
    json_decref(record);
}

/* The lines of a frame; the caller's to free. */
static char *draw(const struct tree *tree, size_t columns, size_t rows)
{
    char *text = NULL;
    size_t size = 0;
    struct term term = {.unicode = true};
    term.file = open_memstream(&text, &size);
    assert_non_null(term.file);
    const struct tree_view view = {
        .now_ms = 5000, .rows = rows, .columns = columns, .stops = ""};
    tree_draw(tree, &term, &view);
    assert_int_equal(fclose(term.file), 0);
    return text;
}

static size_t lines_of(char *text, size_t columns)
{
    size_t count = 0;
    for (char *end; (end = strchr(text, '\n')) != NULL; text = end + 1) {
        *end = '\0';
        assert_true(term_columns(text) <= columns);
        count++;
    }
    return count;
}

static void says(const struct tree *tree, const char *what)
{
    char *text = draw(tree, 100, 50);
    if (strstr(text, what) == NULL) fail_msg("no '%s' in:\n%s", what, text);
    free(text);
}

static struct tree *tree_at_work(void)
{
    struct tree *tree = tree_new();
    take(tree, plan);
    take(tree, "{\"kind\":\"intent\",\"at_ms\":1500,\"body\":{\"step\":"
               "\"build/make/one\",\"attempt\":1}}");
    take(tree, "{\"kind\":\"result\",\"at_ms\":3500,\"body\":{\"step\":"
               "\"build/make/one\",\"attempt\":1,\"ok\":true,\"latency_ms\":"
               "2000,\"usage\":{\"tokens\":1500,\"cost\":0.5}}}");
    take(tree, "{\"kind\":\"intent\",\"at_ms\":3500,\"body\":{\"step\":"
               "\"build/make/two\",\"attempt\":2}}");
    return tree;
}

static void steps_tell_time_attempts_and_cost(void **state)
{
    (void)state;
    struct tree *tree = tree_at_work();
    says(tree, "\xE2\x9C\x93 one");
    says(tree, "2.0s  1.5k tokens, cost 0.50\n");
    says(tree, "1.5s  attempt 2\n");
    says(tree, "1 of 2 steps done, 4.0s, 1.5k tokens, cost 0.50\n");
    tree_free(tree);
}

static void what_was_not_declared_is_said(void **state)
{
    (void)state;
    struct tree *tree = tree_at_work();
    take(tree, "{\"kind\":\"result\",\"body\":{\"step\":\"build/make/two\","
               "\"ok\":true,\"violations\":[{\"field\":\"domain\"},"
               "{\"field\":\"attributes.x\"}]}}");
    says(tree, "attempt 2, undeclared: domain, attributes.x\n");
    tree_free(tree);
}

static void a_chosen_pattern_is_put_into_its_phase(void **state)
{
    (void)state;
    struct tree *tree = tree_at_work();
    take(tree, "{\"kind\":\"phase_select\",\"body\":{\"phase\":\"ship\","
               "\"plan\":{\"id\":\"ship/it\",\"root\":{\"id\":\"ship/it/go\","
               "\"step\":{}}}}}");
    says(tree, "\xC2\xB7 ship\n    \xC2\xB7 it\n      \xC2\xB7 go\n");
    tree_free(tree);
}

static void groups_are_what_was_said_of_them(void **state)
{
    (void)state;
    struct tree *tree = tree_at_work();
    take(tree, "{\"kind\":\"result\",\"at_ms\":4000,\"body\":{\"step\":"
               "\"build/make/two\",\"ok\":false,\"error\":\"it broke\"}}");
    take(tree, "{\"kind\":\"phase_end\",\"body\":{\"phase\":\"build\","
               "\"ok\":true}}");
    says(tree, "\xE2\x9C\x93 build");
    says(tree, "\xE2\x9C\x97 two");
    says(tree, "it broke");
    take(tree, "{\"kind\":\"undo_intent\",\"at_ms\":4500,\"body\":{\"step\":"
               "\"build/make/one\",\"attempt\":1}}");
    says(tree, "undoing");
    take(tree, "{\"kind\":\"undo_result\",\"at_ms\":4600,\"body\":{\"step\":"
               "\"build/make/one\",\"ok\":true}}");
    says(tree, "undone");
    tree_free(tree);
}

static void why_a_group_failed_is_said_once(void **state)
{
    (void)state;
    struct tree *tree = tree_at_work();
    take(tree, "{\"kind\":\"result\",\"at_ms\":4000,\"body\":{\"step\":"
               "\"build/make/two\",\"ok\":false,\"error\":\"it broke\"}}");
    take(tree, "{\"kind\":\"pattern_end\",\"body\":{\"pattern\":"
               "\"build/make\",\"state\":\"failed\",\"error\":"
               "\"step 'build/make/two' failed: it broke\"}}");
    take(tree, "{\"kind\":\"phase_end\",\"body\":{\"phase\":\"build\","
               "\"ok\":false,\"error\":\"it lasted too long\"}}");
    says(tree, "\xE2\x9C\x97 make\n");
    says(tree, "it broke");
    says(tree, "it lasted too long");
    tree_free(tree);
}

static void a_denial_is_shown(void **state)
{
    (void)state;
    struct tree *tree = tree_at_work();
    take(tree, "{\"kind\":\"approve\",\"body\":{\"step\":\"build/make/two\","
               "\"approved\":true}}");
    char *text = draw(tree, 100, 50);
    assert_null(strstr(text, "denied"));
    free(text);
    take(tree, "{\"kind\":\"approve\",\"body\":{\"step\":\"build/make/two\","
               "\"approved\":false}}");
    says(tree, "\xE2\x9C\x97 two");
    says(tree, "denied\n");
    tree_free(tree);
}

static void what_was_taken_back_did_not_fail(void **state)
{
    (void)state;
    struct tree *tree = tree_at_work();
    take(tree, "{\"kind\":\"result\",\"at_ms\":4000,\"body\":{\"step\":"
               "\"build/make/two\",\"ok\":true}}");
    take(tree, "{\"kind\":\"pattern_end\",\"body\":{\"pattern\":"
               "\"build/make\",\"state\":\"succeeded\"}}");
    take(tree, "{\"kind\":\"phase_end\",\"body\":{\"phase\":\"build\","
               "\"ok\":true}}");
    says(tree, "\xE2\x9C\x93 build\n    \xE2\x9C\x93 make\n");
    take(tree, "{\"kind\":\"pattern_end\",\"body\":{\"pattern\":"
               "\"build/make\",\"state\":\"cancelled\",\"evidence\":"
               "\"rollback\",\"error\":\"'ship' did not succeed\"}}");
    says(tree, "\xE2\x86\xB6 build\n    \xE2\x86\xB6 make\n");
    tree_free(tree);
}

static void what_was_open_in_the_end_is_in_doubt(void **state)
{
    (void)state;
    struct tree *tree = tree_at_work();
    take(tree, "{\"kind\":\"end\",\"at_ms\":9000,\"body\":{\"state\":"
               "\"in_doubt\"}}");
    says(tree, "in doubt");
    says(tree, "8.0s");
    tree_free(tree);
}

static void no_line_is_too_wide_and_no_frame_too_high(void **state)
{
    (void)state;
    struct tree *tree = tree_at_work();
    take(tree, "{\"kind\":\"result\",\"at_ms\":4000,\"body\":{\"step\":"
               "\"build/make/two\",\"ok\":false,\"error\":\"a sentence that is "
               "much longer than any terminal is wide, with wide letters "
               "\xE6\xBC\xA2\xE5\xAD\x97\xE6\xBC\xA2\xE5\xAD\x97 in it, and "
               "then some more words to the end of it\"}}");
    for (size_t columns = 19; columns < 140; columns++) {
        char *text = draw(tree, columns, 50);
        assert_int_equal(lines_of(text, columns), 6);
        free(text);
    }
    for (size_t rows = 2; rows < 6; rows++) {
        char *text = draw(tree, 80, rows);
        assert_int_equal(lines_of(text, 80), rows);
        free(text);
    }
    tree_free(tree);
}

static void strange_records_do_no_harm(void **state)
{
    (void)state;
    struct tree *tree = tree_new();
    take(tree, "{}");
    take(tree, "{\"kind\":\"result\",\"body\":{}}");
    take(tree, "{\"kind\":\"intent\",\"body\":{\"step\":\"new\"}}");
    take(tree, "{\"kind\":\"of_tomorrow\",\"body\":[1]}");
    take(tree, "{\"kind\":\"phase_select\",\"body\":{\"phase\":\"x\","
               "\"plan\":{}}}");
    says(tree, "new");
    tree_free(tree);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(steps_tell_time_attempts_and_cost),
        cmocka_unit_test(what_was_not_declared_is_said),
        cmocka_unit_test(a_chosen_pattern_is_put_into_its_phase),
        cmocka_unit_test(groups_are_what_was_said_of_them),
        cmocka_unit_test(why_a_group_failed_is_said_once),
        cmocka_unit_test(a_denial_is_shown),
        cmocka_unit_test(what_was_taken_back_did_not_fail),
        cmocka_unit_test(what_was_open_in_the_end_is_in_doubt),
        cmocka_unit_test(no_line_is_too_wide_and_no_frame_too_high),
        cmocka_unit_test(strange_records_do_no_harm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
