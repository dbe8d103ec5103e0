/* Tests: a test is a function that checks things. */
#ifndef TEST_H
#define TEST_H

#include "host.h"

/* Notes a check that does not hold. */
void test_failed(const char *file, int line, const char *what);

#define CHECK_THAT(condition) \
    do { \
        if (!(condition)) test_failed(__FILE__, __LINE__, #condition); \
    } while (0)

/* That a view is a text; says what it is otherwise. */
#define IS(view, text) test_is(__FILE__, __LINE__, view, text)
void test_is(const char *file, int line, satama_view view, const char *text);

/* That the host was asked for this. */
#define ASKED(text) IS(satama_text(host.asked), text)

void arena_tests(void);
void service_tests(void);
void json_tests(void);
void step_tests(void);
void saga_tests(void);
void handler_tests(void);

#endif
