/*
 * test_recall.c - the lookup cache: a choice is the same, byte by byte, whether
 * it is kept or not, whatever is learned, counted, configured, registered or
 * answered by the host in between.
 */
#include <stdio.h>
#include <stdlib.h>

#include "api.h"

enum { STEPS = 1500, PATTERNS = 60 };

/* Two engines to whom the same happens: one keeps, the other does not. */
struct pair {
    ndf_engine *kept, *plain;
    ndf_error error;
    uint64_t seed;
    int64_t now_ms;
};

static uint32_t draw(struct pair *pair, uint32_t below)
{
    pair->seed ^= pair->seed << 13;
    pair->seed ^= pair->seed >> 7;
    pair->seed ^= pair->seed << 17;
    return (uint32_t)(pair->seed >> 32) % below;
}

static int64_t wall_ms(void *ud)
{
    return ((const struct pair *)ud)->now_ms;
}

static int64_t mono_ns(void *ud)
{
    return ((const struct pair *)ud)->now_ms * 1000000;
}

static void pair_open(struct pair *pair, uint64_t seed)
{
    *pair = (struct pair){.seed = seed, .now_ms = 1000000};
    const ndf_clock clock = {wall_ms, mono_ns, pair};
    ndf_options options = NDF_OPTIONS_INIT;
    options.clock = &clock;
    options.seed = 1;
    assert_ok(ndf_open(&pair->kept, &options, &pair->error));
    assert_ok(ndf_open(&pair->plain, &options, &pair->error));
}

static void pair_close(struct pair *pair)
{
    ndf_close(pair->kept);
    ndf_close(pair->plain);
}

static void configure(struct pair *pair, ndf_engine *engine, const char *json)
{
    if (ndf_configure(engine, json, strlen(json), NULL, &pair->error) != NDF_OK)
        fail_msg("%s: %s", json, pair->error.message);
}

static void configure_both(struct pair *pair, const char *json)
{
    configure(pair, pair->kept, json);
    configure(pair, pair->plain, json);
}

static const char *const words[] = {"deploy", "review", "test", "write",
    "memory", "leak", "login", "release", "server", "graph", "security",
    "data"};
enum { WORDS = sizeof words / sizeof words[0] };

static const char *word(struct pair *pair)
{
    return words[draw(pair, WORDS)];
}

static void register_one(struct pair *pair, uint32_t number)
{
    static const char *const laws[] = {"", "", "",
        "only_if: {domain: 'web.**'}", "only_if: {attributes: {n: {ge: 2}}}",
        "good_for: {domain: security}", "not_for: [memory leak]",
        "ask_host: true",
        "only_if: [{agent_type: x}, {text: {matches: 'leak|graph'}}]"};
    char text[512];
    (void)snprintf(text, sizeof text,
        "pattern: p%u\ndescription: %s the %s of a %s and %s\nsteps: [a]\n%s\n",
        number, word(pair), word(pair), word(pair), word(pair),
        laws[draw(pair, sizeof laws / sizeof laws[0])]);
    assert_ok(ndf_register(pair->kept, text, strlen(text), 1, &pair->error));
    assert_ok(ndf_register(pair->plain, text, strlen(text), 1, &pair->error));
}

static void record_one(struct pair *pair)
{
    char json[512];
    (void)snprintf(json, sizeof json,
        "{\"pattern\": \"p%u\", \"result\": \"%s\", \"evidence\": \"person\", "
        "\"text\": \"%s the %s\"%s}",
        draw(pair, PATTERNS), draw(pair, 3) == 0 ? "failure" : "success",
        word(pair), word(pair),
        draw(pair, 2) == 0 ? ", \"domain\": \"web.shop\"" : "");
    int err = ndf_record(pair->kept, json, strlen(json), &pair->error);
    assert_int_equal(
        ndf_record(pair->plain, json, strlen(json), &pair->error), err);
}

/* The host's mind, which changes. */
static int allow(void *ud, const char *pattern, const ndf_context *context)
{
    const struct pair *pair = ud;
    (void)context;
    return (pattern[strlen(pattern) - 1] + pair->now_ms) % 2 == 0;
}

static json_t *choose(struct pair *pair, ndf_engine *engine, const char *json,
    const ndf_select_options *options)
{
    ndf_context *context;
    ndf_selection *selection;
    ndf_text *text;
    assert_ok(
        ndf_context_new(engine, json, strlen(json), &context, &pair->error));
    assert_ok(
        ndf_select_with(engine, context, options, &selection, &pair->error));
    assert_ok(ndf_selection_json(selection, &text));
    json_t *document = json_string(ndf_text_data(text));
    assert_non_null(document);
    ndf_text_free(text);
    ndf_selection_free(selection);
    ndf_context_free(context);
    return document;
}

