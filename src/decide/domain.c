/*
 * domain.c - see domain.h.
 */
#include "decide/domain.h"

#include <string.h>

enum {
    COMPLEXITY_META = 5, /* above it, meta patterns suit */
    DOMAINS_META = 3,    /* so many domains, too */
};

const struct domain_rule domain_rules_default[] = {
    {{"web_dev", 7}, {"web.*development|frontend|backend", 33}},
    {{"data", 4}, {"data.*processing|analytics|etl", 30}},
    {{"devops", 6}, {"devops|deployment|infrastructure", 32}},
    {{"security", 8}, {"security|audit|vulnerability", 28}},
};
const size_t domain_rules_default_count =
    sizeof domain_rules_default / sizeof domain_rules_default[0];

struct category {
    struct str name;
    struct matcher *matcher;
};

struct domains {
    const struct mem *mem;
    struct category *categories;
    size_t count;
};

int domains_new(struct domains **out, const struct mem *mem,
    const struct domain_rule *rules, size_t count, ndf_error *error)
{
    *out = NULL;
    int err = NDF_ENOMEM;
    struct domains *domains = mem_calloc(mem, 1, sizeof *domains);
    if (domains == NULL) goto fail;
    domains->mem = mem;
    /* One more, so that no rules are no special case. */
    domains->categories =
        mem_calloc(mem, count + 1, sizeof *domains->categories);
    if (domains->categories == NULL) goto fail;
    domains->count = count;
    for (size_t i = 0; i < count; i++) {
        struct category *category = &domains->categories[i];
        category->name = rules[i].category;
        err = matcher_new(
            &category->matcher, mem, rules[i].regex, MATCHER_FOLDED, error);
        if (err != NDF_OK) goto fail;
    }
    *out = domains;
    return NDF_OK;

fail:
    domains_free(domains);
    if (err == NDF_ENOMEM) return err_set(error, err, "out of memory");
    return err;
}

void domains_free(struct domains *domains)
{
    if (domains == NULL) return;
    bool made = domains->categories != NULL;
    for (size_t i = 0; made && i < domains->count; i++)
        matcher_free(domains->categories[i].matcher);
    mem_free(domains->mem, domains->categories,
        (domains->count + 1) * sizeof *domains->categories);
    mem_free(domains->mem, domains, sizeof *domains);
}

int domains_infer(const struct domains *domains, struct matcher_work *work,
    struct str text, struct str *out)
{
    *out = (struct str){NULL, 0};
    if (text.size == 0) return NDF_OK;
    for (size_t i = 0; i < domains->count; i++) {
        enum matcher_result result;
        int err =
            matcher_search(domains->categories[i].matcher, work, text, &result);
        if (err != NDF_OK) return err;
        if (result != MATCHER_YES) continue;
        *out = domains->categories[i].name;
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

bool domain_kind_names(enum pattern_kind kind, struct str name)
{
    static const char *const names[][3] = {
        [PATTERN_SEQUENTIAL] = {"data_processing_pipeline",
            "validation_workflow", "deployment_sequence"},
        [PATTERN_PARALLEL] = {"multi_service_deployment", "concurrent_testing",
            "parallel_data_processing"},
        [PATTERN_META] = {"enterprise_migration", "complex_orchestration",
            "multi_domain_workflow"},
    };
    for (size_t i = name.size; i > 0; i--) {
        if (name.at[i - 1] != '/') continue;
        name = str_from(name, i);
        break;
    }
    for (size_t i = 0; i < 3; i++) {
        if (str_equal(name, str_of(names[kind][i]))) return true;
    }
    return false;
}
