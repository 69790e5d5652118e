/*
 * test_registry.c - names, copies and clashes.
 */
#include <string.h>

#include "engine/stage.h"
#include "support/support.h"

/* Puts the documents of a text into a source. */
struct source_of {
    const char *name, *kind, *path, *yaml, *run;
};

static int put_source(struct store_tx *tx, void *ud, ndf_error *error)
{
    const struct source_of *from = ud;
    struct store_source source = {.id = str_of(from->name),
        .name = str_of(from->name),
        .kind = str_of(from->kind),
        .path = str_of(from->path),
        .run_argv = str_of(from->run)};
    int err = tx_source_put(tx, &source, error);
    struct stage stage;
    stage_init(&stage, &mem_libc);
    struct value *values;
    size_t count = 0;
    if (err == NDF_OK)
        err = stage_parse(&stage, str_of(from->yaml), &values, &count, error);
    for (size_t i = 0; err == NDF_OK && i < count; i++) {
        struct document document;
        struct stage_place place = {.source = source.name,
            .path = source.path,
            .folder = STR(""),
            .line = values[i].line};
        err = document_decode(&stage.arena, &values[i], &document, error);
        if (err == NDF_OK) err = stage_add(&stage, &document, &place, error);
    }
    if (err == NDF_OK) err = stage_write(&stage, tx, source.id, 1, error);
    stage_deinit(&stage);
    return err;
}

static const struct source_of sources[] = {
    {"user", "folder", "/u",
        "agent: same\ndescription: s\n---\nagent: other\ndescription: u\n", ""},
    {"team", "folder", "/t",
        "agent: same\ndescription: s\n---\nagent: other\ndescription: t\n"
        "---\nagent: tool\nrun: [./tool]\n",
        ""},
    {"more", "folder", "/m", "agent: tool\nrun: [./tool]\n---\nagent: only\n",
        "[\"echo\"]"},
};

static const struct registry_tools no_tools = {NULL, NULL, NULL};

static struct registry *load(struct store **store)
{
    struct store_options options = {.mode = STORE_CREATE};
    assert_ok(store_open(store, &mem_libc, &options, NULL));
    for (size_t i = 0; i < sizeof sources / sizeof *sources; i++) {
        struct source_of copy = sources[i];
        assert_ok(store_write(*store, put_source, &copy, NULL));
    }
    struct store_reader *reader;
    struct registry *registry;
    assert_ok(store_read_begin(*store, &reader, NULL));
    assert_ok(registry_load(&registry, &mem_libc, &no_tools, reader, NULL));
    store_read_end(reader);
    return registry;
}

static const struct entry *find(
    const struct registry *registry, const char *name, const char *near)
{
    const struct entry *entry;
    struct str from = near != NULL ? str_of(near) : (struct str){NULL, 0};
    assert_ok(registry_find(registry, str_of(name), from, &entry, NULL));
    return entry;
}

static void exact_copies_fold_into_the_project_s(void **state)
{
    (void)state;
    struct store *store;
    struct registry *registry = load(&store);
    const struct entry *same = find(registry, "same", NULL);
    assert_str(same->qualified, "team/same");
    assert_str(same->label, "same");
    assert_int_equal(same->copies, 1);
    const struct entry *copy = find(registry, "user/same", NULL);
    assert_ptr_equal(copy->folded_into, same);
    registry_unref(registry);
    store_close(store);
}

static void a_relative_program_is_never_a_copy(void **state)
{
    (void)state;
    struct store *store;
    struct registry *registry = load(&store);
    const struct entry *entry;
    ndf_error error = {0};
    assert_int_equal(registry_find(registry, STR("tool"), (struct str){NULL, 0},
                         &entry, &error),
        NDF_EREFERENCE);
    assert_non_null(strstr(error.message, "team/tool"));
    assert_non_null(strstr(error.message, "more/tool"));
    assert_str(find(registry, "tool", "more")->qualified, "more/tool");
    assert_str(find(registry, "team/tool", "more")->qualified, "team/tool");
    assert_int_equal(find(registry, "only", NULL)->source->run.count, 1);
    registry_unref(registry);
    store_close(store);
}

static void the_project_comes_before_the_user(void **state)
{
    (void)state;
    struct store *store;
    struct registry *registry = load(&store);
    const struct entry *other = find(registry, "other", NULL);
    assert_str(other->qualified, "team/other");
    assert_str(other->label, "team/other");
    assert_str(find(registry, "other", "user")->qualified, "user/other");
    const struct entry *entry;
    ndf_error error;
    assert_int_equal(registry_find(registry, STR("othr"), (struct str){NULL, 0},
                         &entry, &error),
        NDF_ENOTFOUND);
    assert_non_null(strstr(error.message, "other"));
    /* user/same is no candidate. */
    assert_int_equal(registry->candidate_count, registry->count - 1);
    registry_unref(registry);
    store_close(store);
}

struct loading {
    struct store_reader *reader;
};

static int load_with(const struct mem *mem, void *ud)
{
    struct loading *loading = ud;
    struct registry *registry;
    int err = registry_load(&registry, mem, &no_tools, loading->reader, NULL);
    registry_unref(registry);
    return err;
}

static void each_allocation_may_fail(void **state)
{
    (void)state;
    struct store *store;
    registry_unref(load(&store));
    struct loading loading;
    assert_ok(store_read_begin(store, &loading.reader, NULL));
    test_each_allocation_fails(load_with, &loading);
    store_read_end(loading.reader);
    store_close(store);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(exact_copies_fold_into_the_project_s),
        cmocka_unit_test(a_relative_program_is_never_a_copy),
        cmocka_unit_test(the_project_comes_before_the_user),
        cmocka_unit_test(each_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
