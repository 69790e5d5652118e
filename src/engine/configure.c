/*
 * configure.c - what decides where a document does not say.
 *
 * The numbers lie in the engine under its lock and are copied into each query;
 * the lists are compiled into struct domains, and a file of word vectors is
 * read at once; the next picture of the registry takes both over. Invariant: a
 * configuration that is refused changed nothing, but that without memory for a
 * lookup cache there is none.
 */
#include <string.h>

#include "base/json.h"
#include "engine/recall.h"
#include "engine/word_file.h"
#include "model/codec.h"

enum {
    CATEGORIES_MAX = 256,
    CATEGORY_MAX = 256, /* bytes of its name */
    PATH_SIZE_MAX = 4096,
};

/* All of it, as a struct that the tables below read and write. */
struct settings {
    struct selector_config config;
    struct str_list kinds[PATTERN_META + 1]; /* by enum pattern_kind */
    struct domain_rule *categories;
    size_t category_count;
    struct str vectors; /* path; "": none */
    struct lookups_options lookups;
};

/* What is made of them. */
struct made {
    struct domains *domains; /* NULL: those that there are stay */
    bool reads;              /* the word vectors are others, or none */
    struct vectors *vectors;
    const char *path;
};

/* ---- types and tables ---------------------------------------------------- */

#define NUMBERS(field) offsetof(struct selector_config, field)
#define SETTING(field) offsetof(struct settings, config) + NUMBERS(field)

static const struct codec_key levels_keys[] = {
    {.name = "medium",
        .type = &codec_real,
        .presence = CODEC_REQUIRED,
        .max = 1,
        .offset = NUMBERS(medium)},
    {.name = "high",
        .type = &codec_real,
        .presence = CODEC_REQUIRED,
        .max = 1,
        .offset = NUMBERS(high)},
};
static const struct codec_map levels_map = {.name = "levels",
    .what = "'levels'",
    .keys = levels_keys,
    .count = sizeof levels_keys / sizeof levels_keys[0]};

static int levels_read(struct codec *c, const struct codec_key *key,
    const struct value *value, void *field)
{
    struct selector_config *config = field;
    int err = codec_read_map(c, key->detail, value, field);
    if (err != NDF_OK || config->medium <= config->high) return err;
    return err_at(c->error, NDF_ESCHEMA, value->line, value->column,
        "'levels': high begins at %g, below medium at %g: make it the larger "
        "one",
        config->high, config->medium);
}

static int map_write(struct arena *arena, const struct codec_key *key,
    const void *field, const void *base, struct value *out)
{
    (void)base;
    return codec_write_map(arena, key->detail, field, NULL, out);
}

static const struct codec_type levels_type = {
    "a map of medium and high", levels_read, map_write};

static int span_read(struct codec *c, const struct codec_key *key,
    const struct value *value, void *field)
{
    int err = codec_duration.read(c, key, value, field);
    if (err == NDF_OK && *(const uint64_t *)field == 0)
        err = codec_expected(c, key->name, "more than no time", value);
    return err;
}

static int span_write(struct arena *arena, const struct codec_key *key,
    const void *field, const void *base, struct value *out)
{
    return codec_duration.write(arena, key, field, base, out);
}

static const struct codec_type span_type = {
    "a duration like 30d", span_read, span_write};

static const struct codec_key kinds_keys[] = {
    {.name = "sequential",
        .type = &codec_texts,
        .offset = PATTERN_SEQUENTIAL * sizeof(struct str_list)},
    {.name = "parallel",
        .type = &codec_texts,
        .offset = PATTERN_PARALLEL * sizeof(struct str_list)},
    {.name = "meta",
        .type = &codec_texts,
        .offset = PATTERN_META * sizeof(struct str_list)},
};
static const struct codec_map kinds_map = {.name = "kind_names",
    .what = "'kind_names'",
    .keys = kinds_keys,
    .count = sizeof kinds_keys / sizeof kinds_keys[0]};

