/*
 * passages.c - see passages.h.
 *
 * A text is read line by line and a line clause by clause; an example is read
 * turn by turn. Invariant: each step moves `at` forward, and what is looked at
 * ahead of it is bounded or looked at once.
 */
#include "decide/passages.h"

#include "base/err.h"
#include "decide/cues.h"

enum {
    QUOTE_MAX = 300, /* bytes of a request in quotes */
    COMMENTARY_MAX = 4096,
    TAG_MAX = 80,
};

/* Of those who set type. */
#define QUOTE_OPEN  "\xE2\x80\x9C"
#define QUOTE_CLOSE "\xE2\x80\x9D"

int passages_mend(struct buf *out, struct str text)
{
    size_t start = out->size;
    buf_add_str(out, text);
    if (buf_error(out) != NDF_OK) return NDF_ENOMEM;
    for (char *at = out->at + start; at + 1 < out->at + out->size; at++) {
        if (at[0] != '\\' || at[1] != 'n') continue;
        at[0] = ' ';
        at[1] = '\n';
    }
    return NDF_OK;
}

void passages_init(
    struct passages *p, struct str text, enum passages_source source)
{
    *p = (struct passages){.text = text, .source = source};
}

/* ---- bytes --------------------------------------------------------------- */

static struct str slice(const struct passages *p, size_t from, size_t to)
{
    return str_from(str_until(p->text, to), from);
}

