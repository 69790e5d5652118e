/*
 * cues.c - see cues.h.
 *
 * A wrong "not for" hurts more than a missed one: an agent that "never uses
 * globals for state" is not against state. So the words that forbid must be
 * followed at once by a condition ("for", "when"), with nothing but the agent
 * itself between them ("do not use this agent for").
 */
#include "decide/cues.h"

enum { CLAUSE_MAX = 400 }; /* bytes of a clause that are looked at at once */

/* Of a word that stands for several in the table. */
static const char *const verbs[] = {
    "use", "invoke", "trigger", "activate", "choose", "select", NULL};
static const char *const conditions[] = {"for", "when", "whenever", "if", "to",
    "on", "in", "with", "as", "while", "during", "after", "before", NULL};
static const char *const adverbs[] = {
    "proactively", "immediately", "only", "always", "primarily", NULL};
static const char *const things[] = {
    "agent", "subagent", "skill", "tool", "pattern", "one", NULL};

/* Of its words, V is a verb, C a condition, A an adverb or none, and T the
 * described one or none. */
struct wording {
    const char *words;
    enum cue cue;
    enum cue_place place; /* CUE_INSIDE: anywhere */
};

/* The whole list. */
static const struct wording table[] = {
    {"not for", CUE_NOT_FOR, CUE_INSIDE},
    {"not intended C", CUE_NOT_FOR, CUE_INSIDE},
    {"not meant C", CUE_NOT_FOR, CUE_INSIDE},
    {"not suitable C", CUE_NOT_FOR, CUE_INSIDE},
    {"not suited C", CUE_NOT_FOR, CUE_INSIDE},
    {"not designed C", CUE_NOT_FOR, CUE_INSIDE},
    {"not recommended C", CUE_NOT_FOR, CUE_INSIDE},
    {"not be used T C", CUE_NOT_FOR, CUE_INSIDE},
    {"do not V T C", CUE_NOT_FOR, CUE_INSIDE},
    {"don't V T C", CUE_NOT_FOR, CUE_INSIDE},
    {"never V T C", CUE_NOT_FOR, CUE_INSIDE},
    {"avoid using T C", CUE_NOT_FOR, CUE_INSIDE},
    {"when not to V T", CUE_NOT_FOR, CUE_INSIDE},
    {"out of scope", CUE_NOT_FOR, CUE_AT_START},
    {"except C", CUE_NOT_FOR, CUE_IN_GUIDANCE},
    {"except", CUE_NOT_FOR, CUE_IN_GUIDANCE},
    {"but", CUE_USE, CUE_IN_EXCLUSION},
    {"use it", CUE_USE, CUE_AFTER_COMMA},
    {"use this", CUE_USE, CUE_AFTER_COMMA},
    {"use", CUE_OTHER, CUE_AFTER_COMMA},
    {"see", CUE_OTHER, CUE_AFTER_COMMA},
    {"prefer", CUE_OTHER, CUE_AFTER_COMMA},
    {"A V A T A C", CUE_USE, CUE_AT_START},
    {"T should be used A C", CUE_USE, CUE_AT_START},
    {"T must be used A C", CUE_USE, CUE_AT_START},
    {"when to V T", CUE_USE, CUE_AT_START},
    {"ideal C", CUE_USE, CUE_AT_START},
    {"perfect C", CUE_USE, CUE_AT_START},
    {"best C", CUE_USE, CUE_AT_START},
    {"useful C", CUE_USE, CUE_AT_START},
};

/* ASCII only: the words of the table are. */
static int small(char c)
{
    return c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c;
}

/* The bytes of a character of a word, 0 for none; U+2019 is the apostrophe of
 * those who set type. */
static size_t word_byte(struct str rest)
{
    if (rest.size == 0) return 0;
    int c = small(rest.at[0]);
    if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')) return 1;
    if (c == '\'' || c == '-' || c == '_') return 1;
    return str_starts(rest, STR("\xE2\x80\x99")) ? 3 : 0;
}

size_t cue_word(struct str rest)
{
    size_t size = 0;
    size_t step;
    while ((step = word_byte(str_from(rest, size))) > 0)
        size += step;
    return size;
}

bool cue_same(struct str a, struct str b)
{
    if (a.size != b.size) return false;
    for (size_t i = 0; i < a.size; i++)
        if (small(a.at[i]) != b.at[i]) return false;
    return true;
}

/* What may stand between two words of a cue. */
static bool is_mark(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '*' || c == '`';
}

/* A word of the text, and what stands behind it. */
static struct str take_word(struct str *rest)
{
    size_t skip = 0;
    while (skip < rest->size && is_mark(rest->at[skip]))
        skip++;
    struct str from = str_from(*rest, skip);
    struct str word = str_until(from, cue_word(from));
    *rest = str_from(from, word.size);
    return word;
}

