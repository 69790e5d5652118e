/*
 * test_image.c - what is kept of a registry beside its store answers as the
 * store does; whatever became of the file, nothing but time is lost.
 */
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/registry.h"
#include "image_world.h"
#include "store/tx.h"

/* It was used, so it needs not be written. */
static void assert_used(const struct world *world)
{
    const char *report = compile(world->store, NDF_OPEN_EXISTING);
    if (!says(report, "\"written\":false") || says(report, "problem") ||
        says(report, "\"bytes\":0"))
        fail_msg("%s", report);
}

static char *read_file(const char *path, size_t *size)
{
    FILE *file = fopen(path, "rb");
    struct stat info;
    assert_non_null(file);
    assert_int_equal(fstat(fileno(file), &info), 0);
    *size = (size_t)info.st_size;
    char *bytes = malloc(*size);
    assert_non_null(bytes);
    assert_int_equal(fread(bytes, 1, *size, file), *size);
    (void)fclose(file);
    return bytes;
}

static void write_file(const char *path, const char *bytes, size_t size)
{
    /* Anew: what is mapped must not change under its reader. */
    (void)unlink(path);
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
}

/* ---- when it fits ---------------------------------------------------------
 */

static void the_image_answers_as_the_store_does(void **state)
{
    struct world *world = *state;
    char *expected = answer(world);
    /* A small registry is not kept by itself. */
    assert_int_equal(access(world->image, F_OK), -1);
    const char *report = compile(world->store, NDF_OPEN_EXISTING);
    assert_true(says(report, "\"written\":true"));
    assert_true(says(report, "\"patterns\":5"));
    struct stat info;
    assert_int_equal(stat(world->image, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0600);
    assert_used(world);
    assert_answers(world, expected);
    free(expected);
}

static void a_change_makes_it_old(void **state)
{
    struct world *world = *state;
    (void)compile(world->store, NDF_OPEN_EXISTING);
    add(world->store, "agent: third\ndescription: translate the chart\n"
                      "run: [echo, v]\n");
    char *expected = answer(world);
    assert_true(says(expected, "third"));
    const char *report = compile(world->store, NDF_OPEN_EXISTING);
    assert_true(says(report, "\"written\":true"));
    assert_false(says(report, "problem"));
    assert_used(world);
    assert_answers(world, expected);
    free(expected);
}

static void another_writes_it_anew_meanwhile(void **state)
{
    struct world *world = *state;
    (void)compile(world->store, NDF_OPEN_EXISTING);
    ndf_engine *one = open_store(world->store, NDF_OPEN_EXISTING);
    char *before = ask(one);
    add(world->store, "agent: third\nrun: [echo, v]\n");
    assert_true(
        says(compile(world->store, NDF_OPEN_EXISTING), "\"written\":true"));
    /* What it has mapped stays as it was, whether it looks again or not. */
    free(ask(one));
    assert_ok(ndf_compile(one, NULL, NULL));
    char *after = ask(one);
    assert_true(says(after, "third"));
    ndf_close(one);
    assert_answers(world, after);
    assert_string_not_equal(before, after);
    free(before);
    free(after);
}

static void a_large_one_is_mapped(void **state)
{
    struct world *world = *state;
    enum { COUNT = 3000, LINE_MAX_SIZE = 400 };
    char *text = malloc((size_t)COUNT * LINE_MAX_SIZE);
    assert_non_null(text);
    size_t size = 0;
    for (unsigned i = 0; i < COUNT; i++)
        size += (size_t)snprintf(text + size, LINE_MAX_SIZE,
            "---\nagent: a%u\ndescription: takes word%u and word%u for the "
            "other%u of thing%u, never for part%u or piece%u of it\n",
            i, i * 7 % 991, i * 5 % 1999, i * 3 % 499, i, i * 11 % 1499, i);
    add(world->store, text);
    free(text);
    char *expected = answer(world);
    (void)compile(world->store, NDF_OPEN_EXISTING);
    struct stat info;
    assert_int_equal(stat(world->image, &info), 0);
    assert_true(info.st_size > IMAGE_READ_MAX);
    ndf_engine *engine = open_store(world->store, NDF_OPEN_EXISTING);
    char *mapped = ask(engine);
    assert_string_equal(mapped, expected);
    free(mapped);
    /* The name goes to another file; what was mapped stays. */
    assert_int_equal(unlink(world->image), 0);
    assert_true(
        says(compile(world->store, NDF_OPEN_EXISTING), "\"written\":true"));
    mapped = ask(engine);
    assert_string_equal(mapped, expected);
    ndf_close(engine);
    free(mapped);
    free(expected);
}

/* ---- when it does not -----------------------------------------------------
 */

static void one_of_another_store_is_not_used(void **state)
{
    struct world *world = *state;
    char other[300];
    (void)snprintf(other, sizeof other, "%s/other.db", world->dir.path);
    add(other, "agent: stranger\nrun: [echo, s]\n");
    (void)compile(other, NDF_OPEN_EXISTING);
    char *expected = answer(world);
    size_t size;
    strcat(other, ".index");
    char *bytes = read_file(other, &size);
    write_file(world->image, bytes, size);
    assert_answers(world, expected);
    assert_true(
        says(compile(world->store, NDF_OPEN_EXISTING), "\"written\":true"));
    free(bytes);
    free(expected);
}

static void each_damage_costs_only_time(void **state)
{
    struct world *world = *state;
    (void)compile(world->store, NDF_OPEN_EXISTING);
    char *expected = answer(world);
    size_t size;
    char *bytes = read_file(world->image, &size);
    struct registry *registry;
    struct store *store;
    struct store_reader *reader;
    const struct store_options options = {
        .path = world->store, .mode = STORE_READ_ONLY};
    assert_ok(store_open(&store, &mem_libc, &options, NULL));
    assert_ok(store_read_begin(store, &reader, NULL));
    const struct registry_tools tools = {NULL, NULL, world->image};
    assert_ok(registry_load(&registry, &mem_libc, &tools, reader, NULL));
    assert_true(registry->from_image);
    size_t hashed = size - registry->image.sections[IMAGE_FEATURES].size;
    registry_unref(registry);
    for (size_t at = 0; at < hashed; at += 1 + at / 97) {
        bytes[at] = (char)(bytes[at] ^ 0x10);
        write_file(world->image, bytes, size);
        bytes[at] = (char)(bytes[at] ^ 0x10);
        assert_ok(registry_load(&registry, &mem_libc, &tools, reader, NULL));
        assert_false(registry->from_image);
        /* What is in the revision makes it another's, not damaged. */
        if (registry->image_problem.code == NDF_OK) assert_true(at < 40);
        registry_unref(registry);
    }
    for (size_t at = 0; at < size; at += 1 + at / 7) {
        write_file(world->image, bytes, at);
        assert_ok(registry_load(&registry, &mem_libc, &tools, reader, NULL));
        assert_false(registry->from_image);
        registry_unref(registry);
    }
    store_read_end(reader);
    store_close(store);
    write_file(world->image, bytes, size / 2);
    assert_answers(world, expected);
    const char *report = compile(world->store, NDF_OPEN_EXISTING);
    assert_true(says(report, "\"written\":true"));
    assert_used(world);
    free(bytes);
    free(expected);
}

static void one_of_another_version_is_made_anew(void **state)
{
    struct world *world = *state;
    enum { VERSION_AT = 8 };
    (void)compile(world->store, NDF_OPEN_EXISTING);
    size_t size;
    char *bytes = read_file(world->image, &size);
    bytes[VERSION_AT]++;
    write_file(world->image, bytes, size);
    const char *report = compile(world->store, NDF_OPEN_EXISTING);
    assert_true(says(report, "\"written\":true"));
    assert_used(world);
    free(bytes);
}

/* Sections with a changed byte and hashes that fit, as somebody with intent
 * would write them: they are used or not, and nothing else happens. */
static void hostile_sections_do_no_harm(void **state)
{
    struct world *world = *state;
    (void)compile(world->store, NDF_OPEN_EXISTING);
    struct store *store;
    struct store_reader *reader;
    struct store_revision revision;
    struct image image;
    const struct store_options options = {
        .path = world->store, .mode = STORE_READ_ONLY};
    char kept[310];
    char *ignored = malloc(TEXT_MAX);
    assert_non_null(ignored);
    (void)snprintf(kept, sizeof kept, "%s.kept", world->image);
    assert_int_equal(rename(world->image, kept), 0);
    assert_ok(store_open(&store, &mem_libc, &options, NULL));
    assert_ok(store_read_begin(store, &reader, NULL));
    assert_ok(read_revision(reader, &revision, NULL));
    store_read_end(reader);
    store_close(store);
    assert_ok(image_open(&image, &mem_libc, kept, &revision, NULL));
    for (size_t which = 0; which < IMAGE_SECTIONS; which++) {
        struct str section = image.sections[which];
        for (size_t at = 0; at < section.size; at += 1 + section.size / 40) {
            struct image_writer *writer;
            struct buf buf;
            uint64_t size;
            buf_init(&buf, &mem_libc);
            assert_ok(
                image_begin(&writer, &mem_libc, world->image, &revision, NULL));
            for (size_t i = 0; i < IMAGE_SECTIONS; i++) {
                buf_reset(&buf);
                buf_add_str(&buf, image.sections[i]);
                if (i == which) buf.at[at] = (char)(buf.at[at] ^ (1 << at % 8));
                assert_ok(image_add(writer, (enum image_section)i, &buf, NULL));
            }
            assert_ok(image_commit(writer, &size, NULL));
            buf_deinit(&buf);
            ndf_engine *engine = open_store(world->store, NDF_OPEN_READ_ONLY);
            ndf_text *text;
            ndf_context *context;
            ndf_selection *selection;
            const char *json =
                "{\"domain\": \"web.shop\", \"text\": \"review the chart\"}";
            assert_ok(
                ndf_context_new(engine, json, strlen(json), &context, NULL));
            if (ndf_select(engine, context, 0, &selection, NULL) == NDF_OK) {
                assert_ok(ndf_selection_json(selection, &text));
                ndf_text_free(text);
                ndf_selection_free(selection);
            }
            ndf_context_free(context);
            if (ndf_list(engine, NDF_LIST_PATTERNS, 0, &text, NULL) == NDF_OK)
                ndf_text_free(text);
            ignored[0] = '\0';
            (void)ndf_find_domain(engine, "web.shop", found, ignored, NULL);
            ndf_close(engine);
        }
    }
    image_close(&image);
    free(ignored);
}

/* ---- when it cannot be written --------------------------------------------
 */

static void that_it_cannot_be_written_is_said(void **state)
{
    struct world *world = *state;
    char *expected = answer(world);
    assert_int_equal(mkdir(world->image, 0700), 0);
    const char *report = compile(world->store, NDF_OPEN_EXISTING);
    assert_true(says(report, "\"written\":false"));
    assert_true(says(report, "problem"));
    assert_answers(world, expected);
    assert_int_equal(rmdir(world->image), 0);
    free(expected);
}

static void a_full_disk_leaves_the_old_one(void **state)
{
    struct world *world = *state;
    (void)compile(world->store, NDF_OPEN_EXISTING);
    size_t size, still;
    char *bytes = read_file(world->image, &size);
    add(world->store, "agent: third\nrun: [echo, v]\n");
    ndf_engine *engine = open_store(world->store, NDF_OPEN_EXISTING);
    free(ask(engine)); /* all that the store writes is written */
    struct rlimit old, tight;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
    tight = old;
    tight.rlim_cur = 4096;
    void (*handler)(int) = signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &tight), 0);
    ndf_text *text;
    int err = ndf_compile(engine, &text, NULL);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
    (void)signal(SIGXFSZ, handler);
    assert_ok(err);
    assert_true(says(ndf_text_data(text), "\"written\":false"));
    assert_true(says(ndf_text_data(text), "problem"));
    ndf_text_free(text);
    ndf_close(engine);
    char *after = read_file(world->image, &still);
    assert_int_equal(still, size);
    assert_memory_equal(after, bytes, size);
    /* Nothing is left beside it. */
    char command[400];
    (void)snprintf(
        command, sizeof command, "ls %s | grep -q tmp", world->dir.path);
    assert_int_not_equal(system(command), 0);
    free(bytes);
    free(after);
}

