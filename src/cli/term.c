/*
 * term.c - writing for people.
 *
 * Cleaning is a small state machine over the bytes: it drops ESC sequences
 * (CSI, OSC and the like with all their parameters), other C0 and C1 controls,
 * and the marks that turn the direction of text. What is left may be printed
 * wherever it came from.
 */
#include "cli/term.h"

#include <langinfo.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

enum { WIDTH_MIN = 40, WIDTH_USUAL = 80 };

static bool is_set(const char *name)
{
    const char *value = getenv(name);
    return value != NULL && value[0] != '\0';
}

static size_t width_of(int fd)
{
    struct winsize size;
    if (ioctl(fd, TIOCGWINSZ, &size) != 0 || size.ws_col == 0)
        return WIDTH_USUAL;
    return size.ws_col < WIDTH_MIN ? WIDTH_MIN : size.ws_col;
}

void term_init(struct term *term, FILE *file)
{
    int fd = fileno(file);
    const char *name = getenv("TERM");
    bool dumb = name == NULL || strcmp(name, "dumb") == 0;
    term->file = file;
    term->tty = isatty(fd) == 1 && !dumb;
    term->colour = term->tty && !is_set("NO_COLOR");
    term->unicode = strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
    term->width = term->tty ? width_of(fd) : 0;
}

/* ---- cleaning ------------------------------------------------------------ */

/* The length of the valid character at the start of text, or 0. */
static size_t character(const unsigned char *at, size_t size, uint32_t *code)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    size_t want = at[0] < 0x80   ? 1
                  : at[0] < 0xC2 ? 0
                  : at[0] < 0xE0 ? 2
                  : at[0] < 0xF0 ? 3
                  : at[0] < 0xF5 ? 4
                                 : 0;
    if (want == 0 || want > size) return 0;
    static const unsigned char masks[] = {0, 0x7F, 0x1F, 0x0F, 0x07};
    uint32_t c = at[0] & masks[want];
    for (size_t i = 1; i < want; i++) {
        if ((at[i] & 0xC0U) != 0x80U) return 0;
        c = c << 6 | (at[i] & 0x3FU);
    }
    if (c < least[want] || c > 0x10FFFF || (c >= 0xD800 && c < 0xE000))
        return 0;
    *code = c;
    return want;
}

/* The bytes of the escape sequence that starts at text: ESC, or a C1 control
 * that does as ESC and a letter does. */
static size_t escape_size(const unsigned char *at, size_t size, size_t lead)
{
    unsigned char kind;
    size_t i = lead;
    if (lead == 2) { /* C1: U+009B is ESC [ */
        kind = (unsigned char)(at[1] - 0x40U);
    } else {
        if (i == size) return i;
        kind = at[i++];
    }
    if (kind == '[') {
        while (i < size && at[i] >= 0x20 && at[i] < 0x40)
            i++;
        return i < size && at[i] >= 0x40 && at[i] < 0x7F ? i + 1 : i;
    }
    /* A string of the terminal's: up to BEL or ESC \ or the end of the line. */
    if (kind == ']' || kind == 'P' || kind == 'X' || kind == '^' ||
        kind == '_') {
        while (i < size && at[i] != 0x07 && at[i] != 0x1B && at[i] != '\n')
            i++;
        if (i < size && at[i] == 0x07) return i + 1;
        if (i + 1 < size && at[i] == 0x1B && at[i + 1] == '\\') return i + 2;
        return i;
    }
    while (lead == 1 && kind >= 0x20 && kind < 0x30 && i < size)
        kind = at[i++];
    return i;
}

static bool turns_direction(uint32_t code)
{
    return (code >= 0x202A && code <= 0x202E) ||
           (code >= 0x2066 && code <= 0x2069) || code == 0x200E ||
           code == 0x200F || code == 0x061C;
}

/* One piece of cleaned text. */
struct piece {
    const char *at; /* what to write */
    size_t size;
    uint32_t code; /* of its character */
    size_t taken;  /* bytes of the input */
};

static struct piece next_piece(const char *text, size_t size)
{
    const unsigned char *at = (const unsigned char *)text;
    struct piece piece = {"", 0, 0, 1};
    uint32_t code = 0;
    size_t length = character(at, size, &code);
    if (length == 0) return (struct piece){"\xEF\xBF\xBD", 3, 0xFFFD, 1};
    piece.taken = length;
    bool c1 = code >= 0x80 && code < 0xA0;
    if (code == 0x1B || c1) {
        piece.taken = escape_size(at, size, length);
        return piece;
    }
    bool control =
        (code < 0x20 && code != '\n' && code != '\t') || code == 0x7F;
    if (control || turns_direction(code)) return piece;
    return (struct piece){text, length, code, length};
}

