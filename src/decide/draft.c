/*
 * draft.c - see draft.h: the parts of which records are made.
 */
#include "decide/draft.h"

#include "model/glob.h"

int draft_init(struct draft *draft, const struct mem *mem, uint64_t seed)
{
    memset(draft, 0, sizeof *draft);
    draft->mem = mem;
    vec_init(&draft->mentions, mem, sizeof(uint32_t));
    vec_init(&draft->columns, mem, sizeof(struct column));
    vec_init(&draft->attributes, mem, sizeof(struct attribute));
    vec_init(&draft->dotted, mem, sizeof(uint32_t));
    vec_init(&draft->numbers, mem, sizeof(int64_t));
    vec_init(&draft->codes, mem, sizeof(uint32_t));
    vec_init(&draft->globs, mem, sizeof(struct glob));
    vec_init(&draft->law_starts, mem, sizeof(uint32_t));
    vec_init(&draft->laws, mem, sizeof(uint32_t));
    vec_init(&draft->tastes, mem, sizeof(uint32_t));
    vec_init(&draft->taste_of, mem, sizeof(uint32_t));
    vec_init(&draft->always, mem, sizeof(uint32_t));
    vec_init(&draft->candidates, mem, sizeof(uint32_t));
    vec_init(&draft->slows, mem, sizeof(struct slow *));
    int err = terms_init(&draft->terms, mem, seed);
    for (uint32_t i = 0; err == NDF_OK && i < COLUMN_FIRST; i++) {
        struct column *column = vec_push(&draft->columns);
        if (column == NULL) return NDF_ENOMEM;
        bool number = i == COLUMN_PRIORITY || i == COLUMN_SEGMENTS;
        column->kind = i < SEGMENT_PREFIXES ? COLUMN_PREFIX
                       : number             ? COLUMN_NUMBER
                                            : COLUMN_WORD;
        column->attribute = UINT32_MAX;
    }
    return err;
}

void draft_deinit(struct draft *draft)
{
    struct slow *const *slows = draft->slows.at;
    for (size_t i = 0; i < draft->slows.count; i++)
        slow_unref(slows[i]);
    struct vec *vecs[] = {&draft->mentions, &draft->columns, &draft->attributes,
        &draft->dotted, &draft->numbers, &draft->codes, &draft->globs,
        &draft->law_starts, &draft->laws, &draft->tastes, &draft->taste_of,
        &draft->always, &draft->candidates, &draft->slows};
    for (size_t i = 0; i < sizeof vecs / sizeof vecs[0]; i++)
        vec_deinit(vecs[i]);
    terms_deinit(&draft->terms);
}

int draft_number(struct vec *vec, uint32_t number)
{
    if (vec->count > UINT32_MAX / 2) return NDF_ELIMIT;
    uint32_t *item = vec_push(vec);
    if (item == NULL) return NDF_ENOMEM;
    *item = number;
    return NDF_OK;
}

/* ---- words, columns and globs ----------------------------------------------
 */

/* The term of a word that a law asks for, counted. */
int draft_mention(
    struct draft *draft, uint32_t space, struct str word, uint32_t *term)
{
    int err = terms_add(&draft->terms, space, word, term);
    while (err == NDF_OK && draft->mentions.count <= *term)
        err = draft_number(&draft->mentions, 0);
    if (err == NDF_OK) ((uint32_t *)draft->mentions.at)[*term]++;
    return err;
}

/* What stands before each dot of a name, so that a context is not searched
 * where no name leads. */
static int add_heads(struct draft *draft, struct str name)
{
    int err =
        draft_number(&draft->dotted, (uint32_t)draft->attributes.count - 1);
    for (size_t i = 0; err == NDF_OK && i < name.size; i++) {
        uint32_t ignored;
        if (name.at[i] != '.') continue;
        err =
            terms_add(&draft->terms, SPACE_HEADS, str_until(name, i), &ignored);
    }
    return err;
}

static int add_attribute(
    struct draft *draft, struct str name, uint32_t term, uint32_t *number)
{
    int64_t ignored;
    *number = (uint32_t)draft->attributes.count;
    struct attribute *attribute = vec_push(&draft->attributes);
    if (attribute == NULL) return NDF_ENOMEM;
    *attribute = (struct attribute){term, COLUMN_NONE, COLUMN_NONE,
        scale_number(name, STR("high"), &ignored)};
    struct term *terms = draft->terms.items.at;
    terms[term].code = *number + 1;
    if (name.size > 0 && str_find_char(name, '.') == name.size) return NDF_OK;
    return add_heads(draft, name);
}

static int find_attribute(
    struct draft *draft, struct str name, uint32_t *number)
{
    uint32_t term;
    if (name.at == NULL) name = STR("");
    int err = terms_add(&draft->terms, SPACE_NAMES, name, &term);
    if (err != NDF_OK) return err;
    const struct term *terms = draft->terms.items.at;
    if (terms[term].code == 0) return add_attribute(draft, name, term, number);
    *number = terms[term].code - 1;
    return NDF_OK;
}