static bool is_one_of(struct str word, const char *const *list)
{
    for (; *list != NULL; list++)
        if (cue_same(word, str_of(*list))) return true;
    return false;
}

/* "don't" also as it is typeset. */
static bool is_word(struct str word, struct str wanted)
{
    if (cue_same(word, wanted)) return true;
    return str_equal(wanted, STR("don't")) && word.size == 7 &&
           cue_same(str_until(word, 3), STR("don")) &&
           cue_same(str_from(word, 6), STR("t"));
}

/* "it", "this", "this agent", "the code-reviewer agent", or nothing. */
static void skip_thing(struct str *rest)
{
    struct str after = *rest;
    struct str word = take_word(&after);
    if (cue_same(word, STR("it"))) {
        *rest = after;
        return;
    }
    bool this = cue_same(word, STR("this"));
    if (!this && !cue_same(word, STR("the"))) return;
    struct str further = after;
    bool thing = is_one_of(take_word(&further), things);
    if (!thing && !this) thing = is_one_of(take_word(&further), things);
    if (thing) *rest = further;
    else if (this) *rest = after;
}

/* Moves *rest behind what a piece of a wording stands for; false if it stands
 * for something else. */
static bool take_piece(struct str piece, struct str *rest)
{
    struct str after = *rest;
    struct str word = take_word(&after);
    bool fits;
    if (str_equal(piece, STR("T"))) {
        skip_thing(rest);
        return true;
    }
    if (str_equal(piece, STR("A"))) {
        if (is_one_of(word, adverbs)) *rest = after;
        return true;
    }
    if (str_equal(piece, STR("V"))) fits = is_one_of(word, verbs);
    else if (str_equal(piece, STR("C"))) fits = is_one_of(word, conditions);
    else fits = is_word(word, piece);
    if (fits) *rest = after;
    return fits;
}

/* the bytes of rest that are the wording; 0 when it is another one. */
static size_t fits(const struct wording *wording, struct str rest)
{
    struct str words = str_of(wording->words);
    struct str piece;
    struct str after = rest;
    while (str_split(&words, ' ', &piece))
        if (!take_piece(piece, &after)) return 0;
    return rest.size - after.size;
}

/* "this agent", "it": the described one itself. */
static bool is_own(struct str rest)
{
    struct str word = take_word(&rest);
    return cue_same(word, STR("this")) || cue_same(word, STR("it"));
}

/* Whether a word here may send the reader to another one. */
static bool is_turn(struct str rest)
{
    static const char *const turns[] = {"use", "see", "prefer", "try", NULL};
    struct str word = take_word(&rest);
    return is_one_of(word, turns) && !is_own(rest);
}

/* Where "use X instead" starts in a clause; its size when it does not. */
static size_t find_other(struct str clause)
{
    size_t start = clause.size;
    size_t other = clause.size;
    for (size_t at = 0; at < clause.size;) {
        size_t size = cue_word(str_from(clause, at));
        struct str word = str_until(str_from(clause, at), size);
        struct str after = str_from(clause, at + size);
        if (start == clause.size && is_turn(str_from(clause, at))) start = at;
        if (cue_same(word, STR("instead")))
            other = cue_same(take_word(&after), STR("of")) ? other : start;
        at += size > 0 ? size : 1;
    }
    return other;
}

/* "Use X instead." and "For Y use X instead." */
static enum cue other_at(struct str clause, size_t *size)
{
    static const char *const heads[] = {"for", "if", "when", NULL};
    size_t first = cue_word(clause);
    size_t other = find_other(clause);
    *size = 0;
    if (other == clause.size) return CUE_NONE;
    if (other == 0) return CUE_OTHER;
    if (!is_one_of(str_until(clause, first), heads)) return CUE_NONE;
    *size = first;
    return CUE_NOT_FOR;
}

static bool applies(enum cue_place where, enum cue_place place)
{
    bool excluded = place == CUE_IN_EXCLUSION || place == CUE_AFTER_COMMA;
    if (where == CUE_INSIDE) return !excluded;
    if (where == CUE_IN_EXCLUSION) return excluded;
    return where == place;
}

enum cue cue_at(struct str rest, enum cue_place place, size_t *size)
{
    struct str near = str_until(rest, CLAUSE_MAX);
    enum cue other = CUE_NONE;
    if (place == CUE_AT_START || (place == CUE_IN_EXCLUSION && is_turn(near)))
        other = other_at(near, size);
    if (other != CUE_NONE) return other;
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        const struct wording *wording = &table[i];
        if (!applies(wording->place, place)) continue;
        *size = fits(wording, near);
        if (*size > 0) return wording->cue;
    }
    *size = 0;
    return CUE_NONE;
}

bool cue_quotes(struct str rest)
{
    static const char *const sayings[] = {"ask", "asks", "asked", "say", "says",
        "asking", "saying", "phrases", "requests", "like", NULL};
    return is_one_of(str_until(rest, cue_word(rest)), sayings);
}
