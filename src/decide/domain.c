/*
 * domain.c - see domain.h.
 */
#include "decide/domain.h"

#include <stdatomic.h>
#include <stdint.h>

#include "base/map.h"

enum {
    COMPLEXITY_META = 5, /* above it, meta patterns suit */
    DOMAINS_META = 3,    /* so many domains, too */
};

static const struct domain_rule categories_default[] = {
    {{"web_dev", 7}, {"web.*development|frontend|backend", 33}},
    {{"data", 4}, {"data.*processing|analytics|etl", 30}},
    {{"devops", 6}, {"devops|deployment|infrastructure", 32}},
    {{"security", 8}, {"security|audit|vulnerability", 28}},
};
static const struct str sequential_default[] = {
    {"data_processing_pipeline", 24},
    {"validation_workflow", 19},
    {"deployment_sequence", 19},
};
static const struct str parallel_default[] = {
    {"multi_service_deployment", 24},
    {"concurrent_testing", 18},
    {"parallel_data_processing", 24},
};
static const struct str meta_default[] = {
    {"enterprise_migration", 20},
    {"complex_orchestration", 21},
    {"multi_domain_workflow", 21},
};

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

const struct domain_rules domain_rules_default = {
    .categories = categories_default,
    .category_count = COUNT(categories_default),
    .kinds =
        {
            [PATTERN_SEQUENTIAL] = {sequential_default,
                COUNT(sequential_default)},
            [PATTERN_PARALLEL] = {parallel_default, COUNT(parallel_default)},
            [PATTERN_META] = {meta_default, COUNT(meta_default)},
        },
};

struct domains {
    const struct mem *mem;
    _Atomic size_t references;
    struct arena arena;
    struct domain_rules rules; /* in arena */
    struct matcher **matchers; /* one a category; in arena */
    struct map kinds;          /* name -> bits of the kinds */
};

/* ---- building ------------------------------------------------------------ */

static int copy_str(struct arena *arena, struct str from, struct str *out)
{
    *out = arena_str(arena, from);
    return out->at != NULL ? NDF_OK : NDF_ENOMEM;
}

static int copy_categories(
    struct domains *domains, const struct domain_rules *rules, ndf_error *error)
{
    struct arena *arena = &domains->arena;
    size_t count = rules->category_count;
    struct domain_rule *copies = arena_calloc(arena, count, sizeof *copies);
    domains->matchers = arena_calloc(arena, count, sizeof(struct matcher *));
    if (copies == NULL || domains->matchers == NULL) return NDF_ENOMEM;
    domains->rules.categories = copies;
    for (size_t i = 0; i < count; i++) {
        const struct domain_rule *from = &rules->categories[i];
        int err = copy_str(arena, from->category, &copies[i].category);
        if (err == NDF_OK) err = copy_str(arena, from->regex, &copies[i].regex);
        if (err == NDF_OK)
            err = matcher_new(&domains->matchers[i], domains->mem,
                copies[i].regex, MATCHER_FOLDED, error);
        if (err != NDF_OK) return err;
        domains->rules.category_count++;
    }
    return NDF_OK;
}

static int copy_kind(
    struct domains *domains, const struct kind_names *from, size_t kind)
{
    struct arena *arena = &domains->arena;
    struct str *copies = arena_calloc(arena, from->count, sizeof *copies);
    if (copies == NULL) return NDF_ENOMEM;
    for (size_t i = 0; i < from->count; i++) {
        int err = copy_str(arena, from->items[i], &copies[i]);
        if (err != NDF_OK) return err;
        uintptr_t bits = (uintptr_t)map_get(&domains->kinds, copies[i]);
        bits |= (uintptr_t)1 << kind;
        err = map_put(&domains->kinds, copies[i], (void *)bits);
        if (err != NDF_OK) return err;
    }
    domains->rules.kinds[kind] = (struct kind_names){copies, from->count};
    return NDF_OK;
}

int domains_new(struct domains **out, const struct mem *mem,
    const struct domain_rules *rules, ndf_error *error)
{
    *out = NULL;
    struct domains *domains = mem_calloc(mem, 1, sizeof *domains);
    if (domains == NULL) return err_set(error, NDF_ENOMEM, "out of memory");
    domains->mem = mem;
    atomic_init(&domains->references, 1);
    arena_init(&domains->arena, mem);
    map_init(&domains->kinds, mem);
    int err = copy_categories(domains, rules, error);
    for (size_t kind = 0; err == NDF_OK && kind <= PATTERN_META; kind++)
        err = copy_kind(domains, &rules->kinds[kind], kind);
    if (err == NDF_OK) {
        *out = domains;
        return NDF_OK;
    }
    domains_unref(domains);
    if (err == NDF_ENOMEM) return err_set(error, err, "out of memory");
    return err;
}

struct domains *domains_ref(struct domains *domains)
{
    atomic_fetch_add_explicit(&domains->references, 1, memory_order_relaxed);
    return domains;
}

void domains_unref(struct domains *domains)
{
    if (domains == NULL) return;
    if (atomic_fetch_sub_explicit(
            &domains->references, 1, memory_order_acq_rel) != 1)
        return;
    for (size_t i = 0; i < domains->rules.category_count; i++)
        matcher_free(domains->matchers[i]);
    map_deinit(&domains->kinds);
    arena_deinit(&domains->arena);
    mem_free(domains->mem, domains, sizeof *domains);
}

const struct domain_rules *domains_rules(const struct domains *domains)
{
    return &domains->rules;
}

/* ---- guessing ------------------------------------------------------------ */

int domains_infer(const struct domains *domains, struct matcher_work *work,
    struct str text, struct str *out)
{
    *out = (struct str){NULL, 0};
    if (text.size == 0) return NDF_OK;
    for (size_t i = 0; i < domains->rules.category_count; i++) {
        enum matcher_result result;
        int err = matcher_search(domains->matchers[i], work, text, &result);
        if (err != NDF_OK) return err;
        if (result != MATCHER_YES) continue;
        *out = domains->rules.categories[i].category;
        return NDF_OK;
    }
    *out = STR("general");
    return NDF_OK;
}

static bool is_complex(const struct value *attributes)
{
    const struct value *complexity = value_get(attributes, STR("complexity"));
    if (complexity == NULL) return false;
    struct value number = *complexity;
    int64_t word;
    if (number.kind == VALUE_STRING &&
        scale_number(STR("complexity"), number.string, &word))
        number = value_of_int(word);
    struct value bound = value_of_int(COMPLEXITY_META);
    int order;
    return value_compare(&number, &bound, &order) && order > 0;
}

enum pattern_kind domain_kind_hint(const struct context *context)
{
    const struct value *attributes = &context->attributes;
    if (value_get_bool(attributes, STR("concurrent"), false))
        return PATTERN_PARALLEL;
    const struct value *domains = value_get(attributes, STR("domains"));
    bool many = domains != NULL && domains->kind == VALUE_ARRAY &&
                domains->array.count >= DOMAINS_META;
    return many || is_complex(attributes) ? PATTERN_META : PATTERN_SEQUENTIAL;
}

unsigned domains_kinds(const struct domains *domains, struct str name)
{
    for (size_t i = name.size; i > 0; i--) {
        if (name.at[i - 1] != '/') continue;
        name = str_from(name, i);
        break;
    }
    return (unsigned)(uintptr_t)map_get(&domains->kinds, name);
}
