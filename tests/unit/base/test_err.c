/*
 * test_err.c - tests of base/err.
 */
#include "support/support.h"

int main(void)
{
    return 0;
}
