/* JSON: what is read, and what is not. */
#include "test.h"

static void texts_are_read(void)
{
    SATAMA_ARENA(arena);
    static const char *const good[][2] = {
        {"\"\"", ""},
        {" \"a\" ", "a"},
        {"\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\/\b\f\n\r\t"},
        {"\"\\u00e4\\u20ac\\ud83d\\ude00\\u0041\"", "ä€😀A"},
        {"\"ä€😀\"", "ä€😀"},
        /* Half of a surrogate pair, also before what is not the other half. */
        {"\"\\ud800\"", "\xef\xbf\xbd"},
        {"\"\\udc00!\"", "\xef\xbf\xbd!"},
        {"\"\\ud800\\u0041\"", "\xef\xbf\xbd" "A"},
        {"\"\\ud800\\ud83d\\ude00\"", "\xef\xbf\xbd😀"},
        {"\"\\ud800\\n\"", "\xef\xbf\xbd\n"},
    };
    static const char *const bad[] = {"",         "a",     "\"",   "\"a", "\"a\" b",        "\"\\x\"",
                                      "\"\\u12\"", "\"\n\"", "\"\\", "1",   "null",          "\"\\ud800",
                                      "\"\\ud800\\u12\""};
    satama_view text;
    for (size_t at = 0; at < sizeof good / sizeof good[0]; at++) {
        CHECK_THAT(satama_json_text(&arena, satama_text(good[at][0]), &text));
        IS(text, good[at][1]);
    }
    for (size_t at = 0; at < sizeof bad / sizeof bad[0]; at++) {
        CHECK_THAT(!satama_json_text(&arena, satama_text(bad[at]), &text));
    }
}

static void texts_are_written_as_they_are_read(void)
{
    SATAMA_ARENA(arena);
    char all[128];
    for (int at = 0; at < 128; at++) all[at] = (char)at;
    satama_view back;
    satama_view json = satama_json_of_text(&arena, satama_bytes(all, sizeof all));
    CHECK_THAT(satama_json_text(&arena, json, &back));
    CHECK_THAT(satama_same(back, satama_bytes(all, sizeof all)));
    IS(satama_json_of(&arena, "ä\n\x01"), "\"ä\\n\\u0001\"");
    IS(satama_json_of(&arena, ""), "\"\"");
}

static void integers_are_exact(void)
{
    int64_t number = 0;
    CHECK_THAT(satama_json_integer(satama_text(" 9007199254740991 "), &number));
    CHECK_THAT(number == 9007199254740991);
    CHECK_THAT(satama_json_integer(satama_text("-9007199254740991"), &number));
    CHECK_THAT(number == -9007199254740991);
    CHECK_THAT(satama_json_integer(satama_text("0"), &number) && number == 0);
    static const char *const bad[] = {"",   "-",   "9007199254740992", "99999999999999999999",
                                      "01", "1.0", "1e2",              "+1",
                                      "1 2"};
    for (size_t at = 0; at < sizeof bad / sizeof bad[0]; at++) {
        CHECK_THAT(!satama_json_integer(satama_text(bad[at]), &number));
    }
}

static void values_are_valid_or_not(void)
{
    SATAMA_ARENA(arena);
    static const char *const good[] = {"null",  "true",   "[]",          "{}",
                                       "[1,2]", "-0.5e+1", "{\"a\":[{}]}", " [ 1 , \"a\" ] "};
    static const char *const bad[] = {"",       "nul",     "[",        "[1,]",   "{\"a\"}",
                                      "{a:1}",  "[1 2]",   "1.",       "01",     "--1",
                                      "{}{}",   "\"",      "{\"a\":}", "[1}",    "1e",
                                      "{1:1}",  "truefalse"};
    for (size_t at = 0; at < sizeof good / sizeof good[0]; at++) {
        CHECK_THAT(satama_json_valid(satama_text(good[at])));
    }
    for (size_t at = 0; at < sizeof bad / sizeof bad[0]; at++) {
        CHECK_THAT(!satama_json_valid(satama_text(bad[at])));
    }
    char *deep = satama_alloc(&arena, 256);
    memset(deep, '[', 128);
    memset(deep + 128, ']', 128);
    CHECK_THAT(!satama_json_valid(satama_bytes(deep, 256)));
    CHECK_THAT(satama_json_valid(satama_bytes(deep + 1, 254)));
}

static void parts_are_found(void)
{
    SATAMA_ARENA(arena);
    satama_view value;
    satama_views items;
    bool yes = false;
    satama_view json = satama_text("{\"a\" : [1, {\"b\": 2}], \"\\u0062\": true, \"a\": null}");
    CHECK_THAT(satama_json_member(json, "b", &value));
    CHECK_THAT(satama_json_bool(value, &yes) && yes);
    CHECK_THAT(satama_json_member(json, "a", &value) && satama_json_null(value));
    CHECK_THAT(!satama_json_member(json, "c", &value));
    CHECK_THAT(!satama_json_member(satama_text("{}"), "a", &value));
    CHECK_THAT(!satama_json_member(satama_text("[1]"), "a", &value));
    json = satama_text("[1, \"a,]\" , [2,3], {} ]");
    CHECK_THAT(satama_json_items(&arena, json, &items));
    CHECK_THAT(items.count == 4);
    IS(items.items[1], "\"a,]\"");
    IS(items.items[2], "[2,3]");
    IS(satama_json_of_values(&arena, items), "[1,\"a,]\",[2,3],{}]");
    CHECK_THAT(satama_json_items(&arena, satama_text("[]"), &items) && items.count == 0);
    CHECK_THAT(!satama_json_items(&arena, satama_text("{}"), &items));
}

void json_tests(void)
{
    texts_are_read();
    texts_are_written_as_they_are_read();
    integers_are_exact();
    values_are_valid_or_not();
    parts_are_found();
}