static void choose_both(struct pair *pair)
{
    static const char *const rests[] = {"", "", "", ", \"domain\": \"web.a\"",
        ", \"attributes\": {\"n\": 3}", ", \"attributes\": {\"n\": 1}",
        ", \"agent_type\": \"x\"", ", \"priority\": 2"};
    char json[256];
    (void)snprintf(json, sizeof json, "{\"text\": \"%s the %s\"%s}", word(pair),
        word(pair), rests[draw(pair, sizeof rests / sizeof rests[0])]);
    ndf_select_options options = NDF_SELECT_OPTIONS_INIT;
    if (draw(pair, 2) == 0) options.ask = allow;
    options.ask_ud = pair;
    options.limit = draw(pair, 3) == 0 ? 1 + draw(pair, 100) : 0;
    json_t *plain = choose(pair, pair->plain, json, &options);
    json_t *kept = choose(pair, pair->kept, json, &options);
    assert_string_equal(json_string_value(kept), json_string_value(plain));
    json_decref(kept);
    kept = choose(pair, pair->kept, json, &options);
    assert_string_equal(json_string_value(kept), json_string_value(plain));
    json_decref(kept);
    json_decref(plain);
}

/* The member of the metrics. */
static json_t *lookups_of(ndf_engine *engine)
{
    ndf_text *text;
    assert_ok(ndf_metrics(engine, &text));
    json_t *metrics = parse_text(text);
    json_t *lookups = json_incref(json_object_get(metrics, "lookup_cache"));
    assert_non_null(lookups);
    json_decref(metrics);
    return lookups;
}

static json_int_t number_of(ndf_engine *engine, const char *name)
{
    json_t *lookups = lookups_of(engine);
    json_t *number = json_object_get(lookups, name);
    assert_true(json_is_integer(number));
    json_int_t value = json_integer_value(number);
    json_decref(lookups);
    return value;
}

static void a_kept_choice_is_the_same(void **state)
{
    static const char *const settings[] = {"{\"threshold\": 0.1}",
        "{\"threshold\": 0.5, \"cold_threshold\": 0.2}",
        "{\"half_life\": \"1h\"}", "{\"min_executions\": 1}",
        "{\"categories\": [{\"category\": \"web\", \"regex\": \"login\"}]}"};
    (void)state;
    struct pair pair;
    pair_open(&pair, 7);
    configure(&pair, pair.kept,
        "{\"lookup_cache\": {\"size\": 200, \"ttl\": \"10s\"}}");
    for (uint32_t i = 0; i < PATTERNS; i++)
        register_one(&pair, i);
    for (int i = 0; i < STEPS; i++) {
        uint32_t what = draw(&pair, 100);
        pair.now_ms += draw(&pair, 300);
        if (what < 15) record_one(&pair);
        else if (what < 17) register_one(&pair, draw(&pair, PATTERNS));
        else if (what < 18) configure_both(&pair, settings[draw(&pair, 5)]);
        else choose_both(&pair);
    }
    assert_true(number_of(pair.kept, "hits") > STEPS / 4);
    assert_true(number_of(pair.kept, "misses") > 0);
    assert_true(number_of(pair.kept, "expired") > 0);
    assert_int_equal(number_of(pair.plain, "hits"), 0);
    assert_int_equal(number_of(pair.plain, "misses"), 0);
    pair_close(&pair);
}

static void a_context_without_words_is_not_looked_up(void **state)
{
    (void)state;
    struct pair pair;
    pair_open(&pair, 3);
    configure(&pair, pair.kept, "{\"lookup_cache\": {}}");
    register_one(&pair, 1);
    ndf_select_options options = NDF_SELECT_OPTIONS_INIT;
    for (int i = 0; i < 3; i++)
        json_decref(
            choose(&pair, pair.kept, "{\"domain\": \"web.a\"}", &options));
    assert_int_equal(number_of(pair.kept, "size"), 1000);
    assert_int_equal(number_of(pair.kept, "hits"), 0);
    assert_int_equal(number_of(pair.kept, "misses"), 0);
    json_t *lookups = lookups_of(pair.kept);
    assert_non_null(strstr(string_at(lookups, "note"), "without"));
    assert_true(json_is_null(json_object_get(lookups, "hit_rate")));
    json_decref(lookups);
    lookups = lookups_of(pair.plain);
    assert_string_equal(string_at(lookups, "note"), "off");
    json_decref(lookups);
    pair_close(&pair);
}

static int note(void *ud, const char *name, double score)
{
    char *all = ud;
    size_t size = strlen(all);
    (void)snprintf(all + size, 4096 - size, "%s %.17g\n", name, score);
    return 0;
}