/* Good enough for columns: marks take none, East Asian letters take two. */
static size_t columns_of(uint32_t c)
{
    bool mark = (c >= 0x0300 && c <= 0x036F) || (c >= 0x200B && c <= 0x200D) ||
                (c >= 0xFE00 && c <= 0xFE0F) || (c >= 0x20D0 && c <= 0x20FF);
    if (mark) return 0;
    bool wide = (c >= 0x1100 && c <= 0x115F) || (c >= 0x2E80 && c <= 0xA4CF) ||
                (c >= 0xAC00 && c <= 0xD7A3) || (c >= 0xF900 && c <= 0xFAFF) ||
                (c >= 0xFE30 && c <= 0xFE6F) || (c >= 0xFF00 && c <= 0xFF60) ||
                (c >= 0xFFE0 && c <= 0xFFE6) ||
                (c >= 0x1F300 && c <= 0x1FAFF) ||
                (c >= 0x20000 && c <= 0x3FFFD);
    return wide ? 2 : 1;
}

void term_clean(const struct term *term, const char *text, size_t size)
{
    for (size_t i = 0; i < size;) {
        struct piece piece = next_piece(text + i, size - i);
        (void)fwrite(piece.at, 1, piece.size, term->file);
        i += piece.taken;
    }
}

size_t term_columns(const char *text)
{
    size_t size = strlen(text);
    size_t columns = 0;
    for (size_t i = 0; i < size;) {
        struct piece piece = next_piece(text + i, size - i);
        if (piece.size > 0) columns += columns_of(piece.code);
        i += piece.taken;
    }
    return columns;
}

size_t term_line(const struct term *term, const char *text, size_t columns)
{
    const char *dots = term->unicode ? "\xE2\x80\xA6" : "~";
    bool cut = columns > 0 && term_columns(text) > columns;
    size_t room = cut ? columns - 1 : SIZE_MAX;
    size_t size = strlen(text);
    size_t written = 0;
    for (size_t i = 0; i < size;) {
        struct piece piece = next_piece(text + i, size - i);
        size_t wide = piece.size > 0 ? columns_of(piece.code) : 0;
        if (written + wide > room) break;
        if (piece.code == '\n' || piece.code == '\t')
            (void)fputc(' ', term->file);
        else (void)fwrite(piece.at, 1, piece.size, term->file);
        written += wide;
        i += piece.taken;
    }
    if (!cut) return written;
    (void)fputs(dots, term->file);
    return written + 1;
}

/* ---- styles, times ------------------------------------------------------- */

void term_begin(const struct term *term, enum style style)
{
    static const char *const codes[] = {
        [STYLE_PLAIN] = "",
        [STYLE_BOLD] = "\033[1m",
        [STYLE_DIM] = "\033[2m",
        [STYLE_GOOD] = "\033[32m",
        [STYLE_BAD] = "\033[31m",
        [STYLE_WARN] = "\033[33m",
        [STYLE_NAME] = "\033[36m",
    };
    if (term->colour) (void)fputs(codes[style], term->file);
}

void term_end(const struct term *term, enum style style)
{
    if (term->colour && style != STYLE_PLAIN)
        (void)fputs("\033[0m", term->file);
}

void term_styled(const struct term *term, enum style style, const char *text)
{
    term_begin(term, style);
    (void)term_line(term, text, 0);
    term_end(term, style);
}

void term_pad(const struct term *term, size_t columns)
{
    (void)fprintf(term->file, "%*s", (int)columns, "");
}

void term_duration(uint64_t ms, char out[TERM_TIME_SIZE])
{
    unsigned long long seconds = ms / 1000;
    unsigned tenths = (unsigned)(ms % 1000 / 100);
    if (seconds < 60)
        (void)snprintf(out, TERM_TIME_SIZE, "%llu.%us", seconds, tenths);
    else if (seconds < 3600)
        (void)snprintf(
            out, TERM_TIME_SIZE, "%llum %02llus", seconds / 60, seconds % 60);
    else
        (void)snprintf(out, TERM_TIME_SIZE, "%lluh %02llum", seconds / 3600,
            seconds / 60 % 60);
}

void term_when(int64_t wall_ms, char out[TERM_TIME_SIZE])
{
    time_t seconds = (time_t)(wall_ms / 1000);
    struct tm parts;
    if (localtime_r(&seconds, &parts) == NULL ||
        strftime(out, TERM_TIME_SIZE, "%Y-%m-%d %H:%M", &parts) == 0)
        (void)snprintf(out, TERM_TIME_SIZE, "-");
}
