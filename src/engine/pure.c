/*
 * pure.c - public questions that need no engine.
 */
#include "ndf/ndf.h"

#include "decide/success.h"
#include "model/context.h"
#include "model/glob.h"

int ndf_domain_matches(const char *glob, const char *domain)
{
    if (glob == NULL || domain == NULL) return NDF_EINVAL;
    struct str wanted = str_of(glob), name = str_of(domain);
    if (!glob_valid(wanted) || !context_domain_valid(name)) return NDF_EINVAL;
    return glob_match(wanted, name) ? 1 : 0;
}

int ndf_success(double wins, double tries, double *mean, double *lower)
{
    struct success_counts counts = {
        .pattern = {.wins = wins, .tries = tries, .count = 0}};
    *mean = 0;
    *lower = 0;
    if (!tally_valid(&counts.pattern)) return NDF_EINVAL;
    struct success success = success_estimate(&counts, 0, 0);
    *mean = success.mean;
    *lower = success_lower(&success);
    return NDF_OK;
}