static int kinds_read(struct codec *c, const struct codec_key *key,
    const struct value *value, void *field)
{
    struct settings *settings = field;
    memset(settings->kinds, 0, sizeof settings->kinds);
    return codec_read_map(c, key->detail, value, settings->kinds);
}

/* Empty lists are written too: all of it is told. */
static int kinds_write(struct arena *arena, const struct codec_key *key,
    const void *field, const void *base, struct value *out)
{
    const struct settings *settings = field;
    const struct codec_map *map = key->detail;
    (void)base;
    *out = value_of_object();
    for (size_t k = 0; k < map->count; k++) {
        struct value list = value_of_array();
        const struct str_list *names = &settings->kinds[k];
        int err = NDF_OK;
        for (size_t i = 0; err == NDF_OK && i < names->count; i++)
            err = value_push(arena, &list, value_of_str(names->items[i]));
        if (err == NDF_OK)
            err = value_set(arena, out, str_of(map->keys[k].name), list);
        if (err != NDF_OK) return err;
    }
    return NDF_OK;
}

static const struct codec_type kinds_type = {
    "a map of lists of names", kinds_read, kinds_write};

static const struct codec_key category_keys[] = {
    {.name = "category",
        .type = &codec_text,
        .presence = CODEC_REQUIRED,
        .min = 1,
        .max = CATEGORY_MAX,
        .offset = offsetof(struct domain_rule, category)},
    {.name = "regex",
        .type = &codec_regex,
        .presence = CODEC_REQUIRED,
        .offset = offsetof(struct domain_rule, regex)},
};
static const struct codec_map category_map = {.name = "categories",
    .what = "an item of 'categories'",
    .keys = category_keys,
    .count = sizeof category_keys / sizeof category_keys[0]};

static int categories_read(struct codec *c, const struct codec_key *key,
    const struct value *value, void *field)
{
    struct settings *settings = field;
    if (value->kind != VALUE_ARRAY) return codec_refuse(c, key, value);
    size_t count = value->array.count;
    if (count > CATEGORIES_MAX)
        return err_at(c->error, NDF_ELIMIT, value->line, value->column,
            "'%s': %zu items are too many, at most %d", key->name, count,
            CATEGORIES_MAX);
    settings->categories =
        arena_calloc(c->arena, count, sizeof *settings->categories);
    if (settings->categories == NULL) return codec_no_memory(c);
    settings->category_count = count;
    for (size_t i = 0; i < count; i++) {
        int err = codec_read_map(
            c, key->detail, &value->array.items[i], &settings->categories[i]);
        if (err != NDF_OK) return err;
    }
    return NDF_OK;
}

static int categories_write(struct arena *arena, const struct codec_key *key,
    const void *field, const void *base, struct value *out)
{
    const struct settings *settings = field;
    (void)base;
    *out = value_of_array();
    for (size_t i = 0; i < settings->category_count; i++) {
        struct value item;
        int err = codec_write_map(
            arena, key->detail, &settings->categories[i], NULL, &item);
        if (err == NDF_OK) err = value_push(arena, out, item);
        if (err != NDF_OK) return err;
    }
    return NDF_OK;
}

static const struct codec_type categories_type = {
    "a list like [{category: data, regex: etl}]", categories_read,
    categories_write};

#define LOOKUPS(field) offsetof(struct lookups_options, field)

static const struct codec_key lookups_keys[] = {
    {.name = "size",
        .type = &codec_u32,
        .max = LOOKUPS_SIZE_MAX,
        .offset = LOOKUPS(size)},
    {.name = "ttl",
        .type = &span_type,
        .expected = "a duration like 1h",
        .offset = LOOKUPS(ttl_ms)},
    {.name = "preload_frequent",
        .type = &codec_bool,
        .offset = LOOKUPS(preload_frequent)},
    {.name = "similarity", .type = &codec_bool, .offset = LOOKUPS(similarity)},
};
static const struct codec_map lookups_map = {.name = "lookup_cache",
    .what = "'lookup_cache'",
    .keys = lookups_keys,
    .count = sizeof lookups_keys / sizeof lookups_keys[0]};

