/*
 * units.c - see units.h and pattern.h.
 *
 * Amounts are digits and at most three decimals, computed in thousandths as
 * integers: exact, and the same in every locale.
 */
#include "model/units.h"

#include <math.h>

#include "model/pattern.h"

enum { THOUSANDTHS = 1000, DECIMALS_MAX = 3 };

/* A hundred years, a million terabytes: what is more is a slip. */
static const uint64_t duration_max_ms = UINT64_C(3155760000000);
static const uint64_t bytes_max = UINT64_C(1000000000000000000);

struct unit {
    struct str name;
    uint64_t size;
};

/* In milliseconds. */
static const struct unit duration_units[] = {
    {{"ms", 2}, 1},
    {{"s", 1}, 1000},
    {{"m", 1}, 60000},
    {{"min", 3}, 60000},
    {{"h", 1}, 3600000},
    {{"d", 1}, 86400000},
};

static const struct unit byte_units[] = {
    {{"B", 1}, 1},
    {{"kB", 2}, 1000},
    {{"KB", 2}, 1000},
    {{"MB", 2}, 1000000},
    {{"GB", 2}, 1000000000},
    {{"TB", 2}, UINT64_C(1000000000000)},
    {{"KiB", 3}, 1024},
    {{"MiB", 3}, 1048576},
    {{"GiB", 3}, 1073741824},
    {{"TiB", 3}, UINT64_C(1099511627776)},
};

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* "1.5h" -> 1500 thousandths and the rest "h". */
static bool read_amount(struct str *text, uint64_t *thousandths)
{
    uint64_t amount = 0;
    size_t at = 0;
    while (at < text->size && is_digit(text->at[at])) {
        amount = amount * 10 + (uint64_t)(text->at[at++] - '0');
        if (amount > bytes_max / THOUSANDTHS) return false;
    }
    if (at == 0) return false;
    amount *= THOUSANDTHS;
    if (at < text->size && text->at[at] == '.') {
        uint64_t worth = THOUSANDTHS / 10;
        size_t start = ++at;
        for (; at < text->size && is_digit(text->at[at]); at++) {
            amount += (uint64_t)(text->at[at] - '0') * worth;
            worth /= 10;
        }
        if (at == start || at - start > DECIMALS_MAX) return false;
    }
    *text = str_from(*text, at);
    *thousandths = amount;
    return true;
}

/* Units of the table; what the amount is in the smallest, rounded down. */
static bool read_measure(struct str text, const struct unit *units,
    size_t count, uint64_t max, uint64_t *out)
{
    uint64_t thousandths = 0;
    if (!read_amount(&text, &thousandths)) return false;
    for (size_t i = 0; i < count; i++) {
        if (!str_equal(units[i].name, text)) continue;
        uint64_t whole = thousandths / THOUSANDTHS;
        uint64_t part = thousandths % THOUSANDTHS;
        if (whole > max / units[i].size) return false;
        *out = whole * units[i].size + part * units[i].size / THOUSANDTHS;
        return *out <= max;
    }
    return false;
}

static bool read_number(
    const struct value *value, uint64_t scale, uint64_t max, uint64_t *out)
{
    if (value->kind == VALUE_INT) {
        if (value->integer < 0 || (uint64_t)value->integer > max / scale)
            return false;
        *out = (uint64_t)value->integer * scale;
        return true;
    }
    if (value->kind != VALUE_REAL) return false;
    double scaled = value->real * (double)scale;
    if (!(scaled >= 0) || scaled > (double)max) return false;
    *out = (uint64_t)llround(scaled);
    return true;
}

bool duration_parse(const struct value *value, uint64_t *ms)
{
    if (value->kind == VALUE_STRING)
        return read_measure(value->string, duration_units,
            sizeof duration_units / sizeof duration_units[0], duration_max_ms,
            ms);
    return read_number(value, THOUSANDTHS, duration_max_ms, ms);
}

bool bytes_parse(const struct value *value, uint64_t *bytes)
{
    if (value->kind == VALUE_STRING)
        return read_measure(value->string, byte_units,
            sizeof byte_units / sizeof byte_units[0], bytes_max, bytes);
    return value->kind == VALUE_INT && read_number(value, 1, bytes_max, bytes);
}

bool scale_number(struct str attribute, struct str word, int64_t *number)
{
    static const struct {
        struct str attribute, word;
        int64_t number;
    } scales[] = {
        {{"complexity", 10}, {"low", 3}, 2},
        {{"complexity", 10}, {"medium", 6}, 5},
        {{"complexity", 10}, {"high", 4}, 8},
        {{"priority", 8}, {"highest", 7}, 1},
        {{"priority", 8}, {"high", 4}, 2},
        {{"priority", 8}, {"medium", 6}, 3},
        {{"priority", 8}, {"low", 3}, 4},
        {{"priority", 8}, {"lowest", 6}, 5},
    };
    for (size_t i = 0; i < sizeof scales / sizeof scales[0]; i++) {
        if (!str_equal(scales[i].attribute, attribute)) continue;
        if (!str_equal(scales[i].word, word)) continue;
        *number = scales[i].number;
        return true;
    }
    return false;
}