static void who_only_reads_writes_none(void **state)
{
    struct world *world = *state;
    char *expected = answer(world);
    const char *report = compile(world->store, NDF_OPEN_READ_ONLY);
    assert_true(says(report, "\"written\":false"));
    assert_true(says(report, "reading only"));
    assert_int_equal(access(world->image, F_OK), -1);
    (void)compile(world->store, NDF_OPEN_EXISTING);
    report = compile(world->store, NDF_OPEN_READ_ONLY);
    assert_false(says(report, "problem"));
    assert_false(says(report, "\"bytes\":0"));
    assert_answers(world, expected);
    free(expected);
}

static void a_store_in_memory_has_none(void **state)
{
    (void)state;
    ndf_engine *engine = open_store(NULL, NDF_OPEN_CREATE);
    ndf_text *text;
    assert_ok(ndf_register(engine, documents, sizeof documents - 1, 0, NULL));
    assert_ok(ndf_compile(engine, &text, NULL));
    assert_true(says(ndf_text_data(text), "\"written\":false"));
    assert_true(says(ndf_text_data(text), "\"patterns\":5"));
    assert_false(says(ndf_text_data(text), "path"));
    ndf_text_free(text);
    ndf_close(engine);
}

struct loading {
    struct store_reader *reader;
    struct registry_tools tools;
    const char *path;
};

