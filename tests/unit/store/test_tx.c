/*
 * test_tx.c - what may be written, and what is refused.
 */
#include <math.h>
#include <string.h>

#include "fixture.h"

static int setup(void **state)
{
    struct store *store = fixture_open(NULL, STORE_CREATE);
    fixture_write(store, fixture_fill, NULL);
    *state = store;
    return 0;
}

static int teardown(void **state)
{
    store_close(*state);
    return 0;
}

static int remove_source(struct store_tx *tx, void *ud, ndf_error *error)
{
    (void)ud;
    return tx_source_remove(tx, STR("s1"), error);
}

static int remove_entry(struct store_tx *tx, void *ud, ndf_error *error)
{
    (void)ud;
    return tx_entry_remove(tx, STR("e1"), error);
}

static int count_entry(void *ud, const struct store_entry *entry)
{
    (void)entry;
    (*(int *)ud)++;
    return NDF_OK;
}

static int entries_in(struct store *store)
{
    int count = 0;
    struct store_reader *reader = fixture_read(store);
    assert_ok(read_entries(reader, count_entry, &count, NULL));
    store_read_end(reader);
    return count;
}

static struct store_revision revision_of(struct store *store)
{
    struct store_revision revision;
    struct store_reader *reader = fixture_read(store);
    assert_ok(read_revision(reader, &revision, NULL));
    store_read_end(reader);
    return revision;
}

static bool is_same(struct store_revision a, struct store_revision b)
{
    return memcmp(a.bytes, b.bytes, sizeof a.bytes) == 0;
}

static int remove_and_fail(struct store_tx *tx, void *ud, ndf_error *error)
{
    int err = remove_entry(tx, ud, error);
    return err == NDF_OK ? err_set(error, NDF_ECANCELLED, "no") : err;
}

static int note_something(struct store_tx *tx, void *ud, ndf_error *error)
{
    (void)ud;
    return tx_meta_put(tx, STR("x"), STR("y"), error);
}

static void what_changes_the_registry_changes_its_revision(void **state)
{
    struct store *store = *state;
    struct store_revision before = revision_of(store);
    fixture_write(store, note_something, NULL);
    fixture_write(store, fixture_run, fixture_text("another"));
    assert_true(is_same(before, revision_of(store)));
    /* What was undone changed nothing. */
    ndf_error error;
    assert_int_equal(
        store_write(store, remove_and_fail, NULL, &error), NDF_ECANCELLED);
    assert_true(is_same(before, revision_of(store)));
    static const store_work_fn works[] = {remove_entry, remove_source};
    for (size_t i = 0; i < sizeof works / sizeof works[0]; i++) {
        fixture_write(store, works[i], NULL);
        struct store_revision after = revision_of(store);
        assert_false(is_same(before, after));
        before = after;
    }
}

static void a_store_without_changes_has_no_revision(void **state)
{
    (void)state;
    struct store *store = fixture_open(NULL, STORE_CREATE);
    struct store_reader *reader = fixture_read(store);
    struct store_revision revision;
    assert_int_equal(read_revision(reader, &revision, NULL), NDF_ENOTFOUND);
    store_read_end(reader);
    store_close(store);
}

static void removing_a_source_removes_its_entries(void **state)
{
    assert_int_equal(entries_in(*state), 1);
    fixture_write(*state, remove_source, NULL);
    assert_int_equal(entries_in(*state), 0);
    ndf_error error;
    assert_int_equal(
        store_write(*state, remove_source, NULL, &error), NDF_ENOTFOUND);
    assert_int_equal(
        store_write(*state, remove_entry, NULL, &error), NDF_ENOTFOUND);
}

static int entry_without(struct store_tx *tx, void *ud, ndf_error *error)
{
    struct store_entry entry = {
        .id = STR("e2"), .source = str_of(ud), .name = STR("x")};
    return tx_entry_put(tx, &entry, error);
}

static void an_entry_needs_its_source_and_its_spec(void **state)
{
    ndf_error error;
    assert_int_equal(
        store_write(*state, entry_without, fixture_text("nobody"), &error),
        NDF_EREFERENCE);
    assert_int_equal(
        store_write(*state, entry_without, fixture_text("s1"), &error),
        NDF_EREFERENCE);
}

static int source_twice(struct store_tx *tx, void *ud, ndf_error *error)
{
    (void)ud;
    struct store_source source = {.id = STR("s2"), .name = STR("project")};
    return tx_source_put(tx, &source, error);
}

static void the_name_of_a_source_is_unique(void **state)
{
    ndf_error error;
    assert_int_equal(
        store_write(*state, source_twice, NULL, &error), NDF_EEXISTS);
}

static int long_task(struct store_tx *tx, void *ud, ndf_error *error)
{
    (void)ud;
    static char text[STORE_TASK_MAX + 10];
    memset(text, 'a', sizeof text);
    /* A character of two bytes across the limit. */
    memcpy(text + STORE_TASK_MAX - 1, "\xc3\xa4", 2);
    struct store_run run = {
        .id = STR("long"), .text = {text, sizeof text}, .records = 99};
    return tx_run_put(tx, &run, error);
}

static void a_task_is_cut_at_a_character(void **state)
{
    fixture_write(*state, long_task, NULL);
    struct arena arena;
    struct store_run run;
    struct store_reader *reader = fixture_read(*state);
    arena_init(&arena, &mem_libc);
    assert_ok(read_run(reader, &arena, STR("long"), &run, NULL));
    assert_int_equal(run.text.size, STORE_TASK_MAX - 1);
    assert_int_equal(run.records, 0);
    arena_deinit(&arena);
    store_read_end(reader);
}

static int run_ends(struct store_tx *tx, void *ud, ndf_error *error)
{
    return tx_run_state(tx, str_of(ud), 2, 777, error);
}

