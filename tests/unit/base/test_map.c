/*
 * test_map.c - tests of base/map.
 */
#include "support/support.h"

int main(void)
{
    return 0;
}
