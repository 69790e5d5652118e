/*
 * test_str.c - tests of base/str.
 */
#include "support/support.h"

int main(void)
{
    return 0;
}
