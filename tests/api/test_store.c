/*
 * test_store.c - what a host keeps: documents one by one, bytes of its own,
 * outcomes in bulk.
 */
#include <stdio.h>
#include <stdlib.h>

#include "api/api.h"

static const int64_t for_ever = INT64_MAX;

static char *load(struct fixture *fixture, const char *name, ndf_stored *stored)
{
    ndf_text *text;
    int err = ndf_load(fixture->engine, name, &text, stored, &fixture->error);
    if (err != NDF_OK) fail_msg("%s", fixture->error.message);
    char *copy = strdup(ndf_text_data(text));
    ndf_text_free(text);
    return copy;
}

static void assert_loads(
    struct fixture *fixture, const char *name, const char *document)
{
    ndf_stored stored;
    char *text = load(fixture, name, &stored);
    assert_string_equal(text, document);
    assert_int_equal(stored.bytes, strlen(document));
    assert_true(stored.stored_bytes > 0);
    assert_true(stored.stored_bytes <= stored.bytes);
    assert_true(stored.updated_ms > 0);
    free(text);
}

static void assert_not_loaded(
    struct fixture *fixture, const char *name, int code)
{
    ndf_text *text;
    ndf_stored stored;
    int err = ndf_load(fixture->engine, name, &text, &stored, &fixture->error);
    assert_int_equal(err, code);
    assert_int_equal(fixture->error.code, code);
    assert_null(text);
    assert_int_equal(stored.bytes, 0);
}

/* ---- loading --------------------------------------------------------------
 */

static void a_document_is_loaded_by_its_name(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_open(&fixture);
    fixture_register(
        &fixture, "pattern: p\ndescription: Does it.\nsteps: [one, two]");
    static const char document[] =
        "{\"description\":\"Does it.\",\"pattern\":\"p\","
        "\"steps\":[{\"one\":{}},{\"two\":{}}]}";
    assert_loads(&fixture, "p", document);
    assert_loads(&fixture, "host/p", document);
    assert_not_loaded(&fixture, "q", NDF_ENOTFOUND);
    assert_not_loaded(&fixture, "", NDF_ENOTFOUND);
    assert_not_loaded(&fixture, "host/q", NDF_ENOTFOUND);
    assert_not_loaded(&fixture, "other/p", NDF_ENOTFOUND);
    char *endless = calloc(1, 5000);
    memset(endless, 'x', 4999);
    assert_not_loaded(&fixture, endless, NDF_ENOTFOUND);
    free(endless);
    assert_not_loaded(&fixture, NULL, NDF_EINVAL);
    fixture_close(&fixture);
}

static void import_file(struct fixture *fixture, const char *source,
    const char *file, const char *text)
{
    ndf_text *report;
    test_write(&fixture->dir, file, text);
    int err = ndf_import(fixture->engine, test_path(&fixture->dir, file),
        source, NULL, &report, &fixture->error);
    if (err != NDF_OK) fail_msg("%s", fixture->error.message);
    ndf_text_free(report);
}

static void a_name_of_several_sources_must_say_which(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_open(&fixture);
    import_file(&fixture, "one", "1.yaml", "agent: a\ndescription: First.");
    assert_loads(&fixture, "a", "{\"agent\":\"a\",\"description\":\"First.\"}");
    /* The same document twice is no question. */
    import_file(&fixture, "two", "2.yaml", "agent: a\ndescription: First.");
    assert_loads(&fixture, "a", "{\"agent\":\"a\",\"description\":\"First.\"}");
    import_file(&fixture, "three", "3.yaml", "agent: a\ndescription: Third.");
    assert_not_loaded(&fixture, "a", NDF_EREFERENCE);
    assert_non_null(strstr(fixture.error.message, "one/a, two/a, three/a"));
    assert_loads(
        &fixture, "three/a", "{\"agent\":\"a\",\"description\":\"Third.\"}");
    /* The host's own comes first. */
    fixture_register(&fixture, "agent: a\ndescription: Mine.");
    assert_loads(&fixture, "a", "{\"agent\":\"a\",\"description\":\"Mine.\"}");
    assert_int_equal(ndf_unregister(fixture.engine, "a", NULL), NDF_OK);
    assert_not_loaded(&fixture, "a", NDF_EREFERENCE);
    assert_int_equal(ndf_unregister(fixture.engine, "two/a", NULL), NDF_OK);
    assert_not_loaded(&fixture, "two/a", NDF_ENOTFOUND);
    fixture_close(&fixture);
}

