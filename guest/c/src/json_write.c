/* Writing JSON. */
#include <satama/json.h>

/* Writes one byte of a string as JSON has it. How many bytes it is. */
static size_t escape(char c, char *out)
{
    static const char named[] = "\"\\\b\f\n\r\t";
    static const char names[] = "\"\\bfnrt";
    static const char digits[] = "0123456789abcdef";
    const char *found = c == '\0' ? NULL : strchr(named, c);
    if (found != NULL) {
        out[0] = '\\';
        out[1] = names[found - named];
        return 2;
    }
    if ((unsigned char)c < 0x20) {
        memcpy(out, "\\u00", 4);
        out[4] = digits[c >> 4];
        out[5] = digits[c & 15];
        return 6;
    }
    out[0] = c;
    return 1;
}

satama_view satama_json_of_text(satama_arena *arena, satama_view text)
{
    char made[6];
    size_t length = 2;
    text = satama_utf8(arena, text);
    for (size_t at = 0; at < text.len; at++) length += escape(text.ptr[at], made);
    char *json = satama_alloc(arena, length);
    char *out = json;
    *out++ = '"';
    for (size_t at = 0; at < text.len; at++) {
        size_t bytes = escape(text.ptr[at], made);
        memcpy(out, made, bytes);
        out += bytes;
    }
    *out = '"';
    return satama_bytes(json, length);
}

satama_view satama_json_of(satama_arena *arena, const char *text)
{
    return satama_json_of_text(arena, satama_text(text));
}

satama_view satama_json_of_integer(satama_arena *arena, int64_t number)
{
    return satama_format(arena, "%lld", (long long)number);
}

satama_view satama_json_of_values(satama_arena *arena, satama_views values)
{
    size_t length = 2;
    for (size_t at = 0; at < values.count; at++) length += values.items[at].len + 1;
    char *json = satama_alloc(arena, length);
    size_t count = 0;
    json[count++] = '[';
    for (size_t at = 0; at < values.count; at++) {
        if (at > 0) json[count++] = ',';
        if (values.items[at].len > 0) {
            memcpy(json + count, values.items[at].ptr, values.items[at].len);
        }
        count += values.items[at].len;
    }
    json[count++] = ']';
    return satama_bytes(json, count);
}

satama_error satama_invalid_input(satama_arena *arena, const char *expected)
{
    return satama_fatal(arena, "invalid-input",
                        satama_format(arena, "the input is not %s", expected));
}

satama_error satama_invalid_result(satama_arena *arena, const char *expected)
{
    return satama_fatal(arena, "invalid-result",
                        satama_format(arena, "the result is not %s", expected));
}