static int lookups_read_options(struct codec *c, const struct codec_key *key,
    const struct value *value, void *field)
{
    struct lookups_options *options = field;
    *options = lookups_usual;
    return codec_read_map(c, key->detail, value, options);
}

static const struct codec_type lookups_type = {
    "a map like {size: 1000, ttl: 1h}", lookups_read_options, map_write};

static const struct codec_key settings_keys[] = {
    {.name = "threshold",
        .type = &codec_real,
        .max = 1,
        .offset = SETTING(threshold)},
    {.name = "cold_threshold",
        .type = &codec_real,
        .max = 1,
        .offset = SETTING(cold_threshold)},
    {.name = "min_executions",
        .type = &codec_u32,
        .offset = SETTING(min_executions)},
    {.name = "half_life", .type = &span_type, .offset = SETTING(half_life_ms)},
    {.name = "levels",
        .type = &levels_type,
        .detail = &levels_map,
        .offset = offsetof(struct settings, config)},
    {.name = "kind_names", .type = &kinds_type, .detail = &kinds_map},
    {.name = "categories", .type = &categories_type, .detail = &category_map},
    {.name = "vectors",
        .type = &codec_text,
        .max = PATH_SIZE_MAX,
        .offset = offsetof(struct settings, vectors)},
    {.name = "lookup_cache",
        .type = &lookups_type,
        .detail = &lookups_map,
        .offset = offsetof(struct settings, lookups)},
};
static const struct codec_map settings_map = {.name = "configuration",
    .what = "the configuration",
    .keys = settings_keys,
    .count = sizeof settings_keys / sizeof settings_keys[0]};

/* ---- reading and changing ------------------------------------------------ */

struct selector_config engine_config(ndf_engine *engine)
{
    struct selector_config config;
    twin_read(&engine->config_turn, engine->config, &config, sizeof config);
    return config;
}

void engine_set_config(ndf_engine *engine, const struct selector_config *config)
{
    pthread_mutex_lock(&engine->lock);
    twin_write(&engine->config_turn, engine->config, config, sizeof *config);
    pthread_mutex_unlock(&engine->lock);
}

uint64_t engine_half_life(ndf_engine *engine, struct str pattern)
{
    uint64_t half_life = engine_config(engine).half_life_ms;
    struct look look;
    if (!engine_look_last(engine, &look)) return half_life;
    const struct entry *entry = registry_entry(look.picture->registry, pattern);
    if (entry != NULL && entry->law != NULL &&
        entry->law->confidence.half_life_ms > 0)
        half_life = entry->law->confidence.half_life_ms;
    engine_look_end(engine, &look);
    return half_life;
}

/* What is so now; the lists borrow from the engine's domains. `loading` is
 * held. */
static int read_settings(
    ndf_engine *engine, struct arena *arena, struct settings *out)
{
    const struct domain_rules *rules = domains_rules(engine->domains);
    *out = (struct settings){.config = engine_config(engine),
        .category_count = rules->category_count,
        .lookups = engine->lookup_options,
        .vectors = str_of(engine->vectors_path)};
    out->categories = arena_dup(arena, rules->categories,
        rules->category_count * sizeof *out->categories);
    if (out->categories == NULL) return NDF_ENOMEM;
    for (size_t kind = 0; kind <= PATTERN_META; kind++) {
        const struct kind_names *names = &rules->kinds[kind];
        struct str *items =
            arena_dup(arena, names->items, names->count * sizeof *items);
        if (items == NULL) return NDF_ENOMEM;
        out->kinds[kind] = (struct str_list){items, names->count};
    }
    return NDF_OK;
}

static int make_domains(ndf_engine *engine, const struct settings *settings,
    struct domains **out, ndf_error *error)
{
    struct domain_rules rules = {.categories = settings->categories,
        .category_count = settings->category_count};
    for (size_t kind = 0; kind <= PATTERN_META; kind++)
        rules.kinds[kind] = (struct kind_names){
            settings->kinds[kind].items, settings->kinds[kind].count};
    return domains_new(out, &engine->mem, &rules, error);
}