/* ---- what is replaced leaves nothing --------------------------------------
 */

static int64_t count_contents(struct fixture *fixture)
{
    ndf_text *text;
    assert_int_equal(
        ndf_check(fixture->engine, &text, &fixture->error), NDF_OK);
    json_t *report = parse_text(text);
    assert_true(json_is_true(json_object_get(report, "ok")));
    int64_t count = json_integer_value(json_object_get(report, "contents"));
    json_decref(report);
    return count;
}

static void what_is_replaced_or_unregistered_leaves_nothing(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_open(&fixture);
    for (int i = 0; i < 20; i++) {
        char text[128];
        (void)snprintf(text, sizeof text,
            "{\"agent\":\"a\",\"description\":\"Number %d.\"}", i);
        assert_int_equal(
            ndf_register(fixture.engine, text, strlen(text), 1, &fixture.error),
            NDF_OK);
    }
    assert_int_equal(count_contents(&fixture), 1);
    /* Another entry has the document too. */
    import_file(&fixture, "one", "1.yaml", "agent: a\ndescription: Number 19.");
    assert_int_equal(count_contents(&fixture), 1);
    assert_int_equal(ndf_unregister(fixture.engine, "host/a", NULL), NDF_OK);
    assert_int_equal(count_contents(&fixture), 1);
    assert_int_equal(ndf_unregister(fixture.engine, "a", NULL), NDF_OK);
    assert_int_equal(count_contents(&fixture), 0);
    fixture_close(&fixture);
}

static int say_done(void *ud, const ndf_call *call, ndf_reply *reply)
{
    (void)ud;
    (void)call;
    /* Too large for a record: it is kept apart. */
    char *large = malloc(20000);
    memset(large, 'y', 20000);
    int err = ndf_reply_output(reply, large, 20000);
    free(large);
    return err;
}

/* Another engine on the file stands for another process. */
static void a_run_finds_what_another_process_replaced(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_open(&fixture);
    assert_int_equal(
        ndf_bind(fixture.engine, "one", say_done, NULL, NULL), NDF_OK);
    fixture_register(
        &fixture, "pattern: p\ndescription: Count the words.\nsteps: [one]");
    assert_int_equal(fixture_run(&fixture, "p", "do it", NULL), 1);
    fixture_register(
        &fixture, "pattern: q\ndescription: Count the words.\nsteps: [one]");
    json_decref(fixture_show(&fixture, "q")); /* the picture is read */
    ndf_engine *other;
    ndf_options options = NDF_OPTIONS_INIT;
    options.path = fixture.store;
    options.home = fixture.home;
    assert_int_equal(ndf_open(&other, &options, &fixture.error), NDF_OK);
    static const char anew[] =
        "{\"pattern\":\"q\",\"description\":\"New.\",\"steps\":[\"one\"]}";
    assert_int_equal(
        ndf_register(other, anew, sizeof anew - 1, 1, &fixture.error), NDF_OK);
    assert_int_equal(fixture_run(&fixture, "q", "do it", NULL), 1);
    json_t *shown = fixture_show(&fixture, "q");
    assert_string_equal(string_at(shown, "document/description"), "New.");
    json_decref(shown);
    ndf_close(other);
    fixture_close(&fixture);
}

/* ---- keeping ---------------------------------------------------------------
 */

static void keep(
    struct fixture *fixture, const char *name, const void *bytes, size_t size)
{
    int err = ndf_keep(fixture->engine, name, bytes, size, &fixture->error);
    if (err != NDF_OK) fail_msg("%s", fixture->error.message);
}

static void assert_kept(
    ndf_engine *engine, const char *name, const void *bytes, size_t size)
{
    ndf_text *text;
    assert_int_equal(ndf_kept(engine, name, &text, NULL), NDF_OK);
    assert_int_equal(ndf_text_size(text), size);
    assert_memory_equal(ndf_text_data(text), bytes, size);
    ndf_text_free(text);
}

static const char binary[] = "\0\x01\xff\xfe bytes \0";
static const char json_bytes[] = "{ \"b\": 1,  \"a\": [1.50] }";