static bool is_among(char c, struct str set)
{
    return str_find_char(set, c) < set.size;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

static size_t skip_blanks(struct str text, size_t at)
{
    while (at < text.size && is_blank(text.at[at]))
        at++;
    return at;
}

/* The bytes of a tag <name> or <name ...>; 0 when rest starts with none. */
static size_t tag_size(struct str rest, struct str name)
{
    if (rest.size < name.size + 2 || rest.at[0] != '<') return 0;
    if (!cue_same(str_until(str_from(rest, 1), name.size), name)) return 0;
    char next = rest.at[name.size + 1];
    if (next != '>' && !is_blank(next)) return 0;
    struct str near = str_until(rest, TAG_MAX);
    size_t close = str_find_char(near, '>');
    return close < near.size ? close + 1 : 0;
}

/* Without the blanks, quotes and other marks at its ends. */
static struct str strip(struct str text)
{
    const struct str edges = STR(" \t\r\n\"'`*:,(");
    if (str_starts(text, STR(QUOTE_OPEN))) text = str_from(text, 3);
    if (str_ends(text, STR(QUOTE_CLOSE))) text.size -= 3;
    while (text.size > 0 && is_among(text.at[0], edges))
        text = str_from(text, 1);
    while (text.size > 0 && is_among(text.at[text.size - 1], edges))
        text.size--;
    return text;
}

/* Whether there is something to give. */
static bool give(struct passage *out, enum passage_kind kind, struct str text)
{
    *out = (struct passage){kind, strip(text)};
    return out->text.size > 0;
}

static bool is_letter(char c)
{
    return cue_word((struct str){&c, 1}) > 0;
}

/* Whether a word starts at a place of a text that is read from start on. */
static bool word_starts(struct str text, size_t start, size_t at)
{
    return is_letter(text.at[at]) &&
           (at == start || !is_letter(text.at[at - 1]));
}

/* ---- examples ------------------------------------------------------------ */

struct turn {
    struct str mark;
    enum passage_kind kind;
};

/* The bytes of "user:", also in bold; 0 when no turn starts here. */
static size_t turn_size(struct str rest, enum passage_kind *kind)
{
    static const struct turn turns[] = {{{"user", 4}, PASSAGE_UTTERANCE},
        {{"human", 5}, PASSAGE_UTTERANCE}, {{"assistant", 9}, PASSAGE_ASIDE},
        {{"context", 7}, PASSAGE_ASIDE}};
    struct str word = str_until(rest, cue_word(rest));
    size_t at = word.size;
    while (at < rest.size && rest.at[at] == '*')
        at++;
    if (at == rest.size || rest.at[at] != ':') return 0;
    for (size_t i = 0; i < sizeof turns / sizeof turns[0]; i++) {
        if (!cue_same(word, turns[i].mark)) continue;
        *kind = turns[i].kind;
        return at + 1;
    }
    return 0;
}

/* "create a user: bob" is no turn: one starts a line or a sentence, or is
 * followed by what is said in quotes. */
static bool turn_fits(struct str text, size_t start, size_t at, size_t size)
{
    const struct str ends = STR("\n>\"'.!?]-");
    size_t before = at;
    while (before > start &&
           (is_blank(text.at[before - 1]) || text.at[before - 1] == '*'))
        before--;
    if (before == start) return true;
    if (is_among(text.at[before - 1], ends)) return true;
    size_t quote = skip_blanks(text, at + size);
    return quote < text.size &&
           (text.at[quote] == '"' || text.at[quote] == '\'');
}

/* The bytes of a commentary that starts here, or of a lone tag of one; 0 for
 * neither. It is about the request, and whole of no interest. */
static size_t commentary_size(struct str rest)
{
    size_t size = tag_size(rest, STR("commentary"));
    if (size == 0) return tag_size(rest, STR("/commentary"));
    struct str close = STR("</commentary>");
    struct str inside = str_until(str_from(rest, size), COMMENTARY_MAX);
    size_t end = str_find(inside, close);
    return end < inside.size ? size + end + close.size : size;
}

/* The bytes of what begins something else at a place of an example. */
static size_t turn_at(
    struct str text, size_t start, size_t at, enum passage_kind *kind)
{
    struct str rest = str_from(text, at);
    *kind = PASSAGE_ASIDE;
    if (rest.at[0] == '<') return commentary_size(rest);
    if (!word_starts(text, start, at)) return 0;
    size_t size = turn_size(rest, kind);
    return size > 0 && turn_fits(text, start, at, size) ? size : 0;
}

/* The turn under way, up to where the next one starts. */
static bool next_turn(struct passages *p, struct passage *out)
{
    struct str text = str_until(p->text, p->example_end);
    while (p->at < text.size) {
        enum passage_kind kind = p->kind;
        enum passage_kind next = PASSAGE_ASIDE;
        size_t start = p->at;
        size_t end = start;
        size_t size = 0;
        for (; end < text.size; end++) {
            size = turn_at(text, start, end, &next);
            if (size > 0) break;
        }
        p->at = end + size;
        p->kind = next;
        if (give(out, kind, slice(p, start, end))) return true;
    }
    return false;
}

/* Where the example that starts at a place ends: at its closing tag, at the
 * next example, or with the text. */
static size_t find_example_end(struct str text, size_t at)
{
    for (; at < text.size; at++) {
        struct str rest = str_from(text, at);
        if (rest.at[0] == '<' && (tag_size(rest, STR("/example")) > 0 ||
                                     tag_size(rest, STR("example")) > 0))
            break;
    }
    return at;
}

static bool has_turns(struct str text, size_t start)
{
    enum passage_kind kind;
    for (size_t at = start; at < text.size; at++)
        if (text.at[at] != '<' && turn_at(text, start, at, &kind) > 0)
            return true;
    return false;
}

static bool is_tag(struct str rest)
{
    return rest.at[0] == '<' && (tag_size(rest, STR("example")) > 0 ||
                                    tag_size(rest, STR("/example")) > 0 ||
                                    tag_size(rest, STR("commentary")) > 0 ||
                                    tag_size(rest, STR("/commentary")) > 0);
}

/* Goes behind a tag: into an example when it has turns, over a commentary.
 * What is between other tags is plain text. */
static void enter_tag(struct passages *p)
{
    struct str rest = str_from(p->text, p->at);
    size_t size = tag_size(rest, STR("example"));
    if (size == 0) {
        size = commentary_size(rest);
        p->at += size > 0 ? size : tag_size(rest, STR("/example"));
        return;
    }
    p->at += size;
    size_t end = find_example_end(p->text, p->at);
    if (!has_turns(str_until(p->text, end), p->at)) return;
    p->example_end = end;
    p->kind = PASSAGE_ASIDE;
}

/* ---- lines and clauses --------------------------------------------------- */

/* What the start of a line says. */
struct line {
    size_t text; /* where its words start */
    bool bullet, heading;
};

/* The bytes of a bullet or a number; 0 for none. */
static size_t bullet_size(struct str rest)
{
    size_t digits = 0;
    while (
        digits < rest.size && rest.at[digits] >= '0' && rest.at[digits] <= '9')
        digits++;
    if (digits > 0 && digits < rest.size && rest.at[digits] == '.')
        return digits + 1;
    if (str_starts(rest, STR("\xE2\x80\xA2"))) return 3;
    bool mark = rest.size > 1 && is_among(rest.at[0], STR("-*+"));
    return mark && is_blank(rest.at[1]) ? 2 : 0;
}

static struct line read_line(struct str text, size_t at)
{
    struct line line = {.text = skip_blanks(text, at)};
    size_t bullet = bullet_size(str_from(text, line.text));
    line.bullet = bullet > 0;
    line.text += bullet;
    while (line.text < text.size &&
           (is_blank(text.at[line.text]) || text.at[line.text] == '#' ||
               text.at[line.text] == '*'))
        line.heading |= text.at[line.text++] == '#';
    return line;
}

/* A line ends where a tag starts, too. */
static size_t find_line_end(const struct passages *p)
{
    size_t at = p->at;
    for (; at < p->text.size && p->text.at[at] != '\n'; at++)
        if (!p->fenced && is_tag(str_from(p->text, at))) break;
    return at;
}

/* Whether a heading of a body is about when to use the agent. */
static bool speaks_of_use(struct str heading)
{
    struct str word = str_until(heading, cue_word(heading));
    return cue_same(word, STR("when"));
}

static void start_line(struct passages *p)
{
    bool body = p->source == PASSAGES_BODY;
    struct str rest = str_from(p->text, skip_blanks(p->text, p->at));
    if (body && str_starts(rest, STR("```"))) p->fenced = !p->fenced;
    p->line_end = find_line_end(p);
    p->clause_end = p->at;
    struct str text = str_until(p->text, p->line_end);
    struct line line = read_line(text, p->at);
    p->heading = line.heading && !p->fenced;
    bool outside = !line.bullet && !p->headed && line.text < text.size;
    if (p->heading || outside) {
        p->section = PASSAGE_PLAIN;
        p->headed = false;
    }
    bool plain = body && p->section == PASSAGE_PLAIN;
    plain = plain && !(p->heading && speaks_of_use(str_from(text, line.text)));
    p->kind = p->section;
    if (plain || p->fenced) {
        p->clause_end = p->line_end;
        p->whole = true;
        return;
    }
    p->whole = false;
    p->at = line.text;
    size_t turn = turn_size(str_from(text, p->at), &p->kind);
    if (turn == 0) return;
    p->at += turn;
    p->clause_end = p->line_end;
}

/* Where a quote that opens here closes; the same place when it does not. */
static size_t find_quote_end(struct str text, size_t at)
{
    struct str close = STR("\"");
    size_t size = 1;
    if (str_starts(str_from(text, at), STR(QUOTE_OPEN))) {
        close = STR(QUOTE_CLOSE);
        size = 3;
    } else if (text.at[at] != '"') {
        return at;
    }
    struct str inside = str_until(str_from(text, at + size), QUOTE_MAX);
    size_t end = str_find(inside, close);
    return end < inside.size ? at + size + end + close.size : at;
}

/* A full stop, but not that of "e.g. " or of "2.0". */
static bool stops(struct str text, size_t start, size_t at)
{
    if (!is_among(text.at[at], STR(".!?"))) return false;
    if (at + 1 < text.size && !is_blank(text.at[at + 1])) return false;
    return at < start + 2 || !is_letter(text.at[at - 1]) ||
           is_letter(text.at[at - 2]);
}

static bool is_dash(struct str rest)
{
    return str_starts(rest, STR("\xE2\x80\x94")) ||
           str_starts(rest, STR("\xE2\x80\x93")) ||
           str_starts(rest, STR(" - ")) || str_starts(rest, STR(" -- "));
}

static size_t find_clause_end(const struct passages *p)
{
    struct str text = str_until(p->text, p->line_end);
    for (size_t at = p->at; at < text.size; at++) {
        size_t quoted = find_quote_end(text, at);
        if (quoted > at) {
            at = quoted - 1;
        } else if (text.at[at] == ';' || stops(text, p->at, at)) {
            return at + 1;
        } else if (at > p->at && is_dash(str_from(text, at))) {
            return at;
        }
    }
    return text.size;
}

static enum passage_kind kind_of(enum cue cue)
{
    if (cue == CUE_USE) return PASSAGE_USE;
    return cue == CUE_NOT_FOR ? PASSAGE_NOT_FOR : PASSAGE_ASIDE;
}

/* "Not for:" and "Use this agent when you need to:" lead a list. */
static bool leads(const struct passages *p)
{
    if (p->clause_end != p->line_end) return false;
    if (p->heading) return true;
    size_t end = p->line_end;
    while (end > p->at &&
           (is_blank(p->text.at[end - 1]) || p->text.at[end - 1] == '*'))
        end--;
    return end > 0 && p->text.at[end - 1] == ':';
}

static void start_clause(struct passages *p)
{
    struct str text = str_until(p->text, p->line_end);
    while (p->at < text.size && !is_letter(text.at[p->at]) &&
           find_quote_end(text, p->at) == p->at)
        p->at++;
    p->kind = p->section;
    p->quotes = false;
    p->clause_end = find_clause_end(p);
    if (p->at == p->clause_end) return;
    size_t size;
    enum cue cue = cue_at(slice(p, p->at, p->clause_end), CUE_AT_START, &size);
    if (cue == CUE_NONE) return;
    p->kind = kind_of(cue);
    p->at += size;
    if (cue == CUE_OTHER || !leads(p)) return;
    p->section = p->kind;
    p->headed = p->heading;
}

/* ---- parts of a clause --------------------------------------------------- */

static bool after_comma(struct str text, size_t at)
{
    while (at > 0 && is_blank(text.at[at - 1]))
        at--;
    return at > 0 && is_among(text.at[at - 1], STR(",;:)"));
}

static enum cue_place place_of(const struct passages *p, size_t at)
{
    if (p->kind == PASSAGE_USE) return CUE_IN_GUIDANCE;
    if (p->kind != PASSAGE_NOT_FOR) return CUE_INSIDE;
    return after_comma(p->text, at) ? CUE_AFTER_COMMA : CUE_IN_EXCLUSION;
}

/* Whether the clause turns at a word; then *next is where it goes on. */
static bool turns_at(struct passages *p, size_t at, size_t *next)
{
    bool guides = p->kind == PASSAGE_PLAIN || p->kind == PASSAGE_USE ||
                  p->kind == PASSAGE_NOT_FOR;
    if (p->whole || !guides || !word_starts(p->text, p->at, at)) return false;
    struct str rest = slice(p, at, p->clause_end);
    size_t size;
    enum cue cue = cue_at(rest, place_of(p, at), &size);
    *next = at + size;
    if (cue == CUE_NONE) {
        p->quotes = p->quotes || cue_quotes(rest);
        return false;
    }
    p->kind = kind_of(cue);
    return true;
}

/* Where a request in quotes that starts here ends; else the same place. A
 * single word is a term. */
static size_t request_end(const struct passages *p, size_t at)
{
    if (!p->quotes || p->whole || p->kind == PASSAGE_NOT_FOR) return at;
    struct str text = str_until(p->text, p->clause_end);
    size_t end = find_quote_end(text, at);
    struct str inside = slice(p, at, end);
    return str_find_char(inside, ' ') < inside.size ? end : at;
}

/* The parenthesis in which the exclusion stands ends here. */
static bool closes(const struct passages *p, size_t at, size_t *depth)
{
    char c = p->text.at[at];
    if (p->kind != PASSAGE_NOT_FOR || (c != '(' && c != ')')) return false;
    if (c == ')' && *depth == 0) return true;
    *depth = c == '(' ? *depth + 1 : *depth - 1;
    return false;
}

/* The next part of the clause under way; false when that is all. */
static bool next_part(struct passages *p, struct passage *out)
{
    size_t depth = 0;
    for (size_t at = p->at; at < p->clause_end; at++) {
        size_t start = p->at;
        size_t next = at;
        enum passage_kind kind = p->kind;
        size_t request = request_end(p, at);
        if (request > at) {
            p->at = request;
            if (give(out, kind, slice(p, start, at))) {
                p->at = at; /* the request comes next time */
                return true;
            }
            if (give(out, PASSAGE_UTTERANCE, slice(p, at, request)))
                return true;
        } else if (closes(p, at, &depth)) {
            p->kind = p->section;
            p->at = at + 1;
            if (give(out, kind, slice(p, start, at))) return true;
        } else if (turns_at(p, at, &next)) {
            p->at = next;
            if (give(out, kind, slice(p, start, at))) return true;
            at = next > at ? next - 1 : at;
        }
    }
    size_t start = p->at;
    p->at = p->clause_end;
    return give(out, p->kind, slice(p, start, p->clause_end));
}

bool passages_next(struct passages *p, struct passage *out)
{
    for (;;) {
        if (p->at < p->example_end) {
            if (next_turn(p, out)) return true;
        } else if (p->at < p->clause_end) {
            if (next_part(p, out)) return true;
        } else if (p->at < p->line_end) {
            start_clause(p);
        } else if (p->at >= p->text.size) {
            return false;
        } else if (p->text.at[p->at] == '\n') {
            p->at++;
        } else if (!p->fenced && is_tag(str_from(p->text, p->at))) {
            enter_tag(p);
        } else {
            start_line(p);
        }
    }
}