static void likenesses_are_kept_if_wished(void **state)
{
    (void)state;
    struct pair pair;
    pair_open(&pair, 5);
    for (uint32_t i = 0; i < 20; i++)
        register_one(&pair, i);
    for (int wished = 0; wished < 2; wished++) {
        configure(&pair, pair.kept,
            wished ? "{\"lookup_cache\": {\"similarity\": true}}"
                   : "{\"lookup_cache\": {\"size\": 10}}");
        for (int i = 0; i < 6; i++) {
            char kept[4096] = "", plain[4096] = "";
            if (i == 3) register_one(&pair, 7);
            assert_ok(ndf_find_similar(
                pair.kept, "p4", 0.1, 5, note, kept, &pair.error));
            assert_ok(ndf_find_similar(
                pair.plain, "p4", 0.1, 5, note, plain, &pair.error));
            assert_string_equal(kept, plain);
        }
        assert_int_equal(number_of(pair.kept, "hits"), wished ? 4 : 0);
    }
    pair_close(&pair);
}

static void the_frequent_are_looked_up_ahead(void **state)
{
    (void)state;
    struct pair pair;
    pair_open(&pair, 9);
    for (uint32_t i = 0; i < 5; i++)
        register_one(&pair, i);
    for (int i = 0; i < 3; i++) {
        const char *often = "{\"pattern\": \"p1\", \"result\": \"success\", "
                            "\"text\": \"fix the server\"}";
        assert_ok(ndf_record(pair.kept, often, strlen(often), &pair.error));
    }
    const char *once = "{\"pattern\": \"p1\", \"result\": \"success\", "
                       "\"text\": \"write the graph\"}";
    assert_ok(ndf_record(pair.kept, once, strlen(once), &pair.error));
    configure(
        &pair, pair.kept, "{\"lookup_cache\": {\"preload_frequent\": true}}");
    assert_int_equal(number_of(pair.kept, "entries"), 1);
    assert_int_equal(number_of(pair.kept, "misses"), 0);
    ndf_select_options options = NDF_SELECT_OPTIONS_INIT;
    json_decref(
        choose(&pair, pair.kept, "{\"text\": \"fix the server\"}", &options));
    assert_int_equal(number_of(pair.kept, "hits"), 1);
    json_decref(
        choose(&pair, pair.kept, "{\"text\": \"write the graph\"}", &options));
    assert_int_equal(number_of(pair.kept, "misses"), 1);
    pair_close(&pair);
}

static void a_bad_setting_changes_nothing(void **state)
{
    static const char *const bad[] = {"{\"lookup_cache\": {\"size\": -1}}",
        "{\"lookup_cache\": {\"size\": 1000001}}",
        "{\"lookup_cache\": {\"ttl\": \"0s\"}}",
        "{\"lookup_cache\": {\"sizes\": 1}}", "{\"lookup_cache\": 5}",
        "{\"lookup_cache\": {\"size\": 5}, \"threshold\": 3}"};
    (void)state;
    struct pair pair;
    pair_open(&pair, 1);
    configure(&pair, pair.kept, "{\"lookup_cache\": {\"size\": 77}}");
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal(
            ndf_configure(pair.kept, bad[i], strlen(bad[i]), NULL, &pair.error),
            NDF_ESCHEMA);
    assert_int_equal(number_of(pair.kept, "size"), 77);
    ndf_text *text;
    assert_ok(ndf_configure(pair.kept, NULL, 0, &text, &pair.error));
    /* What is told may be given back. */
    assert_ok(ndf_configure(pair.plain, ndf_text_data(text),
        ndf_text_size(text), NULL, &pair.error));
    assert_int_equal(number_of(pair.plain, "size"), 77);
    ndf_text_free(text);
    pair_close(&pair);
}

static int configure_with(const struct mem *mem, void *ud)
{
    static const char settings[] = "{\"lookup_cache\": {\"size\": 64}}";
    (void)ud;
    ndf_options options = NDF_OPTIONS_INIT;
    options.alloc = mem->fn;
    options.alloc_ud = mem->ud;
    options.home = "/nonexistent";
    ndf_engine *engine;
    ndf_text *text = NULL;
    int err = ndf_open(&engine, &options, NULL);
    if (err == NDF_OK)
        err = ndf_configure(engine, settings, sizeof settings - 1, &text, NULL);
    /* What failed told nothing. */
    assert_true((err == NDF_OK) == (text != NULL));
    ndf_text_free(text);
    ndf_close(engine);
    return err;
}

static void each_allocation_may_fail(void **state)
{
    (void)state;
    test_each_allocation_fails(configure_with, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_kept_choice_is_the_same),
        cmocka_unit_test(a_context_without_words_is_not_looked_up),
        cmocka_unit_test(likenesses_are_kept_if_wished),
        cmocka_unit_test(the_frequent_are_looked_up_ahead),
        cmocka_unit_test(a_bad_setting_changes_nothing),
        cmocka_unit_test(each_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
