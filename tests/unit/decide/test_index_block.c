/*
 * test_index_block.c - an index of laws answers from a block as a scan of its
 * rules does, and so do those that are made from it.
 *
 * NDF_INDEX_SEED=n plays the world of that seed alone, NDF_INDEX_WORLDS=n so
 * many.
 */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "decide/scan.h"
#include "fuzz/fuzz.h"
#include "random_compare.h"
#include "random_rules.h"
#include "support/again.h"
#include "support/support.h"

enum { WORLDS = 60, RULES_MAX = 6000, CONTEXTS = 8, ADDED = 30, REMOVED = 20 };

struct play {
    struct world world;
    struct index_rule rules[RULES_MAX];
    uint32_t numbers[RULES_MAX]; /* candidates of rules */
    size_t count;
    struct context *contexts[CONTEXTS];
    size_t matches, pairs;
};

static void make_world(struct play *play, uint64_t seed)
{
    struct draw *draw = &play->world.draw;
    memset(play, 0, sizeof *play);
    world_init(&play->world, (struct draw){.state = seed});
    /* What no decoder makes need not be kept. */
    play->world.odd = false;
    play->count = draw_chance(draw, 10)   ? 0
                  : draw_chance(draw, 60) ? draw_below(draw, 80)
                  : draw_chance(draw, 80) ? draw_below(draw, 800)
                                          : draw_below(draw, RULES_MAX);
    for (uint32_t i = 0; i < play->count; i++) {
        play->rules[i] = world_rule(&play->world);
        play->numbers[i] = i;
    }
    for (size_t i = 0; i < CONTEXTS; i++)
        play->contexts[i] = world_context(&play->world);
}

static struct index *index_of(const struct play *play)
{
    struct index *index;
    assert_ok(
        index_new(&index, &mem_libc, play->rules, play->count, NULL, NULL));
    return index;
}

static struct index *open_of(const struct index *index, struct buf *block)
{
    struct index *opened;
    buf_init(block, &mem_libc);
    index_write(index, block);
    assert_ok(buf_error(block));
    assert_ok(index_open(&opened, &mem_libc, buf_str(block)));
    return opened;
}

/* Against a scan of the rules whose candidates are numbers. */
static void check(struct play *play, const struct index_rule *rules,
    const uint32_t *numbers, size_t count, const struct index *index)
{
    struct scan *scan;
    struct arena arena;
    struct index_rule *by_candidate = calloc(RULES_MAX, sizeof *by_candidate);
    assert_non_null(by_candidate);
    for (size_t i = 0; i < count; i++)
        by_candidate[numbers[i]] = rules[i];
    arena_init(&arena, &mem_libc);
    assert_ok(scan_new(&scan, &mem_libc, rules, count, NULL));
    for (size_t i = 0; i < CONTEXTS; i++) {
        struct index_matches wanted, found;
        struct difference difference;
        arena_reset(&arena);
        assert_ok(scan_match(scan, play->contexts[i], &arena, &wanted));
        assert_ok(index_match(index, play->contexts[i], &arena, &found));
        assert_ok(index_sort(&found, &arena));
        if (matches_differ(&wanted, numbers, &found, by_candidate, &difference))
            fail_msg("candidate %u: %s with %s", difference.candidate,
                difference.what, context_text(&arena, play->contexts[i]).at);
        play->matches += wanted.count;
        play->pairs += count;
    }
    scan_free(scan);
    arena_deinit(&arena);
    free(by_candidate);
}

/* Some are taken out and some replaced. */
static void check_changed(struct play *play, const struct index *opened)
{
    static struct index_rule rules[RULES_MAX];
    static uint32_t numbers[RULES_MAX];
    static bool gone[RULES_MAX];
    struct index_rule added[ADDED];
    uint32_t candidates[ADDED], removed[REMOVED];
    uint32_t count = (uint32_t)play->count;
    struct draw *draw = &play->world.draw;
    memset(gone, 0, sizeof gone);
    memcpy(rules, play->rules, sizeof rules);
    for (size_t i = 0; i < REMOVED; i++) {
        removed[i] = draw_below(draw, count + 1);
        gone[removed[i]] = true;
    }
    for (uint32_t i = 0; i < ADDED; i++) {
        candidates[i] = i * ADDED % (count + 1);
        added[i] = world_rule(&play->world);
        rules[candidates[i]] = added[i];
        gone[candidates[i]] = false;
    }
    const struct index_change made = {
        added, candidates, ADDED, removed, REMOVED};
    size_t left = 0;
    for (uint32_t i = 0; i <= count; i++) {
        bool there = i < count;
        for (size_t k = 0; k < ADDED; k++)
            there |= candidates[k] == i;
        if (gone[i] || !there) continue;
        rules[left] = rules[i];
        numbers[left++] = i;
    }
    struct index *changed, *compiled;
    struct buf block;
    assert_ok(index_change(&changed, opened, &made, NULL));
    check(play, rules, numbers, left, changed);
    assert_ok(index_compile(&compiled, changed, NULL));
    check(play, rules, numbers, left, compiled);
    struct index *again = open_of(changed, &block);
    check(play, rules, numbers, left, again);
    index_free(changed);
    index_free(compiled);
    index_free(again);
    buf_deinit(&block);
}

