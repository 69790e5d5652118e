/*
 * glob.c - see glob.h. Both sides are walked segment by segment, once.
 */
#include "model/glob.h"

static bool segment_byte(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           (c >= '0' && c <= '9') || c == '_' || c == '-';
}

static bool is_plain(struct str segment)
{
    for (size_t i = 0; i < segment.size; i++) {
        if (!segment_byte(segment.at[i])) return false;
    }
    return segment.size > 0;
}

bool glob_valid(struct str glob)
{
    struct str rest = glob;
    struct str segment;
    bool last = false;
    if (glob.size == 0) return false;
    while (str_split(&rest, '.', &segment)) {
        if (last) return false;
        last = str_equal(segment, STR("**"));
        if (!last && !str_equal(segment, STR("*")) && !is_plain(segment))
            return false;
    }
    return true;
}

bool glob_match(struct str glob, struct str domain)
{
    struct str globs = glob;
    struct str places = domain;
    struct str segment;
    struct str place;
    while (str_split(&globs, '.', &segment)) {
        if (str_equal(segment, STR("**"))) return true;
        if (!str_split(&places, '.', &place)) return false;
        if (!str_equal(segment, STR("*")) && !str_equal(segment, place))
            return false;
    }
    return !str_split(&places, '.', &place);
}
