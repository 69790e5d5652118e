/*
 * matcher.c - see matcher.h.
 *
 * PCRE2's match limit holds for each start position anew, so n bytes can cost
 * n times the limit. A search therefore begins with a small limit, which is
 * enough for nearly all, and tries again with larger ones as long as the worst
 * they can cost stays within bounds. What an attempt may have cost is charged,
 * at a fifth of the worst: searches that stay inside a limit rarely come near.
 * Memory of a search comes from the arena of its call.
 */
#define PCRE2_CODE_UNIT_WIDTH 8
#include "decide/matcher.h"

#include <pcre2.h>

enum {
    LIMIT_FIRST = 50, /* steps from one start position */
    LIMIT_GROWTH = 10,
    LIMIT_MAX = 500 * 1000,
    HEAP_KIB_MAX = 4096,
    DEPTH_MAX = 100000,
    CHARGED_SHARE = 5,
    REASON_SIZE = 160,
};

struct matcher {
    const struct mem *mem;
    pcre2_code *code;
};

int matcher_new(struct matcher **out, const struct mem *mem, struct str pattern,
    enum matcher_case fold, ndf_error *error)
{
    *out = NULL;
    struct matcher *matcher = mem_calloc(mem, 1, sizeof *matcher);
    if (matcher == NULL) return err_set(error, NDF_ENOMEM, "out of memory");
    matcher->mem = mem;
    uint32_t options = PCRE2_UTF | PCRE2_UCP | PCRE2_NEVER_BACKSLASH_C |
                       (fold == MATCHER_FOLDED ? PCRE2_CASELESS : 0);
    int number = 0;
    PCRE2_SIZE offset = 0;
    PCRE2_SPTR text = (PCRE2_SPTR)(pattern.at != NULL ? pattern.at : "");
    matcher->code =
        pcre2_compile(text, pattern.size, options, &number, &offset, NULL);
    if (matcher->code != NULL) {
        /* Without JIT (not built, or not allowed) it is interpreted. */
        (void)pcre2_jit_compile(matcher->code, PCRE2_JIT_COMPLETE);
        *out = matcher;
        return NDF_OK;
    }
    matcher_free(matcher);
    if (number == PCRE2_ERROR_HEAP_FAILED)
        return err_set(error, NDF_ENOMEM, "out of memory");
    PCRE2_UCHAR reason[REASON_SIZE] = "it does not compile";
    (void)pcre2_get_error_message(number, reason, sizeof reason);
    return err_set(error, NDF_ESCHEMA,
        "not a regular expression, at byte %zu of it: %s", offset,
        (const char *)reason);
}

void matcher_free(struct matcher *matcher)
{
    if (matcher == NULL) return;
    pcre2_code_free(matcher->code);
    mem_free(matcher->mem, matcher, sizeof *matcher);
}

void matcher_work_init(struct matcher_work *work, struct arena *arena)
{
    *work = (struct matcher_work){.arena = arena, .effort = MATCHER_EFFORT_ALL};
}

static void *work_alloc(size_t size, void *arena)
{
    return arena_alloc(arena, size);
}

/* The arena is freed as a whole. */
static void work_free(void *ptr, void *arena)
{
    (void)ptr;
    (void)arena;
}

static int prepare(struct matcher_work *work)
{
    if (work->data != NULL) return NDF_OK;
    pcre2_general_context *general =
        pcre2_general_context_create(work_alloc, work_free, work->arena);
    if (general == NULL) return NDF_ENOMEM;
    pcre2_match_context *context = pcre2_match_context_create(general);
    pcre2_match_data *data = pcre2_match_data_create(1, general);
    if (context == NULL || data == NULL) return NDF_ENOMEM;
    pcre2_set_heap_limit(context, HEAP_KIB_MAX);
    pcre2_set_depth_limit(context, DEPTH_MAX);
    work->context = context;
    work->data = data;
    return NDF_OK;
}

/* Cuts text to what is searched, not inside a character. */
static struct str cut(struct str text)
{
    if (text.size <= MATCHER_TEXT_MAX) return text;
    size_t end = MATCHER_TEXT_MAX;
    while (end > 0 && ((unsigned char)text.at[end] & 0xC0) == 0x80)
        end--;
    return str_until(text, end);
}

bool matcher_charge(struct matcher_work *work, uint64_t steps)
{
    if (steps > work->effort) {
        work->gave_up = true;
        return false;
    }
    work->effort -= steps;
    return true;
}

/* One attempt: the result of pcre2_match. */
static int attempt(const struct matcher *matcher, struct matcher_work *work,
    struct str text, uint32_t limit)
{
    uint64_t charge = (uint64_t)(text.size + 1) * limit / CHARGED_SHARE;
    if (charge > work->effort) return PCRE2_ERROR_MATCHLIMIT;
    work->effort -= charge;
    pcre2_set_match_limit(work->context, limit);
    PCRE2_SPTR at = (PCRE2_SPTR)(text.at != NULL ? text.at : "");
    return pcre2_match(matcher->code, at, text.size, 0, PCRE2_NO_UTF_CHECK,
        work->data, work->context);
}

int matcher_search(const struct matcher *matcher, struct matcher_work *work,
    struct str text, enum matcher_result *out)
{
    int err = prepare(work);
    if (err != NDF_OK) return err;
    struct str part = cut(text);
    int result = PCRE2_ERROR_MATCHLIMIT;
    for (uint32_t limit = LIMIT_FIRST; limit <= LIMIT_MAX;
         limit *= LIMIT_GROWTH) {
        uint64_t worst = (uint64_t)(part.size + 1) * limit;
        if (limit > LIMIT_FIRST && worst > MATCHER_EFFORT_ONE) break;
        result = attempt(matcher, work, part, limit);
        if (result != PCRE2_ERROR_MATCHLIMIT) break;
    }
    *out = result >= 0 ? MATCHER_YES : MATCHER_NO;
    if (result == PCRE2_ERROR_NOMEMORY) return NDF_ENOMEM;
    bool answered = result >= 0 ||
                    (result == PCRE2_ERROR_NOMATCH && part.size == text.size);
    if (!answered) {
        *out = MATCHER_GAVE_UP;
        work->gave_up = true;
    }
    return NDF_OK;
}