static void play_world(uint64_t seed, size_t *pairs, size_t *matches)
{
    struct play *play = malloc(sizeof *play);
    assert_non_null(play);
    again_set("NDF_INDEX_SEED=%llu test_index_block", (unsigned long long)seed);
    make_world(play, seed);
    struct index *made = index_of(play);
    struct buf block, second;
    struct index *opened = open_of(made, &block);
    index_free(made);
    check(play, play->rules, play->numbers, play->count, opened);
    assert_true(index_fits(opened, play->rules, play->count));
    assert_false(index_fits(opened, play->rules, play->count + 1));
    if (play->count > 0)
        assert_false(index_fits(opened, play->rules, play->count - 1));
    /* What is written of it is the same. */
    struct index *again = open_of(opened, &second);
    assert_int_equal(block.size, second.size);
    assert_memory_equal(block.at, second.at, block.size);
    if (play->count < RULES_MAX - 1) check_changed(play, again);
    index_free(again);
    index_free(opened);
    buf_deinit(&block);
    buf_deinit(&second);
    *pairs += play->pairs;
    *matches += play->matches;
    world_deinit(&play->world);
    free(play);
    again_clear();
}

static void opened_indexes_answer_as_made_ones(void **state)
{
    (void)state;
    size_t pairs = 0;
    size_t matches = 0;
    uint64_t only = again_number("NDF_INDEX_SEED", 0);
    uint64_t count = again_number("NDF_INDEX_WORLDS", WORLDS);
    if (only > 0) play_world(only, &pairs, &matches);
    for (uint64_t seed = 1; only == 0 && seed <= count; seed++)
        play_world(seed, &pairs, &matches);
    if (only > 0 || count < WORLDS) return;
    print_message("%zu pairs, %zu matches\n", pairs, matches);
    assert_true(matches > pairs / 20);
    assert_true(matches < pairs / 2);
}

/* ---- damage ---------------------------------------------------------------
 */

/* By the fuzz target, which uses what is not refused. */
static void no_changed_byte_does_harm(void **state)
{
    (void)state;
    static const uint8_t changes[] = {0x00, 0x01, 0x7f, 0xff};
    static const int steps[] = {7, 13, 41, 211, 65521};
    enum { KINDS = 5, MOST = 1 << 20, TRIES = 1500 };
    for (uint8_t kind = 0; kind < KINDS; kind++) {
        int tries = kind == KINDS - 1 ? TRIES / 50 : TRIES;
        for (int at = 0; at < MOST && tries > 0; at += steps[kind], tries--) {
            uint8_t input[] = {kind, (uint8_t)(at >> 16), (uint8_t)(at >> 8),
                (uint8_t)(at & 0xff), 0};
            (void)LLVMFuzzerTestOneInput(input, 4);
            input[4] = changes[at % 4];
            (void)LLVMFuzzerTestOneInput(input, sizeof input);
        }
    }
}

/* ---- slow predicates ------------------------------------------------------
 */

static struct index_rule rule_of_text(
    struct arena *arena, enum predicate_op op, const char *text)
{
    struct value list = value_of_array();
    struct condition *law = arena_alloc(arena, sizeof *law);
    struct predicate *predicate = arena_alloc(arena, sizeof *predicate);
    assert_ok(value_push(arena, &list, value_of_str(str_of(text))));
    *predicate =
        (struct predicate){.field = FIELD_TEXT, .op = op, .operand = list};
    *law = (struct condition){predicate, 1};
    return (struct index_rule){law, 1, NULL};
}

static size_t match_count(const struct index *index, const char *text)
{
    struct arena arena;
    struct index_matches found;
    const struct context context = {.text = str_of(text)};
    arena_init(&arena, &mem_libc);
    assert_ok(index_match(index, &context, &arena, &found));
    size_t count = found.count;
    arena_deinit(&arena);
    return count;
}

static char *find_bytes(const struct buf *block, const char *text)
{
    size_t size = strlen(text);
    for (size_t i = 0; i + size <= block->size; i++)
        if (memcmp(block->at + i, text, size) == 0) return block->at + i;
    fail_msg("%s is not in the block", text);
    return NULL;
}

