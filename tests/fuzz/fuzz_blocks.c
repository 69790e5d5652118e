/*
 * fuzz_blocks.c - blocks with bytes changed, and cut anywhere, are used or
 * refused; what is used ends, and stays within its range.
 *
 * An input is the kind of block, then changes: where (two bytes) and what (one
 * byte). Two bytes that are left over say where the block is cut.
 */
#include <math.h>
#include <string.h>

#include "base/json.h"
#include "base/names.h"
#include "decide/mentions.h"
#include "decide/overlap.h"
#include "decide/text.h"
#include "fuzz/fuzz.h"
#include "model/pattern.h"

enum kind { NAMES, TEXT, MENTIONS, OVERLAP, KINDS };
enum { COUNT = 6, CHANGE = 3 };

static const char *const words[COUNT] = {
    "review the login code for injection",
    "draw a chart of the sales",
    "review of the code",
    "",
    "translate the manual into French and German",
    "find the leak of memory in the server code",
};

static const char *const laws[COUNT] = {
    "\"only_if\":{\"domain\":\"web.*.b.**\",\"attributes\":{\"a\":1}}",
    "\"only_if\":[{\"domain\":[\"web.shop\",\"*.shop\"]},{\"domain\":\"x\"}]",
    "\"good_for\":{\"domain\":\"web.**\",\"attributes\":{\"a\":{\"ge\":2}}}",
    "\"examples\":[\"e\"]",
    "\"only_if\":{\"domain\":\"*.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a."
    "a.a.a.a.a.a.a.a.a.a.a\"}",
    "\"only_if\":{\"agent_type\":\"coder\",\"attributes\":{\"b.c\":null}}",
};

static struct str features_of(struct arena *arena, const char *text)
{
    const struct text_field fields[] = {
        {TEXT_DESCRIPTION, str_of(text)}, {TEXT_NOT_FOR, STR("a chart")}};
    struct buf buf;
    buf_init(&buf, &mem_libc);
    FUZZ_REQUIRE(text_features(&mem_libc, fields, text[0] != '\0' ? 2 : 1,
                     &buf) == NDF_OK);
    struct str features = arena_str(arena, buf_str(&buf));
    buf_deinit(&buf);
    return features;
}

static struct index_rule rule_of(struct arena *arena, const char *law)
{
    struct value value;
    struct pattern *pattern = arena_alloc(arena, sizeof *pattern);
    struct str text =
        arena_format(arena, "{\"pattern\":\"p\",\"steps\":[\"a\"],%s}", law);
    FUZZ_REQUIRE(json_parse(arena, text, &value, NULL) == NDF_OK);
    FUZZ_REQUIRE(pattern_decode(arena, &value, pattern, NULL) == NDF_OK);
    return (struct index_rule){
        pattern->only_if, pattern->only_if_count, &pattern->good_for};
}

static void make_names(struct buf *out)
{
    static const struct str list[COUNT] = {
        {"a", 1}, {"bb", 2}, {"a", 1}, {"", 0}, {"web.shop", 8}, {"bb", 2}};
    static const uint32_t order[COUNT] = {5, 3, 4, 2, 1, 0};
    struct names *names;
    FUZZ_REQUIRE(names_new(&names, &mem_libc, list, order, COUNT) == NDF_OK);
    names_write(names, out);
    names_free(names);
}

static void make_text(struct arena *arena, struct buf *out)
{
    struct str features[COUNT];
    struct text_index *index;
    for (size_t i = 0; i < COUNT; i++)
        features[i] = features_of(arena, words[i]);
    FUZZ_REQUIRE(text_index_new(&index, &mem_libc, features, COUNT) == NDF_OK);
    text_index_write(index, out);
    text_index_free(index);
}

static void make_rules(struct arena *arena, enum kind kind, struct buf *out)
{
    struct index_rule rules[COUNT];
    for (size_t i = 0; i < COUNT; i++)
        rules[i] = rule_of(arena, laws[i]);
    struct mentions *mentions;
    struct overlap *overlap;
    FUZZ_REQUIRE(mentions_new(&mentions, &mem_libc, rules, COUNT) == NDF_OK);
    FUZZ_REQUIRE(overlap_new(&overlap, &mem_libc, rules, COUNT) == NDF_OK);
    if (kind == MENTIONS) mentions_write(mentions, out);
    else overlap_write(overlap, out);
    mentions_free(mentions);
    overlap_free(overlap);
}

/* As it was made; once. */
static struct str good_block(enum kind kind)
{
    static struct buf blocks[KINDS];
    struct buf *block = &blocks[kind];
    if (block->size > 0) return buf_str(block);
    struct arena arena;
    arena_init(&arena, &mem_libc);
    buf_init(block, &mem_libc);
    if (kind == NAMES) make_names(block);
    else if (kind == TEXT) make_text(&arena, block);
    else make_rules(&arena, kind, block);
    FUZZ_REQUIRE(buf_error(block) == NDF_OK);
    arena_deinit(&arena);
    return buf_str(block);
}

