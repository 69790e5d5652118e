/*
 * tree_row.c - see tree_row.h.
 */
#include "cli/tree_row.h"

#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

enum { TEXT_SIZE = 512, TIME_COLUMNS = 7, FRAMES = 10, PLAIN_FRAMES = 4 };

struct look {
    const char *mark, *plain; /* with Unicode, and without */
    enum style style;
};

static const struct look looks[ROW_STATES] = {
    [ROW_PENDING] = {"\xC2\xB7", ".", STYLE_DIM},
    [ROW_RUNNING] = {NULL, NULL, STYLE_NAME},
    [ROW_WAITING] = {"\xE2\x86\xBB", "~", STYLE_WARN},
    [ROW_DONE] = {"\xE2\x9C\x93", "+", STYLE_GOOD},
    [ROW_FAILED] = {"\xE2\x9C\x97", "x", STYLE_BAD},
    [ROW_SKIPPED] = {"\xE2\x88\x92", "-", STYLE_WARN},
    [ROW_UNDOING] = {NULL, NULL, STYLE_WARN},
    [ROW_UNDONE] = {"\xE2\x86\xB6", "<", STYLE_WARN},
    [ROW_UNDO_FAILED] = {"\xE2\x9C\x97", "x", STYLE_BAD},
    [ROW_DOUBT] = {"?", "?", STYLE_WARN},
};

const char *tree_row_label(const struct tree_row *row)
{
    const char *slash = strrchr(row->id, '/');
    return slash != NULL ? slash + 1 : row->id;
}

bool tree_row_works(const struct tree_row *row)
{
    return row->state == ROW_RUNNING || row->state == ROW_WAITING ||
           row->state == ROW_UNDOING;
}

static const char *mark_of(enum row_state state, const struct tree_line *line)
{
    static const char *const frames[FRAMES] = {"\xE2\xA0\x8B", "\xE2\xA0\x99",
        "\xE2\xA0\xB9", "\xE2\xA0\xB8", "\xE2\xA0\xBC", "\xE2\xA0\xB4",
        "\xE2\xA0\xA6", "\xE2\xA0\xA7", "\xE2\xA0\x87", "\xE2\xA0\x8F"};
    static const char *const plain[PLAIN_FRAMES] = {"|", "/", "-", "\\"};
    const struct look *look = &looks[state];
    if (line->to->unicode)
        return look->mark != NULL ? look->mark : frames[line->tick % FRAMES];
    return look->plain != NULL ? look->plain : plain[line->tick % PLAIN_FRAMES];
}

/* Words that grow, with a point between each two. */
struct words {
    char text[TEXT_SIZE];
    size_t size;
};