static int load_with(const struct mem *mem, void *ud)
{
    const struct loading *loading = ud;
    struct registry *registry;
    uint64_t size;
    int err =
        registry_load(&registry, mem, &loading->tools, loading->reader, NULL);
    if (err != NDF_OK) return err;
    assert_true(registry->from_image);
    err = registry_save(registry, loading->path, &size, NULL);
    registry_unref(registry);
    return err;
}

static void each_allocation_may_fail(void **state)
{
    struct world *world = *state;
    (void)compile(world->store, NDF_OPEN_EXISTING);
    char again[310];
    (void)snprintf(again, sizeof again, "%s.again", world->image);
    struct store *store;
    const struct store_options options = {
        .path = world->store, .mode = STORE_READ_ONLY};
    struct loading loading = {
        .tools = {NULL, NULL, world->image}, .path = again};
    assert_ok(store_open(&store, &mem_libc, &options, NULL));
    assert_ok(store_read_begin(store, &loading.reader, NULL));
    test_each_allocation_fails(load_with, &loading);
    store_read_end(loading.reader);
    store_close(store);
    /* What one from an image writes is the same but for nothing. */
    size_t sizes[2];
    char *a = read_file(world->image, &sizes[0]);
    char *b = read_file(again, &sizes[1]);
    assert_int_equal(sizes[0], sizes[1]);
    assert_memory_equal(a, b, sizes[0]);
    free(a);
    free(b);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(the_image_answers_as_the_store_does),
        TEST(a_change_makes_it_old),
        TEST(another_writes_it_anew_meanwhile),
        TEST(a_large_one_is_mapped),
        TEST(one_of_another_store_is_not_used),
        TEST(each_damage_costs_only_time),
        TEST(one_of_another_version_is_made_anew),
        TEST(hostile_sections_do_no_harm),
        TEST(that_it_cannot_be_written_is_said),
        TEST(a_full_disk_leaves_the_old_one),
        TEST(who_only_reads_writes_none),
        TEST(a_store_in_memory_has_none),
        TEST(each_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
