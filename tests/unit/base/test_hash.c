/*
 * test_hash.c - tests of base/hash.
 */
#include "support/support.h"

int main(void)
{
    return 0;
}
