/*
 * test_layout.c - the table of fields fits the structs, and its checks hold.
 */
#include <math.h>
#include <string.h>

#include "store/backend.h"
#include "support/support.h"

static void every_field_lies_inside_its_struct(void **state)
{
    (void)state;
    for (unsigned t = 0; t < TABLE_COUNT; t++) {
        const struct layout *layout = layout_of((enum table)t);
        assert_true(layout->size <= LAYOUT_SIZE_MAX);
        assert_true(layout->field_count <= LAYOUT_FIELDS_MAX);
        for (size_t i = 0; i < layout->field_count; i++) {
            const struct column *field = &layout->fields[i];
            assert_true(field->offset + sizeof(int64_t) <= layout->size);
            for (size_t j = 0; j < i; j++)
                assert_true(field->offset != layout->fields[j].offset);
        }
    }
}

static void every_operation_has_its_table(void **state)
{
    (void)state;
    assert_int_equal(backend_table(OP_META_PUT), TABLE_META);
    assert_int_equal(backend_table(OP_RUN_PUT), TABLE_RUN);
    assert_int_equal(backend_table(OP_COMMANDS_OF_RUN), TABLE_COMMAND);
}

static void text_is_valid_and_within_its_limit(void **state)
{
    (void)state;
    static char text[STORE_ID_MAX + 1];
    memset(text, 'a', sizeof text);
    struct {
        struct str name;
        int err;
    } cases[] = {
        {{text, STORE_ID_MAX}, NDF_OK},
        {{text, STORE_ID_MAX + 1}, NDF_ELIMIT},
        {{NULL, 0}, NDF_OK},
        {{"a\0b", 3}, NDF_EINVAL},
        {{"\xff", 1}, NDF_EINVAL},
        {{"\xc3\xa4", 2}, NDF_OK},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct store_meta meta = {.name = cases[i].name};
        assert_int_equal(
            layout_check(layout_of(TABLE_META), &meta, NULL), cases[i].err);
    }
    struct store_meta bytes = {.value = {"\xff\0", 2}};
    assert_ok(layout_check(layout_of(TABLE_META), &bytes, NULL));
}

static void reals_are_finite(void **state)
{
    (void)state;
    struct store_tally tally = {.wins = 1};
    assert_ok(layout_check(layout_of(TABLE_TALLY), &tally, NULL));
    tally.tries = (double)NAN;
    ndf_error error;
    assert_int_equal(
        layout_check(layout_of(TABLE_TALLY), &tally, &error), NDF_EINVAL);
    assert_string_equal(error.message, "tally.tries is not a finite number");
    tally.tries = (double)INFINITY;
    assert_int_equal(
        layout_check(layout_of(TABLE_TALLY), &tally, NULL), NDF_EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_field_lies_inside_its_struct),
        cmocka_unit_test(every_operation_has_its_table),
        cmocka_unit_test(text_is_valid_and_within_its_limit),
        cmocka_unit_test(reals_are_finite),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
