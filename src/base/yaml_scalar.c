/*
 * yaml_scalar.c - see yaml_scalar.h.
 *
 * The syntax is checked by hand. A real is then written anew as JSON has it
 * and read by json_parse, so that no locale has a say.
 */
#include "base/yaml_scalar.h"

#include "base/json.h"

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_any_of(struct str text, const struct str *words, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (str_equal(text, words[i])) return true;
    }
    return false;
}

static bool is_null(struct str text)
{
    static const struct str words[] = {
        {"", 0}, {"~", 1}, {"null", 4}, {"Null", 4}, {"NULL", 4}};
    return is_any_of(text, words, sizeof words / sizeof words[0]);
}

static bool is_true(struct str text)
{
    static const struct str words[] = {{"true", 4}, {"True", 4}, {"TRUE", 4}};
    return is_any_of(text, words, sizeof words / sizeof words[0]);
}

static bool is_false(struct str text)
{
    static const struct str words[] = {
        {"false", 5}, {"False", 5}, {"FALSE", 5}};
    return is_any_of(text, words, sizeof words / sizeof words[0]);
}

/* [-+]?(\.inf|\.Inf|\.INF) | \.nan | \.NaN | \.NAN */
static bool is_special(struct str text)
{
    static const struct str infinite[] = {
        {".inf", 4}, {".Inf", 4}, {".INF", 4}};
    static const struct str nan[] = {{".nan", 4}, {".NaN", 4}, {".NAN", 4}};
    if (is_any_of(text, nan, sizeof nan / sizeof nan[0])) return true;
    if (text.size > 0 && (text.at[0] == '-' || text.at[0] == '+'))
        text = str_from(text, 1);
    return is_any_of(text, infinite, sizeof infinite / sizeof infinite[0]);
}

static int digit_of(char c)
{
    if (is_digit(c)) return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return 16;
}

/* The parts of [-+]?[0-9]*(\.[0-9]*)?([eE][-+]?[0-9]+)? */
struct number {
    bool negative;
    bool has_point;
    struct str whole, fraction;
    struct str exponent; /* with its sign; .at NULL: none */
};

static struct str take_digits(struct str *text)
{
    size_t end = 0;
    while (end < text->size && is_digit(text->at[end]))
        end++;
    struct str digits = str_until(*text, end);
    *text = str_from(*text, end);
    return digits;
}

static bool take_exponent(struct str *text, struct number *out)
{
    struct str rest = str_from(*text, 1);
    if (rest.size > 0 && (rest.at[0] == '-' || rest.at[0] == '+'))
        rest = str_from(rest, 1);
    if (take_digits(&rest).size == 0 || rest.size > 0) return false;
    out->exponent = str_from(*text, 1);
    text->size = 0;
    return true;
}

static bool split_number(struct str text, struct number *out)
{
    *out = (struct number){.negative = false};
    if (text.size > 0 && (text.at[0] == '-' || text.at[0] == '+')) {
        out->negative = text.at[0] == '-';
        text = str_from(text, 1);
    }
    out->whole = take_digits(&text);
    if (text.size > 0 && text.at[0] == '.') {
        out->has_point = true;
        text = str_from(text, 1);
        out->fraction = take_digits(&text);
    }
    if (out->whole.size == 0 && out->fraction.size == 0) return false;
    if (text.size > 0 && (text.at[0] == 'e' || text.at[0] == 'E'))
        return take_exponent(&text, out);
    return text.size == 0;
}

static int too_big(const struct value *value, ndf_error *error)
{
    return err_at(error, NDF_ESYNTAX, value->line, value->column,
        "not valid YAML: a number is too big (integers have 64 bits): put it "
        "in quotes");
}

static int read_digits(struct str digits, int base, bool negative,
    struct value *value, ndf_error *error)
{
    uint64_t limit = (uint64_t)INT64_MAX + (negative ? 1 : 0);
    uint64_t number = 0;
    for (size_t i = 0; i < digits.size; i++) {
        uint64_t digit = (uint64_t)digit_of(digits.at[i]);
        if (number > (limit - digit) / (uint64_t)base)
            return too_big(value, error);
        number = number * (uint64_t)base + digit;
    }
    value->kind = VALUE_INT;
    value->integer = (int64_t)(negative ? 0 - number : number);
    return NDF_OK;
}

static int read_real(struct arena *arena, const struct number *number,
    struct value *value, ndf_error *error)
{
    struct str whole = number->whole;
    while (whole.size > 1 && whole.at[0] == '0')
        whole = str_from(whole, 1);
    struct buf text;
    buf_init(&text, arena->mem);
    if (number->negative) buf_add_char(&text, '-');
    buf_add_str(&text, whole.size > 0 ? whole : STR("0"));
    buf_add_char(&text, '.');
    buf_add_str(&text, number->fraction.size > 0 ? number->fraction : STR("0"));
    if (number->exponent.at != NULL) buf_add_char(&text, 'e');
    buf_add_str(&text, number->exponent);
    int err = buf_error(&text);
    struct value parsed = value_null;
    if (err == NDF_OK) err = json_parse(arena, buf_str(&text), &parsed, NULL);
    buf_deinit(&text);
    if (err == NDF_ENOMEM) return err_set(error, err, "out of memory");
    if (err != NDF_OK) return too_big(value, error);
    value->kind = VALUE_REAL;
    value->real = parsed.real;
    return NDF_OK;
}

/* The base of 0o17 and 0x1F, or 0. */
static int prefixed_base(struct str text)
{
    int base = 0;
    if (str_starts(text, STR("0o"))) base = 8;
    if (str_starts(text, STR("0x"))) base = 16;
    if (base == 0 || text.size == 2) return 0;
    for (size_t i = 2; i < text.size; i++) {
        if (digit_of(text.at[i]) >= base) return 0;
    }
    return base;
}

int yaml_scalar_resolve(
    struct arena *arena, struct str text, struct value *value, ndf_error *error)
{
    struct number number;
    value->kind = VALUE_STRING;
    if (is_null(text)) {
        value->kind = VALUE_NULL;
        return NDF_OK;
    }
    if (is_true(text) || is_false(text)) {
        value->kind = VALUE_BOOL;
        value->truth = is_true(text);
        return NDF_OK;
    }
    if (is_special(text))
        return err_at(error, NDF_ESYNTAX, value->line, value->column,
            "not valid YAML: infinity and not-a-number are no numbers here "
            "(put it in quotes if it is a text)");
    int base = prefixed_base(text);
    if (base != 0)
        return read_digits(str_from(text, 2), base, false, value, error);
    if (!split_number(text, &number)) return NDF_OK;
    if (!number.has_point && number.exponent.at == NULL)
        return read_digits(number.whole, 10, number.negative, value, error);
    return read_real(arena, &number, value, error);
}
