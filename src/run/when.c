/*
 * when.c - see when.h.
 *
 * The text is cut into two sides before any reference is looked up, so nothing
 * that an agent printed is ever read as a condition.
 */
#include "run/when.h"

#include <string.h>

#include "base/json.h"

enum {
    WHEN_SHOWN_MAX = 60,  /* bytes of a text that a sentence shows */
    WHEN_SCALAR_MAX = 64, /* bytes of a text that may read as a number */
};

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static int refuse(struct str text, const char *why, ndf_error *error)
{
    return err_set(error, NDF_ESYNTAX, "'if' cannot be read: %s in '%.*s'", why,
        STR_ARG(str_until(text,
            text.size < WHEN_SHOWN_MAX ? text.size : (size_t)WHEN_SHOWN_MAX)));
}

/* ---- reading ------------------------------------------------------------ */

static bool is_word(struct str text, const char *word)
{
    if (text.size != strlen(word)) return false;
    for (size_t i = 0; i < text.size; i++) {
        char c = text.at[i];
        if (c >= 'A' && c <= 'Z') c = (char)(c - 'A' + 'a');
        if (c != word[i]) return false;
    }
    return true;
}

/* A number, true, false or null as that value; *out is left alone by every
 * other text. */
static int read_scalar(struct arena *arena, struct str text, struct value *out)
{
    struct value value;
    text = str_trim(text);
    if (text.size == 0 || text.size > WHEN_SCALAR_MAX) return NDF_OK;
    if (is_word(text, "true") || is_word(text, "false")) {
        *out = value_of_bool(text.size == 4);
        return NDF_OK;
    }
    int err = json_parse(arena, text, &value, NULL);
    if (err == NDF_ENOMEM) return err;
    bool scalar =
        err == NDF_OK && (value.kind == VALUE_INT || value.kind == VALUE_REAL ||
                             value.kind == VALUE_NULL);
    if (scalar) *out = value;
    return NDF_OK;
}

static bool ends_word(char c)
{
    return is_blank(c) || strchr("=!<>'\"${}", c) != NULL;
}

static int read_word(struct arena *arena, struct str whole, struct str *rest,
    struct when_side *out, ndf_error *error)
{
    size_t end = 0;
    while (end < rest->size && rest->at[end] != '\0' &&
           !ends_word(rest->at[end])) {
        end++;
    }
    if (end == 0) {
        return refuse(whole,
            "a side is missing or begins oddly (put a text in quotes)", error);
    }
    out->text = str_until(*rest, end);
    out->value = value_of_str(out->text);
    *rest = str_from(*rest, end);
    return read_scalar(arena, out->text, &out->value);
}

/* One side off the front of *rest. */
static int read_side(struct arena *arena, struct str whole, struct str *rest,
    struct when_side *out, ndf_error *error)
{
    *out = (struct when_side){.value = value_null};
    *rest = str_trim(*rest);
    if (str_starts(*rest, STR("${"))) {
        size_t end = str_find_char(*rest, '}');
        if (end == rest->size) {
            return refuse(whole, "a reference is not closed ('}')", error);
        }
        out->reference = true;
        out->text = str_until(*rest, end + 1);
        *rest = str_from(*rest, end + 1);
        return NDF_OK;
    }
    if (rest->size > 0 && (rest->at[0] == '\'' || rest->at[0] == '"')) {
        struct str inner = str_from(*rest, 1);
        size_t end = str_find_char(inner, rest->at[0]);
        if (end == inner.size) {
            return refuse(whole, "a text is not closed by its quote", error);
        }
        out->text = str_until(inner, end);
        out->value = value_of_str(out->text);
        *rest = str_from(inner, end + 1);
        return NDF_OK;
    }
    return read_word(arena, whole, rest, out, error);
}

static bool take_op(struct str *rest, enum when_op *out)
{
    static const struct {
        struct str sign;
        enum when_op op;
    } ops[] = {
        {{"==", 2}, WHEN_EQ},
        {{"!=", 2}, WHEN_NE},
        {{"<=", 2}, WHEN_LE},
        {{">=", 2}, WHEN_GE},
        {{"<", 1}, WHEN_LT},
        {{">", 1}, WHEN_GT},
    };
    for (size_t i = 0; i < sizeof ops / sizeof *ops; i++) {
        if (!str_starts(*rest, ops[i].sign)) continue;
        *out = ops[i].op;
        *rest = str_from(*rest, ops[i].sign.size);
        return true;
    }
    return false;
}

int when_parse(
    struct arena *arena, struct str text, struct when *out, ndf_error *error)
{
    struct str rest = str_trim(text);
    *out = (struct when){.op = WHEN_TRUE};
    if (str_starts(rest, STR("not")) && rest.size > 3 && is_blank(rest.at[3])) {
        out->negated = true;
        rest = str_from(rest, 3);
    }
    int err = read_side(arena, text, &rest, &out->left, error);
    if (err != NDF_OK) return err;
    rest = str_trim(rest);
    if (rest.size > 0) {
        if (!take_op(&rest, &out->op)) {
            return refuse(text,
                "one of == != < <= > >= is expected behind the first side",
                error);
        }
        err = read_side(arena, text, &rest, &out->right, error);
        if (err != NDF_OK) return err;
    }
    if (str_trim(rest).size > 0) {
        return refuse(text,
            "something follows the second side (put a text in quotes; one "
            "comparison is all)",
            error);
    }
    if (!out->left.reference && !out->right.reference) {
        return refuse(text, "there is no ${...}, so it never changes", error);
    }
    return NDF_OK;
}

