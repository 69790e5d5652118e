/* test_median.c - one line a case: `ok` or `FAILED`; exit status 1 when one
 * failed. */
#include <stdio.h>

#include "median.h"

static int failed;

static void expect(const char *name, double got, double wanted)
{
    if (got == wanted) {
        printf("ok     %s\n", name);
        return;
    }
    printf("FAILED %s: got %g, wanted %g\n", name, got, wanted);
    failed = 1;
}

int main(void)
{
    double one[] = {7};
    expect("of one value it is that value", median_of(one, 1), 7);
    double odd[] = {9, 1, 5};
    expect("of three it is the middle one", median_of(odd, 3), 5);
    double even[] = {4, 1, 3, 2};
    expect("of four it is the mean of the middle two", median_of(even, 4), 2.5);
    double same[] = {6, 6};
    expect("of equal values it is that value", median_of(same, 2), 6);
    return failed;
}