/* The engine's strings keep the path. `loading` is held. */
static int read_vectors(
    ndf_engine *engine, struct str path, struct made *made, ndf_error *error)
{
    made->reads = true;
    if (path.size == 0) return NDF_OK;
    made->path = arena_str(&engine->arena, path).at;
    if (made->path == NULL) return NDF_ENOMEM;
    return word_file_read(&made->vectors, &engine->mem, made->path, error);
}

/* Makes what the keys that are given ask for. */
static int make(ndf_engine *engine, const struct value *given,
    const struct settings *settings, struct made *made, ndf_error *error)
{
    int err = NDF_OK;
    if (value_get(given, STR("kind_names")) != NULL ||
        value_get(given, STR("categories")) != NULL)
        err = make_domains(engine, settings, &made->domains, error);
    if (err == NDF_OK && value_get(given, STR("vectors")) != NULL)
        err = read_vectors(engine, settings->vectors, made, error);
    return err;
}

static void unmake(struct made *made)
{
    domains_unref(made->domains);
    vectors_unref(made->vectors);
}

/* Takes what was made. `loading` is held. */
static void apply(ndf_engine *engine, const struct settings *settings,
    const struct made *made)
{
    engine_set_config(engine, &settings->config);
    if (made->domains != NULL) {
        domains_unref(engine->domains);
        engine->domains = made->domains;
    }
    if (made->reads) {
        vectors_unref(engine->vectors);
        engine->vectors = made->vectors;
        engine->vectors_path = made->path;
    }
    if (made->domains != NULL || made->reads) engine_touch(engine);
}

/* json .at NULL: nothing changes. `loading` is held. */
static int configure(ndf_engine *engine, struct arena *arena, struct str json,
    bool *ahead, ndf_text **out, ndf_error *error)
{
    struct settings settings;
    struct value value = value_of_object();
    struct made made = {.domains = NULL};
    struct codec c = {arena, error};
    int err = engine_domains(engine, error);
    if (err == NDF_OK) err = read_settings(engine, arena, &settings);
    if (err == NDF_OK && json.at != NULL)
        err = json_parse(arena, json, &value, error);
    if (err == NDF_OK)
        err = codec_read_map(&c, &settings_map, &value, &settings);
    if (err == NDF_OK) err = make(engine, &value, &settings, &made, error);
    if (err == NDF_OK && out != NULL) {
        struct value all;
        err = codec_write_map(arena, &settings_map, &settings, NULL, &all);
        if (err == NDF_OK) err = text_of_value(out, &engine->mem, &all);
    }
    bool lookups = value_get(&value, STR("lookup_cache")) != NULL;
    if (err == NDF_OK && lookups)
        err = recall_configure(engine, &settings.lookups);
    if (err == NDF_OK) apply(engine, &settings, &made);
    else unmake(&made);
    if (err != NDF_OK && out != NULL) {
        ndf_text_free(*out);
        *out = NULL;
    }
    *ahead = err == NDF_OK && lookups && settings.lookups.preload_frequent;
    return err;
}

int ndf_configure(ndf_engine *engine, const char *json, size_t size,
    ndf_text **out, ndf_error *error)
{
    if (out != NULL) *out = NULL;
    int err = engine_check(engine, error);
    if (err != NDF_OK) return err;
    if (error != NULL) error->code = NDF_OK;
    struct arena arena;
    arena_init(&arena, &engine->mem);
    pthread_mutex_lock(&engine->loading);
    bool ahead;
    err =
        configure(engine, &arena, (struct str){json, size}, &ahead, out, error);
    pthread_mutex_unlock(&engine->loading);
    arena_deinit(&arena);
    if (ahead) recall_ahead(engine);
    return engine_explain(err, "nothing was configured", error);
}