int when_check(struct arena *arena, const struct template_names *names,
    struct str text, ndf_error *error)
{
    struct when when;
    struct template_names lenient = *names;
    lenient.absent_is_null = true;
    int err = when_parse(arena, text, &when, error);
    if (err == NDF_OK && when.left.reference) {
        err = template_check_text(&lenient, when.left.text, error);
    }
    if (err == NDF_OK && when.right.reference) {
        err = template_check_text(&lenient, when.right.text, error);
    }
    return err;
}

/* ---- judging ------------------------------------------------------------ */

static int value_of_side(struct arena *arena,
    const struct template_scope *scope, const struct when_side *side,
    struct value *out, ndf_error *error)
{
    *out = side->value;
    if (!side->reference) return NDF_OK;
    struct value text = value_of_str(side->text);
    return template_value(arena, scope, &text, out, error);
}

static int is_true(struct arena *arena, const struct value *given, bool *out)
{
    struct value value = *given;
    int err = NDF_OK;
    if (value.kind == VALUE_STRING) {
        if (is_word(str_trim(value.string), "no")) value = value_null;
        else err = read_scalar(arena, value.string, &value);
    }
    switch (value.kind) {
    case VALUE_NULL: *out = false; break;
    case VALUE_BOOL: *out = value.truth; break;
    case VALUE_INT: *out = value.integer != 0; break;
    case VALUE_REAL: *out = value.real < 0 || value.real > 0; break;
    case VALUE_STRING: *out = str_trim(value.string).size > 0; break;
    case VALUE_ARRAY: *out = value.array.count > 0; break;
    case VALUE_OBJECT: *out = value.object.count > 0; break;
    }
    return err;
}

/* A text beside what is none is taken for what it reads. */
static int reconcile(struct arena *arena, struct value *a, struct value *b)
{
    bool texts = a->kind == VALUE_STRING && b->kind == VALUE_STRING;
    if (texts) {
        a->string = str_trim(a->string);
        b->string = str_trim(b->string);
        return NDF_OK;
    }
    int err = NDF_OK;
    if (a->kind == VALUE_STRING) err = read_scalar(arena, a->string, a);
    if (b->kind == VALUE_STRING && err == NDF_OK) {
        err = read_scalar(arena, b->string, b);
    }
    return err;
}

static bool is_number(const struct value *value)
{
    return value->kind == VALUE_INT || value->kind == VALUE_REAL;
}

static int not_a_number(const struct when_side *side, ndf_error *error)
{
    return err_set(error, NDF_EINVAL,
        "'if' cannot be judged: %.*s is no number, and < <= > >= compare "
        "numbers",
        STR_ARG(side->text));
}

/* Nothing is neither more nor less than anything. */
static int judge_order(struct arena *arena, const struct when *when,
    struct value *a, struct value *b, bool *out, ndf_error *error)
{
    int order = 0;
    *out = false;
    int err = NDF_OK;
    if (a->kind == VALUE_STRING) err = read_scalar(arena, a->string, a);
    if (b->kind == VALUE_STRING && err == NDF_OK) {
        err = read_scalar(arena, b->string, b);
    }
    if (err != NDF_OK) return err;
    if (a->kind == VALUE_NULL || b->kind == VALUE_NULL) return NDF_OK;
    if (!is_number(a)) return not_a_number(&when->left, error);
    if (!is_number(b)) return not_a_number(&when->right, error);
    if (!value_compare(a, b, &order)) return NDF_OK;
    *out = (when->op == WHEN_LT && order < 0) ||
           (when->op == WHEN_LE && order <= 0) ||
           (when->op == WHEN_GT && order > 0) ||
           (when->op == WHEN_GE && order >= 0);
    return NDF_OK;
}

int when_holds(struct arena *arena, const struct template_scope *scope,
    struct str text, bool *out, ndf_error *error)
{
    struct when when;
    struct value a, b = value_null;
    struct template_scope lenient = *scope;
    lenient.absent_is_null = true;
    *out = false;
    int err = when_parse(arena, text, &when, error);
    if (err != NDF_OK) return err;
    err = value_of_side(arena, &lenient, &when.left, &a, error);
    if (err == NDF_OK && when.op != WHEN_TRUE) {
        err = value_of_side(arena, &lenient, &when.right, &b, error);
    }
    if (err != NDF_OK) return err;
    if (when.op == WHEN_TRUE) {
        err = is_true(arena, &a, out);
    } else if (when.op == WHEN_EQ || when.op == WHEN_NE) {
        err = reconcile(arena, &a, &b);
        *out = value_equal(&a, &b) == (when.op == WHEN_EQ);
    } else {
        err = judge_order(arena, &when, &a, &b, out, error);
    }
    if (err == NDF_OK) *out = *out != when.negated;
    return err;
}
