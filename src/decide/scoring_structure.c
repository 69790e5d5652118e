/*
 * scoring_structure.c - what laws, tastes, names and kinds say of a match
 * (scoring.h).
 *
 * It is asked of each of perhaps a hundred thousand matches, so what it takes
 * lies side by side in traits. Invariant: matches of one shape have the same
 * structure, but for what they are not for.
 */
#include <math.h>

#include "base/err.h"
#include "base/hash.h"
#include "decide/scoring.h"
#include "model/glob.h"

/* A shape: how many predicates of the law and of the taste hold, as far as they
 * count; whether it names the domain; whether its law asks for the domain; its
 * kind, against, without or for the hint. */
enum {
    COUNTED = 3, /* as in fit.c */
    HELD_SHIFT = 2,
    DOMAIN_SHIFT = 4,
    FOR_DOMAIN_SHIFT = 5,
    KIND_SHIFT = 6,
    SPEAKS = COUNTED | COUNTED << HELD_SHIFT,
};

/* ---- building ------------------------------------------------------------ */

/* The name without its source: "security.review" of "team/security.review". */
static struct str bare_name(struct str name)
{
    for (size_t i = name.size; i > 0; i--) {
        if (name.at[i - 1] == '/') return str_from(name, i);
    }
    return name;
}

struct str structure_head(struct str name)
{
    name = bare_name(name);
    return str_until(name, str_find_char(name, '.'));
}

uint32_t structure_hash(struct str head)
{
    return (uint32_t)hash64(head);
}

/* Whether a law that holds names domains, not just shuts some out. */
static bool asks_for_domain(const struct condition *law)
{
    for (size_t i = 0; i < law->count; i++) {
        enum predicate_op op = law->predicates[i].op;
        if (law->predicates[i].field == FIELD_DOMAIN &&
            (op == OP_GLOB || op == OP_EQ || op == OP_IN))
            return true;
    }
    return false;
}

static bool is_glob(const struct predicate *p)
{
    return p->op == OP_GLOB && p->operand.kind == VALUE_ARRAY;
}

static bool has_globs(const struct condition *good)
{
    for (size_t i = 0; good != NULL && i < good->count; i++)
        if (is_glob(&good->predicates[i])) return true;
    return false;
}

static uint8_t shape_of_law(struct law law)
{
    unsigned counted = law.predicates < COUNTED ? law.predicates : COUNTED;
    return (uint8_t)(counted | (unsigned)law.for_domain << FOR_DOMAIN_SHIFT);
}

static void add_laws(struct selector *selector, size_t number)
{
    const struct candidate *candidate = &selector->candidates[number];
    struct trait *trait = &selector->traits[number];
    trait->law = shape_of_law(selector->laws[0]);
    if (candidate->only_if_count == 0) return;
    trait->laws = (uint32_t)selector->law_count;
    for (size_t i = 0; i < candidate->only_if_count; i++) {
        const struct condition *law = &candidate->only_if[i];
        uint16_t predicates =
            law->count < UINT16_MAX ? (uint16_t)law->count : UINT16_MAX;
        selector->laws[selector->law_count++] =
            (struct law){predicates, asks_for_domain(law)};
    }
    trait->law = shape_of_law(selector->laws[trait->laws]);
}

/* 1: its name is listed for the kind that suits; -1: it is of another. */
static int kind_value(const struct selector *selector,
    const struct candidate *candidate, unsigned hint)
{
    if (domains_kinds(selector->domains, candidate->name) & 1U << hint)
        return 1;
    return candidate->kind == (enum pattern_kind)hint ? 0 : -1;
}

static void add_kinds(struct selector *selector, size_t number)
{
    const struct candidate *candidate = &selector->candidates[number];
    for (unsigned hint = 0; hint <= PATTERN_META; hint++) {
        unsigned value = (unsigned)(kind_value(selector, candidate, hint) + 1);
        selector->traits[number].suits[hint] = (uint8_t)(value << KIND_SHIFT);
    }
}

/* Whether nothing of its own changes how its counts become a success. */
static bool is_usual(const struct confidence_rules *own)
{
    return own == NULL || (own->learning && own->half_life_ms == 0);
}

static size_t count_laws(const struct selector *selector)
{
    size_t count = 1;
    for (size_t i = 0; i < selector->count; i++)
        count += selector->candidates[i].only_if_count;
    return count;
}

