/*
 * test_metrics.c - tests of base/metrics.
 */
#include "support/support.h"

int main(void)
{
    return 0;
}