static void keep_some(struct fixture *fixture)
{
    keep(fixture, "binary", binary, sizeof binary);
    keep(fixture, "json", json_bytes, sizeof json_bytes - 1);
    keep(fixture, "canonical", "{\"a\":1}", 7);
    keep(fixture, "empty", "", 0);
    keep(fixture, "a name: with \xc3\xbc", "x", 1);
}

static void assert_some_kept(ndf_engine *engine)
{
    assert_kept(engine, "binary", binary, sizeof binary);
    assert_kept(engine, "json", json_bytes, sizeof json_bytes - 1);
    assert_kept(engine, "canonical", "{\"a\":1}", 7);
    assert_kept(engine, "empty", "", 0);
    assert_kept(engine, "a name: with \xc3\xbc", "x", 1);
    ndf_text *names;
    assert_int_equal(ndf_kept_names(engine, &names, NULL), NDF_OK);
    assert_string_equal(ndf_text_data(names),
        "[\"a name: with \xc3\xbc\",\"binary\",\"canonical\",\"empty\","
        "\"json\"]");
    ndf_text_free(names);
}

static void bytes_of_the_host_are_kept(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_open(&fixture);
    keep(&fixture, "json", "old", 3);
    keep_some(&fixture);
    assert_some_kept(fixture.engine);
    fixture_reopen(&fixture);
    assert_some_kept(fixture.engine);
    assert_int_equal(
        ndf_keep(fixture.engine, "json", NULL, 0, &fixture.error), NDF_OK);
    ndf_text *text;
    assert_int_equal(
        ndf_kept(fixture.engine, "json", &text, &fixture.error), NDF_ENOTFOUND);
    assert_null(text);
    assert_non_null(strstr(fixture.error.message, "'json'"));
    assert_int_equal(ndf_keep(fixture.engine, "json", NULL, 0, &fixture.error),
        NDF_ENOTFOUND);
    fixture_close(&fixture);
}

static void names_and_sizes_have_limits(void **state)
{
    (void)state;
    struct fixture fixture;
    char name[514];
    fixture_open(&fixture);
    memset(name, 'n', sizeof name);
    name[512] = '\0';
    keep(&fixture, name, "x", 1);
    name[512] = 'n';
    name[513] = '\0';
    static const char *const bad[] = {"", "\xff", NULL};
    assert_int_equal(
        ndf_keep(fixture.engine, name, "x", 1, &fixture.error), NDF_EINVAL);
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(
            ndf_keep(fixture.engine, bad[i], "x", 1, NULL), NDF_EINVAL);
    size_t limit = (size_t)64 * 1024 * 1024;
    char *large = calloc(1, limit + 1);
    keep(&fixture, "large", large, limit);
    assert_kept(fixture.engine, "large", large, limit);
    assert_int_equal(
        ndf_keep(fixture.engine, "large", large, limit + 1, &fixture.error),
        NDF_ELIMIT);
    free(large);
    fixture_close(&fixture);
}

struct copy {
    ndf_engine *engine;
    char *pending;
    size_t size;
};

static int import_piece(void *ud, const char *bytes, size_t size)
{
    struct copy *copy = ud;
    copy->pending = realloc(copy->pending, copy->size + size);
    memcpy(copy->pending + copy->size, bytes, size);
    copy->size += size;
    char *at = copy->pending, *end = at + copy->size, *line;
    while ((line = memchr(at, '\n', (size_t)(end - at))) != NULL) {
        if (ndf_import_line(copy->engine, at, (size_t)(line - at), NULL) !=
            NDF_OK)
            return 1;
        at = line + 1;
    }
    copy->size = (size_t)(end - at);
    memmove(copy->pending, at, copy->size);
    return 0;
}

static void an_export_has_what_is_kept(void **state)
{
    (void)state;
    struct fixture fixture;
    struct copy copy = {0};
    fixture_open(&fixture);
    keep_some(&fixture);
    assert_int_equal(ndf_open(&copy.engine, NULL, &fixture.error), NDF_OK);
    assert_int_equal(
        ndf_export(fixture.engine, import_piece, &copy, &fixture.error),
        NDF_OK);
    assert_some_kept(copy.engine);
    ndf_close(copy.engine);
    free(copy.pending);
    fixture_close(&fixture);
}

/* ---- recording, forgetting -------------------------------------------------
 */