int draft_column(
    struct draft *draft, struct str name, enum column_kind kind, uint32_t *out)
{
    uint32_t number;
    int err = find_attribute(draft, name, &number);
    if (err != NDF_OK) return err;
    struct attribute *attribute =
        (struct attribute *)draft->attributes.at + number;
    uint32_t *column =
        kind == COLUMN_WORD ? &attribute->word : &attribute->number;
    if (*column == COLUMN_NONE) {
        if (draft->columns.count >= COLUMN_NONE) return NDF_ELIMIT;
        struct column *added = vec_push(&draft->columns);
        if (added == NULL) return NDF_ENOMEM;
        added->kind = (uint32_t)kind;
        added->attribute = number;
        *column = (uint32_t)draft->columns.count - 1;
    }
    *out = *column;
    return NDF_OK;
}

/* One segment that is no last **: a word of its prefix, or behind a star. */
static int add_segment(
    struct draft *draft, struct str text, struct str segment, struct glob *glob)
{
    uint32_t number = glob->size++;
    bool star = str_equal(segment, STR("*"));
    if (number >= SEGMENT_PREFIXES || star) return NDF_OK;
    if (glob->level < number)
        return terms_add(&draft->terms,
            column_space(COLUMN_SEGMENT + number, true), segment,
            &glob->words[number]);
    size_t size = (size_t)(segment.at - text.at) + segment.size;
    glob->level++;
    return terms_add(&draft->terms, column_space(number, true),
        str_until(text, size), &glob->prefixes[number]);
}

static int add_glob(
    struct draft *draft, struct str text, uint32_t term, uint32_t *number)
{
    struct glob glob = {.text = term};
    for (size_t i = 0; i < SEGMENT_PREFIXES; i++)
        glob.words[i] = TERM_NONE;
    struct str rest = text;
    struct str segment;
    int err = NDF_OK;
    while (err == NDF_OK && str_split(&rest, '.', &segment)) {
        glob.below = str_equal(segment, STR("**"));
        if (!glob.below) err = add_segment(draft, text, segment, &glob);
    }
    if (err != NDF_OK) return err;
    glob.kind = glob.size > SEGMENT_PREFIXES ? GLOB_OTHER
                : glob.level < glob.size     ? GLOB_STARS
                : glob.below                 ? GLOB_BELOW
                                             : GLOB_EXACT;
    *number = (uint32_t)draft->globs.count;
    struct glob *kept = vec_push(&draft->globs);
    if (kept == NULL) return NDF_ENOMEM;
    *kept = glob;
    ((struct term *)draft->terms.items.at)[term].code = *number + 1;
    return NDF_OK;
}

int draft_glob(struct draft *draft, struct str text, uint32_t *number)
{
    uint32_t term;
    int err = terms_add(&draft->terms, SPACE_GLOBS, text, &term);
    if (err != NDF_OK) return err;
    *number = ((const struct term *)draft->terms.items.at)[term].code - 1;
    if (*number == UINT32_MAX) err = add_glob(draft, text, term, number);
    if (err == NDF_OK) ((struct glob *)draft->globs.at)[*number].uses++;
    return err;
}

/* A test of what was put into codes from first on; short ones hold it
 * themselves. */
void draft_list(struct draft *draft, enum test_kind kind, uint32_t column,
    uint32_t first, const uint32_t last[2], struct test *out)
{
    uint32_t count = (uint32_t)draft->codes.count - first;
    if (count > 2 || kind == TEST_NOT_WORDS) {
        enum test_kind list = kind == TEST_WORD   ? TEST_WORDS
                              : kind == TEST_GLOB ? TEST_GLOBS
                                                  : kind;
        *out = test_of(list, column, first, count);
        return;
    }
    draft->codes.count = first;
    *out = test_of(kind, column, last[0], count == 2 ? last[1] : last[0]);
}

int draft_slow(struct draft *draft, struct slow *slow, struct test *out)
{
    *out = test_of(TEST_SLOW, COLUMN_NONE, (uint32_t)draft->slows.count, 0);
    struct slow **kept = vec_push(&draft->slows);
    if (kept == NULL) slow_unref(slow);
    else *kept = slow;
    return kept != NULL ? NDF_OK : NDF_ENOMEM;
}

/* ---- records ---- */

int draft_push_test(struct vec *records, const struct test *test)
{
    uint32_t *at = vec_reserve(records, TEST_UNITS);
    if (at == NULL) return NDF_ENOMEM;
    memcpy(at, test, sizeof *test);
    records->count += TEST_UNITS;
    return NDF_OK;
}

int draft_begin(struct draft *draft, struct law_record law)
{
    if (draft->laws.count > UINT32_MAX / 2) return NDF_ELIMIT;
    draft->several |= law.alternative > 0;
    int err = draft_number(&draft->law_starts, (uint32_t)draft->laws.count);
    uint32_t *at = err == NDF_OK ? vec_reserve(&draft->laws, LAW_WORDS) : NULL;
    if (at == NULL) return NDF_ENOMEM;
    memcpy(at, &law, sizeof law);
    draft->laws.count += LAW_WORDS;
    return NDF_OK;
}

static struct law_record *last_law(struct draft *draft)
{
    const uint32_t *starts = draft->law_starts.at;
    return (struct law_record *)((uint32_t *)draft->laws.at +
                                 starts[draft->law_starts.count - 1]);
}

int draft_put(struct draft *draft, const struct test *test)
{
    last_law(draft)->count++;
    return draft_push_test(&draft->laws, test);
}