static void a_run_keeps_its_journal_when_its_row_changes(void **state)
{
    fixture_write(*state, fixture_run, fixture_text("run-1"));
    fixture_write(*state, run_ends, fixture_text("run-1"));
    assert_int_equal(fixture_records(*state, "run-1"), 3);
    struct arena arena;
    struct store_run run;
    struct store_reader *reader = fixture_read(*state);
    arena_init(&arena, &mem_libc);
    assert_ok(read_run(reader, &arena, STR("run-1"), &run, NULL));
    assert_int_equal(run.state, 2);
    assert_int_equal(run.ended_ms, 777);
    assert_int_equal(run.records, 3);
    arena_deinit(&arena);
    store_read_end(reader);
    ndf_error error;
    assert_int_equal(
        store_write(*state, run_ends, fixture_text("nobody"), &error),
        NDF_ENOTFOUND);
}

static void a_record_out_of_turn_is_refused(void **state)
{
    struct {
        struct fixture_record at;
        int err;
    } cases[] = {
        {{"run-1", 2}, NDF_EBUSY},
        {{"run-1", 4}, NDF_EBUSY},
        {{"run-1", -1}, NDF_EBUSY},
        {{"nobody", 0}, NDF_EREFERENCE},
        {{"run-1", 3}, NDF_OK},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        ndf_error error;
        assert_int_equal(
            store_write(*state, fixture_append, &cases[i].at, &error),
            cases[i].err);
    }
    assert_int_equal(fixture_records(*state, "run-1"), 4);
}

static int add_outcome(struct store_tx *tx, void *ud, ndf_error *error)
{
    struct store_outcome outcome = {
        .seq = 55, .id = str_of(ud), .body = STR("{}")};
    int64_t seq = 0;
    int err = tx_outcome_add(tx, &outcome, &seq, error);
    if (err == NDF_OK) assert_int_equal(seq, 2);
    return err;
}

static void outcomes_are_numbered_by_the_store(void **state)
{
    fixture_write(*state, add_outcome, fixture_text("o2"));
    ndf_error error;
    assert_int_equal(
        store_write(*state, add_outcome, fixture_text("o2"), &error),
        NDF_EEXISTS);
}

static int count_up(struct store_tx *tx, void *ud, ndf_error *error)
{
    (void)ud;
    struct store_tally tally;
    int err = read_tally(tx_reader(tx), STR("review"), STR(""), &tally, error);
    if (err != NDF_OK) return err;
    tally.wins += 1;
    err = tx_tally_put(tx, &tally, error);
    if (err != NDF_OK) return err;
    double wins = tally.wins;
    err = read_tally(tx_reader(tx), STR("review"), STR(""), &tally, error);
    assert_true(tally.wins >= wins && tally.wins <= wins);
    return err;
}

static int not_finite(struct store_tx *tx, void *ud, ndf_error *error)
{
    (void)ud;
    struct store_tally tally = {.pattern = STR("p"), .wins = (double)NAN};
    return tx_tally_put(tx, &tally, error);
}

static void a_count_is_read_changed_and_written_in_one_go(void **state)
{
    for (int i = 0; i < 3; i++)
        fixture_write(*state, count_up, NULL);
    struct store_tally tally;
    struct store_reader *reader = fixture_read(*state);
    assert_ok(read_tally(reader, STR("review"), STR(""), &tally, NULL));
    assert_true(tally.wins > 5.4 && tally.wins < 5.6);
    store_read_end(reader);
    ndf_error error;
    assert_int_equal(store_write(*state, not_finite, NULL, &error), NDF_EINVAL);
}

static int take_command(struct store_tx *tx, void *ud, ndf_error *error)
{
    return tx_command_take(tx, *(int64_t *)ud, error);
}

static int put_command(struct store_tx *tx, void *ud, ndf_error *error)
{
    struct store_command command = {.run = str_of(ud), .kind = STR("cancel")};
    return tx_command_put(tx, &command, error);
}

static int see_command(void *ud, const struct store_command *command)
{
    *(int64_t *)ud = command->id;
    return NDF_OK;
}

static void a_command_is_taken_once(void **state)
{
    int64_t id = 0;
    struct store_reader *reader = fixture_read(*state);
    assert_ok(read_commands(reader, STR("run-1"), see_command, &id, NULL));
    store_read_end(reader);
    assert_true(id > 0);
    ndf_error error;
    fixture_write(*state, take_command, &id);
    assert_int_equal(
        store_write(*state, take_command, &id, &error), NDF_ENOTFOUND);
    assert_int_equal(
        store_write(*state, put_command, fixture_text("nobody"), &error),
        NDF_EREFERENCE);
}

static int bad_name(struct store_tx *tx, void *ud, ndf_error *error)
{
    (void)ud;
    return tx_meta_put(tx, STR("a\0b"), STR("x"), error);
}

static void text_that_is_none_is_refused(void **state)
{
    ndf_error error;
    assert_int_equal(store_write(*state, bad_name, NULL, &error), NDF_EINVAL);
    assert_non_null(strstr(error.message, "meta.name"));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(what_changes_the_registry_changes_its_revision),
        TEST(a_store_without_changes_has_no_revision),
        TEST(removing_a_source_removes_its_entries),
        TEST(an_entry_needs_its_source_and_its_spec),
        TEST(the_name_of_a_source_is_unique),
        TEST(a_task_is_cut_at_a_character),
        TEST(a_run_keeps_its_journal_when_its_row_changes),
        TEST(a_record_out_of_turn_is_refused),
        TEST(outcomes_are_numbered_by_the_store),
        TEST(a_count_is_read_changed_and_written_in_one_go),
        TEST(a_command_is_taken_once),
        TEST(text_that_is_none_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