static json_t *stats_of(struct fixture *fixture, const char *pattern)
{
    ndf_text *text;
    int err = ndf_stats(fixture->engine, pattern, &text, &fixture->error);
    if (err != NDF_OK) fail_msg("%s", fixture->error.message);
    return parse_text(text);
}

static int64_t executions(struct fixture *fixture, const char *pattern)
{
    ndf_context *context = fixture_context(fixture, "count the words");
    ndf_selection *selection;
    int64_t found = -1;
    assert_int_equal(
        ndf_select(fixture->engine, context, 100, &selection, &fixture->error),
        NDF_OK);
    for (size_t i = 0; i < ndf_selection_count(selection); i++) {
        ndf_choice choice;
        assert_int_equal(ndf_selection_at(selection, i, &choice), NDF_OK);
        if (strcmp(choice.name, pattern) == 0)
            found = (int64_t)choice.executions;
    }
    ndf_selection_free(selection);
    ndf_context_free(context);
    return found;
}

static int record(struct fixture *fixture, const char *json)
{
    return ndf_record(fixture->engine, json, strlen(json), &fixture->error);
}

static void many_outcomes_are_one_record(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_open(&fixture);
    fixture_register(
        &fixture, "pattern: p\ndescription: Count the words.\nsteps: [one]");
    fixture_register(
        &fixture, "pattern: q\ndescription: Count the words.\nsteps: [one]");
    assert_int_equal(executions(&fixture, "p"), 0);
    assert_int_equal(
        record(&fixture,
            "[{\"pattern\":\"p\",\"result\":\"success\"},"
            "{\"pattern\":\"q\",\"result\":\"failure\",\"domain\":\"d\"},"
            "{\"pattern\":\"p\",\"result\":\"failure\"}]"),
        NDF_OK);
    assert_int_equal(executions(&fixture, "p"), 2);
    assert_int_equal(executions(&fixture, "q"), 1);
    assert_int_equal(record(&fixture, "[]"), NDF_OK);
    assert_int_equal(
        record(&fixture, "{\"pattern\":\"p\",\"result\":\"success\"}"), NDF_OK);
    assert_int_equal(executions(&fixture, "p"), 3);
    /* All or none, and which of them it was. */
    assert_int_equal(
        record(&fixture, "[{\"pattern\":\"p\",\"result\":\"success\"},"
                         "{\"pattern\":\"nobody\",\"result\":\"success\"}]"),
        NDF_ENOTFOUND);
    assert_non_null(strstr(fixture.error.message, "outcome 2"));
    assert_int_equal(
        record(&fixture, "[{\"pattern\":\"p\",\"result\":\"success\"},3]"),
        NDF_ESCHEMA);
    assert_int_equal(executions(&fixture, "p"), 3);
    fixture_reopen(&fixture);
    assert_int_equal(executions(&fixture, "p"), 3);
    fixture_close(&fixture);
}

static void what_was_counted_can_be_forgotten(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_open(&fixture);
    fixture_register(
        &fixture, "pattern: p\ndescription: Count the words.\nsteps: [one]");
    fixture_register(
        &fixture, "pattern: pp\ndescription: Count the words.\nsteps: [one]");
    static const char outcomes[] =
        "[{\"pattern\":\"p\",\"result\":\"success\",\"domain\":\"d\"},"
        "{\"pattern\":\"p\",\"result\":\"success\"},"
        "{\"pattern\":\"pp\",\"result\":\"success\"}]";
    assert_int_equal(record(&fixture, outcomes), NDF_OK);
    assert_int_equal(executions(&fixture, "p"), 2);
    assert_int_equal(ndf_reset(fixture.engine, "p", &fixture.error), NDF_OK);
    assert_int_equal(executions(&fixture, "p"), 0);
    assert_int_equal(executions(&fixture, "pp"), 1);
    json_t *stats = stats_of(&fixture, "p");
    json_decref(stats);
    /* Nothing to forget is fine; the outcomes are still there, and that the
     * counts were forgotten is one more. */
    assert_int_equal(ndf_reset(fixture.engine, "p", &fixture.error), NDF_OK);
    fixture_reopen(&fixture);
    assert_int_equal(executions(&fixture, "p"), 0);
    assert_int_equal(executions(&fixture, "pp"), 1);
    ndf_text *text;
    assert_int_equal(ndf_check(fixture.engine, &text, NULL), NDF_OK);
    json_t *report = parse_text(text);
    assert_int_equal(
        json_integer_value(json_object_get(report, "outcomes")), 4);
    json_decref(report);
    assert_int_equal(
        ndf_reset(fixture.engine, "nobody", &fixture.error), NDF_ENOTFOUND);
    fixture_close(&fixture);
}