static void an_expression_that_does_not_compile_never_holds(void **state)
{
    (void)state;
    struct arena arena;
    struct index *made, *opened, *changed, *compiled;
    struct buf block, second;
    arena_init(&arena, &mem_libc);
    const struct index_rule rules[] = {
        rule_of_text(&arena, OP_MATCHES, "fin.l"),
        rule_of_text(&arena, OP_MATCHES, "f[i]nal")};
    assert_ok(index_new(&made, &mem_libc, rules, 2, NULL, NULL));
    assert_int_equal(match_count(made, "the final one"), 2);
    opened = open_of(made, &block);
    assert_int_equal(match_count(opened, "the final one"), 2);
    index_free(opened);
    find_bytes(&block, "f[i]nal")[3] = '(';
    assert_ok(index_open(&opened, &mem_libc, buf_str(&block)));
    assert_int_equal(match_count(opened, "the final one"), 1);
    /* Nor does it in what is made from it, which is a block again. */
    static const uint32_t candidate = 2;
    const struct index_change more = {rules, &candidate, 1, NULL, 0};
    assert_ok(index_change(&changed, opened, &more, NULL));
    assert_ok(index_compile(&compiled, changed, NULL));
    index_free(changed);
    index_free(opened);
    opened = open_of(compiled, &second);
    assert_int_equal(match_count(compiled, "the final one"), 2);
    assert_int_equal(match_count(opened, "the final one"), 2);
    /* Bytes that are no predicate are refused. */
    find_bytes(&block, "fin.l")[-1] = 1;
    struct index *refused;
    assert_int_equal(
        index_open(&refused, &mem_libc, buf_str(&block)), NDF_ECORRUPT);
    assert_null(refused);
    index_free(opened);
    index_free(compiled);
    index_free(made);
    buf_deinit(&block);
    buf_deinit(&second);
    arena_deinit(&arena);
}

static void *match_often(void *ud)
{
    const struct index *index = ud;
    size_t count = 0;
    for (int i = 0; i < 20; i++)
        count += match_count(index, "the final one of 40");
    return (void *)count;
}

/* All ask for the same expressions when none is made yet. */
static void threads_may_ask_first_at_the_same_time(void **state)
{
    (void)state;
    enum { THREADS = 4, RULES = 40, ROUNDS = 10 };
    struct arena arena;
    struct index_rule rules[RULES];
    struct index *made;
    arena_init(&arena, &mem_libc);
    for (size_t i = 0; i < RULES; i++)
        rules[i] = rule_of_text(
            &arena, OP_MATCHES, arena_format(&arena, "f.*(%zu|40)", i).at);
    assert_ok(index_new(&made, &mem_libc, rules, RULES, NULL, NULL));
    for (size_t round = 0; round < ROUNDS; round++) {
        struct buf block;
        struct index *opened = open_of(made, &block);
        pthread_t threads[THREADS];
        for (size_t i = 0; i < THREADS; i++)
            assert_ok(pthread_create(&threads[i], NULL, match_often, opened));
        for (size_t i = 0; i < THREADS; i++) {
            void *count;
            assert_ok(pthread_join(threads[i], &count));
            assert_int_equal((size_t)count, 20 * RULES);
        }
        index_free(opened);
        buf_deinit(&block);
    }
    index_free(made);
    arena_deinit(&arena);
}

/* ---- memory ---------------------------------------------------------------
 */

static int use_all(const struct mem *mem, void *ud)
{
    const struct play *play = ud;
    static const uint32_t candidate = 7;
    const struct index_change made = {play->rules, &candidate, 1, NULL, 0};
    struct index *first = NULL, *opened = NULL, *changed = NULL;
    struct index_matches matches;
    struct arena scratch;
    struct buf blocks[2];
    arena_init(&scratch, mem);
    buf_init(&blocks[0], mem);
    buf_init(&blocks[1], mem);
    int err = index_new(&first, mem, play->rules, 40, NULL, NULL);
    if (err == NDF_OK) index_write(first, &blocks[0]);
    if (err == NDF_OK) err = buf_error(&blocks[0]);
    if (err == NDF_OK) err = index_open(&opened, mem, buf_str(&blocks[0]));
    for (size_t i = 0; i < CONTEXTS && err == NDF_OK; i++)
        err = index_match(opened, play->contexts[i], &scratch, &matches);
    if (err == NDF_OK) err = index_change(&changed, opened, &made, NULL);
    if (err == NDF_OK) index_write(changed, &blocks[1]);
    if (err == NDF_OK) err = buf_error(&blocks[1]);
    index_free(opened);
    index_free(first);
    index_free(changed);
    buf_deinit(&blocks[0]);
    buf_deinit(&blocks[1]);
    arena_deinit(&scratch);
    return err;
}

static void each_allocation_may_fail(void **state)
{
    (void)state;
    struct play *play = malloc(sizeof *play);
    assert_non_null(play);
    for (uint64_t seed = 1; seed <= 3; seed++) {
        make_world(play, seed);
        for (size_t i = 0; i < 40; i++)
            play->rules[i] = world_rule(&play->world);
        test_each_allocation_fails(use_all, play);
        world_deinit(&play->world);
    }
    free(play);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(
            opened_indexes_answer_as_made_ones, again_say),
        cmocka_unit_test(no_changed_byte_does_harm),
        cmocka_unit_test(an_expression_that_does_not_compile_never_holds),
        cmocka_unit_test(threads_may_ask_first_at_the_same_time),
        cmocka_unit_test(each_allocation_may_fail),
    };
    again_on_abort();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
