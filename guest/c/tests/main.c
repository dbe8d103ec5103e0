#include "test.h"

static int failures;

void test_failed(const char *file, int line, const char *what)
{
    fprintf(stderr, "%s:%d: %s\n", file, line, what);
    failures++;
}

void test_is(const char *file, int line, satama_view view, const char *text)
{
    if (satama_is(view, text)) return;
    fprintf(stderr, "%s:%d: \"%.*s\" is not \"%s\"\n", file, line, SATAMA_ARG(view), text);
    failures++;
}

int main(void)
{
    arena_tests();
    service_tests();
    json_tests();
    step_tests();
    saga_tests();
    handler_tests();
    if (failures == 0) puts("all tests passed");
    return failures == 0 ? 0 : 1;
}