/* ---- using one ------------------------------------------------------------
 */

static int use_names(struct str block)
{
    struct names *names;
    int err = names_open(&names, &mem_libc, block);
    if (err != NDF_OK) return err;
    size_t count = names_count(names);
    for (size_t i = 0; i < count; i++) {
        struct str name = names_at(names, i);
        FUZZ_REQUIRE(name.at[name.size] == '\0');
        size_t steps = 0;
        for (size_t at = names_find(names, name); at != NAMES_NONE;
             at = names_next(names, at)) {
            FUZZ_REQUIRE(at < count);
            FUZZ_REQUIRE(++steps <= count);
        }
    }
    (void)names_find(names, STR("nobody"));
    names_free(names);
    return NDF_OK;
}

static bool is_share(float share)
{
    return share >= 0 && share <= 1;
}

static int use_text(struct str block)
{
    struct text_index *index;
    int err = text_index_open(&index, &mem_libc, block);
    if (err != NDF_OK) return err;
    struct arena arena;
    struct text_query query;
    struct text_scores scores;
    struct text_word *found;
    size_t count;
    float *alike;
    arena_init(&arena, &mem_libc);
    struct str task = STR("review the code of the chart for a memory leak");
    FUZZ_REQUIRE(text_query_make(&arena, task, &query) == NDF_OK);
    FUZZ_REQUIRE(text_index_score(index, &query, &arena, &scores) == NDF_OK);
    for (size_t i = 0; i < scores.count; i++) {
        const struct text_score *score = &scores.items[i];
        FUZZ_REQUIRE(score->document < text_index_count(index));
        FUZZ_REQUIRE(is_share(score->cosine));
        FUZZ_REQUIRE(isfinite(score->bm25) && isfinite(score->negative));
        FUZZ_REQUIRE(text_index_words(index, &query, score->document, &arena,
                         &found, &count) == NDF_OK);
    }
    struct str features = features_of(&arena, words[0]);
    FUZZ_REQUIRE(
        text_index_alike(index, features, 0, &arena, &alike) == NDF_OK);
    for (size_t i = 0; i < text_index_count(index); i++)
        FUZZ_REQUIRE(is_share(alike[i]));
    text_index_free(index);
    arena_deinit(&arena);
    return NDF_OK;
}

static int use_mentions(struct str block)
{
    static const char *const domains[] = {"web.shop", "web.x.b.c", "", "x",
        "x.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a"};
    struct mentions *mentions;
    int err = mentions_open(&mentions, &mem_libc, block);
    if (err != NDF_OK) return err;
    struct arena arena;
    struct mentioned found;
    arena_init(&arena, &mem_libc);
    for (size_t i = 0; i < sizeof domains / sizeof domains[0]; i++) {
        if (mentions_domain(mentions, str_of(domains[i]), &arena, &found) !=
            NDF_OK)
            continue;
        for (size_t k = 0; k < found.count; k++)
            FUZZ_REQUIRE(found.items[k] < mentions_count(mentions));
    }
    mentions_attribute(mentions, STR("a"), &found);
    for (size_t k = 0; k < found.count; k++)
        FUZZ_REQUIRE(found.items[k] < mentions_count(mentions));
    mentions_free(mentions);
    arena_deinit(&arena);
    return NDF_OK;
}

static int use_overlap(struct str block)
{
    struct overlap *overlap;
    int err = overlap_open(&overlap, &mem_libc, block);
    if (err != NDF_OK) return err;
    size_t count = overlap_count(overlap);
    for (size_t a = 0; a < count; a++)
        for (size_t b = 0; b < count; b++) {
            double share = overlap_of(overlap, a, b);
            FUZZ_REQUIRE(share >= 0 && share <= 1);
        }
    overlap_free(overlap);
    return NDF_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0) return 0;
    enum kind kind = (enum kind)(data[0] % KINDS);
    struct str good = good_block(kind);
    size_t left = good.size;
    bool cut = (size - 1) % CHANGE == 2;
    if (cut) left = (size_t)(data[size - 2] << 8 | data[size - 1]) % good.size;
    /* An exact copy, so that a sanitizer sees every byte read past its end. */
    char *block = malloc(left > 0 ? left : 1);
    FUZZ_REQUIRE(block != NULL);
    memcpy(block, good.at, left);
    bool changed = cut;
    for (size_t i = 1; left > 0 && i + CHANGE <= size; i += CHANGE) {
        size_t at = (size_t)(data[i] << 8 | data[i + 1]) % left;
        changed |= block[at] != (char)data[i + 2];
        block[at] = (char)data[i + 2];
    }
    static int (*const uses[KINDS])(struct str) = {
        use_names, use_text, use_mentions, use_overlap};
    int err = uses[kind]((struct str){block, left});
    FUZZ_REQUIRE(err == NDF_OK || (changed && err != NDF_ENOMEM));
    FUZZ_REQUIRE(!cut || err != NDF_OK);
    free(block);
    return 0;
}