static void add(struct words *words, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void add(struct words *words, const char *format, ...)
{
    if (words->size + 4 >= TEXT_SIZE) return;
    if (words->size > 0) {
        words->text[words->size++] = ',';
        words->text[words->size++] = ' ';
    }
    va_list args;
    va_start(args, format);
    int size = vsnprintf(
        words->text + words->size, TEXT_SIZE - words->size, format, args);
    va_end(args);
    if (size < 0) return;
    words->size += (size_t)size;
    if (words->size >= TEXT_SIZE) words->size = TEXT_SIZE - 1;
}

static void add_tokens(struct words *words, int64_t tokens)
{
    if (tokens < 0) return;
    if (tokens < 1000) add(words, "%" PRId64 " tokens", tokens);
    else if (tokens < 1000000)
        add(words, "%.1fk tokens", (double)tokens / 1000);
    else add(words, "%.1fM tokens", (double)tokens / 1000000);
}

static void add_cost(struct words *words, bool has_cost, double cost)
{
    if (has_cost) add(words, cost < 0.1 ? "cost %.4f" : "cost %.2f", cost);
}

/* What a row says behind its name and time. */
static void add_state(
    struct words *words, const struct tree_row *row, int64_t now_ms)
{
    int64_t left = row->since_ms - now_ms;
    switch (row->state) {
    case ROW_WAITING:
        if (left > 0)
            add(words, "attempt %" PRId64 " in %.0fs", row->attempt,
                (double)(left + 999) / 1000);
        else add(words, "attempt %" PRId64, row->attempt);
        break;
    case ROW_UNDOING: add(words, "undoing"); break;
    case ROW_UNDONE: add(words, "undone"); break;
    case ROW_UNDO_FAILED: add(words, "its undo failed"); break;
    case ROW_DOUBT: add(words, "in doubt"); break;
    case ROW_SKIPPED: add(words, "skipped"); break;
    case ROW_PENDING:
    case ROW_RUNNING:
    case ROW_DONE:
    case ROW_FAILED:
    case ROW_STATES:
    default:
        if (row->attempt > 1) add(words, "attempt %" PRId64, row->attempt);
    }
}

/* "" when it has none. */
static void time_of(const struct tree_row *row, const struct tree_line *line,
    char out[TERM_TIME_SIZE])
{
    int64_t ms = row->took_ms;
    out[0] = '\0';
    if (row->group || row->state == ROW_SKIPPED) return;
    if (row->state == ROW_RUNNING || row->state == ROW_UNDOING)
        ms = line->now_ms - row->since_ms;
    if (ms < 0 && (tree_row_works(row))) ms = 0;
    if (ms >= 0 && row->state != ROW_PENDING) term_duration((uint64_t)ms, out);
}

void tree_row_draw(const struct tree_row *row, const struct tree_line *line)
{
    const struct term *to = line->to;
    const struct look *look = &looks[row->state];
    char time[TERM_TIME_SIZE];
    struct words words = {.size = 0};
    size_t indent = 2 * row->depth;
    size_t label = line->label > indent + 4 ? line->label - indent : 4;
    size_t used = 2 + indent + 2 + label;
    term_pad(to, 2 + indent);
    term_styled(to, look->style, mark_of(row->state, line));
    (void)fputc(' ', to->file);
    if (row->state == ROW_PENDING) term_begin(to, STYLE_DIM);
    else if (row->group) term_begin(to, STYLE_BOLD);
    size_t wide = term_line(to, tree_row_label(row), label);
    term_end(to, row->state == ROW_PENDING ? STYLE_DIM
                 : row->group              ? STYLE_BOLD
                                           : STYLE_PLAIN);
    time_of(row, line, time);
    if (!row->group) add_state(&words, row, line->now_ms);
    if (row->undeclared != NULL) add(&words, "undeclared: %s", row->undeclared);
    add_tokens(&words, row->tokens);
    add_cost(&words, row->has_cost, row->cost);
    bool bad = row->state != ROW_DONE && row->note != NULL;
    if (bad) add(&words, "%s", row->note);
    if (used + TIME_COLUMNS + 2 < line->columns &&
        (time[0] != '\0' || words.size > 0)) {
        if (wide < label) term_pad(to, label - wide);
        (void)fprintf(to->file, " %*s", TIME_COLUMNS, time);
        used += 1 + TIME_COLUMNS;
    }
    if (words.size > 0 && used + 6 < line->columns &&
        used > 2 + indent + 2 + label) {
        (void)fputs("  ", to->file);
        term_begin(to, STYLE_DIM);
        (void)term_line(to, words.text, line->columns - used - 2);
        term_end(to, STYLE_DIM);
    }
    (void)fputc('\n', to->file);
}

void tree_sums_draw(const struct tree_sums *sums, const struct tree_line *line,
    const char *stops)
{
    char time[TERM_TIME_SIZE];
    struct words words = {.size = 0};
    int64_t took = line->now_ms - sums->began_ms;
    term_duration(took > 0 && sums->began_ms >= 0 ? (uint64_t)took : 0, time);
    add(&words, "%zu of %zu steps done", sums->done, sums->steps);
    add(&words, "%s", time);
    if (stops[0] != '\0') add(&words, "%s", stops);
    if (sums->hidden > 0) add(&words, "%zu lines hidden", sums->hidden);
    add_tokens(&words, sums->tokens);
    add_cost(&words, sums->has_cost, sums->cost);
    (void)fputs("  ", line->to->file);
    term_begin(line->to, STYLE_DIM);
    (void)term_line(line->to, words.text, line->columns - 2);
    term_end(line->to, STYLE_DIM);
    (void)fputc('\n', line->to->file);
}
