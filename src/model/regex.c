/*
 * regex.c - see regex.h.
 */
#define PCRE2_CODE_UNIT_WIDTH 8
#include "model/regex.h"

#include <pcre2.h>

#include "model/pattern.h"

enum { REGEX_TEXT_SIZE = 160 };

int regex_check(const struct value *value, const char *key, ndf_error *error)
{
    struct str text = value->string;
    if (text.size > PATTERN_REGEX_MAX)
        return err_at(error, NDF_ELIMIT, value->line, value->column,
            "'%s': a regular expression of %zu bytes is too long, at most %d",
            key, text.size, PATTERN_REGEX_MAX);
    int number = 0;
    PCRE2_SIZE offset = 0;
    pcre2_code *code = pcre2_compile((PCRE2_SPTR)text.at, text.size,
        PCRE2_UTF | PCRE2_UCP | PCRE2_NEVER_BACKSLASH_C, &number, &offset,
        NULL);
    if (code != NULL) {
        pcre2_code_free(code);
        return NDF_OK;
    }
    if (number == PCRE2_ERROR_HEAP_FAILED)
        return err_set(error, NDF_ENOMEM, "out of memory");
    PCRE2_UCHAR reason[REGEX_TEXT_SIZE] = "it does not compile";
    (void)pcre2_get_error_message(number, reason, sizeof reason);
    return err_at(error, NDF_ESCHEMA, value->line, value->column,
        "'%s': not a regular expression, at byte %zu of it: %s", key, offset,
        (const char *)reason);
}