int traits_init(struct selector *selector)
{
    size_t laws = count_laws(selector);
    if (laws > UINT32_MAX) return NDF_ELIMIT;
    selector->laws = mem_calloc(selector->mem, laws, sizeof *selector->laws);
    selector->traits =
        mem_calloc(selector->mem, selector->count, sizeof *selector->traits);
    if (selector->laws == NULL) return NDF_ENOMEM;
    selector->law_count = laws; /* until they are there */
    if (selector->traits == NULL)
        return selector->count > 0 ? NDF_ENOMEM : NDF_OK;
    selector->law_count = 1;
    for (size_t i = 0; i < selector->count; i++) {
        const struct candidate *candidate = &selector->candidates[i];
        struct trait *trait = &selector->traits[i];
        trait->head = structure_hash(structure_head(candidate->name));
        trait->globs = has_globs(candidate->good_for);
        trait->usual = is_usual(candidate->confidence);
        add_kinds(selector, i);
        add_laws(selector, i);
    }
    return NDF_OK;
}

void traits_deinit(struct selector *selector)
{
    mem_free(selector->mem, selector->laws,
        selector->law_count * sizeof *selector->laws);
    mem_free(selector->mem, selector->traits,
        selector->count * sizeof *selector->traits);
}

/* ---- one match ----------------------------------------------------------- */

/* Whether a taste would like the guessed domain, were it stated. */
static bool good_for_domain(const struct condition *good, struct str domain)
{
    for (size_t i = 0; i < good->count; i++) {
        const struct predicate *p = &good->predicates[i];
        if (!is_glob(p)) continue;
        for (size_t g = 0; g < p->operand.array.count; g++) {
            if (glob_match(p->operand.array.items[g].string, domain))
                return true;
        }
    }
    return false;
}

static bool names_domain(
    const struct scoring *scoring, const struct trait *trait, size_t number)
{
    bool globs = scoring->domain_inferred && trait->globs;
    if (scoring->domain_head.size == 0) return false;
    if (trait->head != scoring->domain_hash && !globs) return false;
    const struct candidate *candidate = &scoring->selector->candidates[number];
    if (str_equal(structure_head(candidate->name), scoring->domain_head))
        return true;
    return globs && good_for_domain(candidate->good_for, scoring->domain);
}

static struct law law_of(
    const struct scoring *scoring, const struct index_match *match)
{
    const struct selector *selector = scoring->selector;
    size_t laws = selector->traits[match->candidate].laws;
    return selector->laws[laws > 0 ? laws + match->alternative : 0];
}

uint32_t structure_law(const struct scoring *scoring, size_t match)
{
    return law_of(scoring, &scoring->matches.items[match]).predicates;
}

void structure_shapes(struct scoring *scoring)
{
    const struct selector *selector = scoring->selector;
    const struct index_match *matches = scoring->matches.items;
    bool heads = scoring->domain_head.size > 0;
    for (size_t i = 0; i < scoring->matches.count; i++) {
        const struct trait *trait = &selector->traits[matches[i].candidate];
        unsigned held = matches[i].held < COUNTED ? matches[i].held : COUNTED;
        unsigned law = trait->law;
        if (matches[i].alternative > 0)
            law = shape_of_law(law_of(scoring, &matches[i]));
        unsigned shape =
            law | held << HELD_SHIFT | (unsigned)trait->suits[scoring->hint];
        if (heads && names_domain(scoring, trait, matches[i].candidate))
            shape |= 1U << DOMAIN_SHIFT;
        scoring->shapes[i] = (uint8_t)shape;
        scoring->slots[shape] = 1;
    }
}

bool shape_speaks(uint8_t shape)
{
    return (shape & SPEAKS) != 0;
}

void structure_look(const struct scoring *scoring, struct scored *scored)
{
    size_t number = scored->match->candidate;
    struct law law = law_of(scoring, scored->match);
    scored->law = law.predicates;
    scored->for_domain = law.for_domain;
    const struct trait *trait = &scoring->selector->traits[number];
    scored->domain = names_domain(scoring, trait, number) ? 1 : 0;
    scored->kind = (int8_t)((trait->suits[scoring->hint] >> KIND_SHIFT) - 1);
}

void structure_put(const struct scored *scored, struct fit_evidence *evidence)
{
    if (evidence->basis == FIT_BY_TEXT)
        fit_put(evidence, FIT_NOT_FOR, (double)scored->text.negative);
    fit_put(evidence, FIT_LAW, scored->law);
    fit_put(evidence, FIT_GOOD_FOR, scored->match->held);
    fit_put(evidence, FIT_DOMAIN, scored->domain);
    fit_put(evidence, FIT_KIND, scored->kind);
}