static void a_store_for_reading_only_is_not_changed(void **state)
{
    (void)state;
    struct fixture fixture;
    ndf_engine *reader;
    ndf_options options = NDF_OPTIONS_INIT;
    fixture_open(&fixture);
    fixture_register(
        &fixture, "pattern: p\ndescription: Count the words.\nsteps: [one]");
    keep(&fixture, "a", "b", 1);
    options.path = fixture.store;
    options.home = fixture.home;
    options.mode = NDF_OPEN_READ_ONLY;
    assert_int_equal(ndf_open(&reader, &options, &fixture.error), NDF_OK);
    assert_kept(reader, "a", "b", 1);
    ndf_text *text;
    assert_int_equal(ndf_load(reader, "p", &text, NULL, NULL), NDF_OK);
    ndf_text_free(text);
    assert_int_equal(ndf_keep(reader, "a", "c", 1, NULL), NDF_EREADONLY);
    assert_int_equal(ndf_reset(reader, "p", NULL), NDF_EREADONLY);
    ndf_close(reader);
    fixture_close(&fixture);
}

/* ---- every allocation fails once
 * --------------------------------------------- */

static int use_all(ndf_engine *engine)
{
    static const char document[] = "{\"pattern\":\"p\",\"steps\":[\"one\"]}";
    static const char outcomes[] =
        "[{\"pattern\":\"p\",\"result\":\"success\"},"
        "{\"pattern\":\"p\",\"result\":\"failure\",\"domain\":\"d\"}]";
    ndf_error error;
    ndf_text *text = NULL, *kept = NULL, *names = NULL, *report = NULL;
    ndf_stored stored;
    int err = ndf_register(engine, document, sizeof document - 1, 1, &error);
    if (err == NDF_OK) err = ndf_load(engine, "p", &text, &stored, &error);
    if (err == NDF_OK) err = ndf_keep(engine, "name", "bytes", 5, &error);
    if (err == NDF_OK) err = ndf_kept(engine, "name", &kept, &error);
    if (err == NDF_OK) err = ndf_kept_names(engine, &names, &error);
    if (err == NDF_OK)
        err = ndf_record(engine, outcomes, sizeof outcomes - 1, &error);
    if (err == NDF_OK) err = ndf_reset(engine, "p", &error);
    if (err == NDF_OK) err = ndf_cleanup(engine, for_ever, &report, &error);
    if (err == NDF_OK) err = ndf_unregister(engine, "p", &error);
    ndf_text_free(report);
    ndf_text_free(names);
    ndf_text_free(kept);
    ndf_text_free(text);
    return err;
}

static int use_with(const struct mem *mem, void *ud)
{
    (void)ud;
    ndf_options options = NDF_OPTIONS_INIT;
    options.alloc = mem->fn;
    options.alloc_ud = mem->ud;
    options.home = "/nonexistent";
    ndf_engine *engine;
    int err = ndf_open(&engine, &options, NULL);
    if (err == NDF_OK) err = use_all(engine);
    ndf_close(engine);
    return err;
}

static void each_allocation_may_fail(void **state)
{
    (void)state;
    test_each_allocation_fails(use_with, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_document_is_loaded_by_its_name),
        cmocka_unit_test(a_name_of_several_sources_must_say_which),
        cmocka_unit_test(what_is_replaced_or_unregistered_leaves_nothing),
        cmocka_unit_test(a_run_finds_what_another_process_replaced),
        cmocka_unit_test(bytes_of_the_host_are_kept),
        cmocka_unit_test(names_and_sizes_have_limits),
        cmocka_unit_test(an_export_has_what_is_kept),
        cmocka_unit_test(many_outcomes_are_one_record),
        cmocka_unit_test(what_was_counted_can_be_forgotten),
        cmocka_unit_test(a_store_for_reading_only_is_not_changed),
        cmocka_unit_test(each_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
