/* Reading JSON, without making anything of it but what is asked for. RFC 8259. */
#include <stdlib.h>

#include <satama/json.h>

/* How deep the host's interfaces take it. */
#define DEPTH_MAX 127

/* What every language has exactly: RFC 7493, 2.2. */
#define INTEGER_MAX ((int64_t)9007199254740991)

/* What stands for what is no character. */
#define REPLACEMENT ((uint32_t)0xfffd)

/* Where a reader is. */
typedef struct reader {
    const char *at;
    const char *end;
} reader;

static reader read_of(satama_view json)
{
    reader from = {json.ptr, json.len == 0 ? json.ptr : json.ptr + json.len};
    return from;
}

static void skip_space(reader *from)
{
    while (from->at < from->end && strchr(" \t\n\r", *from->at) != NULL && *from->at != '\0') {
        from->at++;
    }
}

/* Whether the next character is this one, which is then read. */
static bool next_is(reader *from, char character)
{
    if (from->at >= from->end || *from->at != character) return false;
    from->at++;
    return true;
}

static bool skip_literal(reader *from, const char *text)
{
    size_t length = strlen(text);
    if ((size_t)(from->end - from->at) < length || memcmp(from->at, text, length) != 0) {
        return false;
    }
    from->at += length;
    return true;
}

static bool skip_digits(reader *from)
{
    const char *first = from->at;
    while (from->at < from->end && *from->at >= '0' && *from->at <= '9') from->at++;
    return from->at > first;
}

static bool skip_number(reader *from)
{
    next_is(from, '-');
    if (!next_is(from, '0') && !skip_digits(from)) return false;
    if (next_is(from, '.') && !skip_digits(from)) return false;
    if (next_is(from, 'e') || next_is(from, 'E')) {
        if (!next_is(from, '+')) next_is(from, '-');
        return skip_digits(from);
    }
    return true;
}

/* The value of four hexadecimal digits, or -1. */
static int hexadecimal(reader *from)
{
    int value = 0;
    for (int digit = 0; digit < 4; digit++, from->at++) {
        if (from->at >= from->end) return -1;
        char c = *from->at;
        if (c >= '0' && c <= '9') {
            value = value * 16 + (c - '0');
        } else if ((c | 32) >= 'a' && (c | 32) <= 'f') {
            value = value * 16 + ((c | 32) - 'a' + 10);
        } else {
            return -1;
        }
    }
    return value;
}

/* Writes a character as UTF-8: RFC 3629. How many bytes it is. */
static size_t encode(uint32_t point, char *out)
{
    if (point < 0x80) {
        out[0] = (char)point;
        return 1;
    }
    if (point < 0x800) {
        out[0] = (char)(0xc0 | point >> 6);
        out[1] = (char)(0x80 | (point & 0x3f));
        return 2;
    }
    if (point < 0x10000) {
        out[0] = (char)(0xe0 | point >> 12);
        out[1] = (char)(0x80 | (point >> 6 & 0x3f));
        out[2] = (char)(0x80 | (point & 0x3f));
        return 3;
    }
    out[0] = (char)(0xf0 | point >> 18);
    out[1] = (char)(0x80 | (point >> 12 & 0x3f));
    out[2] = (char)(0x80 | (point >> 6 & 0x3f));
    out[3] = (char)(0x80 | (point & 0x3f));
    return 4;
}

/* Reads what follows `\u`, with the other half of a surrogate pair. How many bytes it is; none if
 * it is no escape. Half of a pair alone is U+FFFD: RFC 8259 (8.2) has it as JSON. */
static size_t read_unicode(reader *from, char *out)
{
    int point = hexadecimal(from);
    if (point < 0) return 0;
    if (point < 0xd800 || point >= 0xe000) return encode((uint32_t)point, out);
    reader after = *from;
    if (point < 0xdc00 && skip_literal(&after, "\\u")) {
        int low = hexadecimal(&after);
        if (low >= 0xdc00 && low < 0xe000) {
            *from = after;
            uint32_t high = (uint32_t)(point - 0xd800);
            return encode(0x10000 + (high << 10) + (uint32_t)(low - 0xdc00), out);
        }
    }
    return encode(REPLACEMENT, out);
}

/* Reads what follows a backslash, likewise. */
static size_t read_escape(reader *from, char *out)
{
    static const char names[] = "\"\\/bfnrt";
    static const char values[] = "\"\\/\b\f\n\r\t";
    if (from->at >= from->end) return 0;
    char name = *from->at++;
    if (name == 'u') return read_unicode(from, out);
    const char *found = name == '\0' ? NULL : strchr(names, name);
    if (found == NULL) return 0;
    out[0] = values[found - names];
    return 1;
}

/* Reads a string into `out`, which has room for as many bytes as it is written with, or is NULL. */
static bool read_string(reader *from, char *out, size_t *length)
{
    size_t count = 0;
    if (!next_is(from, '"')) return false;
    while (from->at < from->end && *from->at != '"') {
        char made[4];
        size_t bytes = 1;
        made[0] = *from->at++;
        if ((unsigned char)made[0] < 0x20) return false;
        if (made[0] == '\\') bytes = read_escape(from, made);
        if (bytes == 0) return false;
        if (out != NULL) memcpy(out + count, made, bytes);
        count += bytes;
    }
    if (length != NULL) *length = count;
    return next_is(from, '"');
}

static bool skip_value(reader *from, int depth);

/* Skips the rest of an array, or of an object, whose first character was read. */
static bool skip_parts(reader *from, char close, int depth)
{
    if (depth > DEPTH_MAX) return false;
    skip_space(from);
    if (next_is(from, close)) return true;
    do {
        skip_space(from);
        if (close == '}') {
            if (!read_string(from, NULL, NULL)) return false;
            skip_space(from);
            if (!next_is(from, ':')) return false;
        }
        if (!skip_value(from, depth)) return false;
        skip_space(from);
    } while (next_is(from, ','));
    return next_is(from, close);
}

static bool skip_value(reader *from, int depth)
{
    skip_space(from);
    if (from->at >= from->end) return false;
    switch (*from->at) {
    case '"':
        return read_string(from, NULL, NULL);
    case '[':
        from->at++;
        return skip_parts(from, ']', depth + 1);
    case '{':
        from->at++;
        return skip_parts(from, '}', depth + 1);
    case 't':
        return skip_literal(from, "true");
    case 'f':
        return skip_literal(from, "false");
    case 'n':
        return skip_literal(from, "null");
    default:
        return skip_number(from);
    }
}

/* Whether nothing but space is left. */
static bool at_end(reader *from)
{
    skip_space(from);
    return from->at == from->end;
}

/* Without the space around it. */
static satama_view trimmed(satama_view json)
{
    reader from = read_of(json);
    skip_space(&from);
    const char *end = from.end;
    while (end > from.at && end[-1] != '\0' && strchr(" \t\n\r", end[-1]) != NULL) end--;
    return satama_bytes(from.at, (size_t)(end - from.at));
}

bool satama_json_valid(satama_view json)
{
    reader from = read_of(json);
    return skip_value(&from, 0) && at_end(&from);
}

bool satama_json_text(satama_arena *arena, satama_view json, satama_view *text)
{
    reader from = read_of(json);
    skip_space(&from);
    if (from.at >= from.end || *from.at != '"') return false;
    char *out = satama_alloc(arena, (size_t)(from.end - from.at));
    size_t length;
    if (!read_string(&from, out, &length) || !at_end(&from)) return false;
    *text = satama_bytes(out, length);
    return true;
}

bool satama_json_integer(satama_view json, int64_t *number)
{
    json = trimmed(json);
    reader from = read_of(json);
    bool negative = next_is(&from, '-');
    const char *first = from.at;
    if (!skip_digits(&from) || from.at != from.end) return false;
    if (from.at - first > 16 || (*first == '0' && from.at - first > 1)) return false;
    int64_t value = 0;
    for (const char *at = first; at < from.at; at++) value = value * 10 + (*at - '0');
    if (value > INTEGER_MAX) return false;
    *number = negative ? -value : value;
    return true;
}

bool satama_json_bool(satama_view json, bool *value)
{
    json = trimmed(json);
    bool is = satama_is(json, "true");
    if (!is && !satama_is(json, "false")) return false;
    *value = is;
    return true;
}

bool satama_json_null(satama_view json)
{
    return satama_is(trimmed(json), "null");
}

bool satama_json_member(satama_view json, const char *name, satama_view *value)
{
    if (!satama_json_valid(json)) return false;
    reader from = read_of(json);
    skip_space(&from);
    if (!next_is(&from, '{')) return false;
    skip_space(&from);
    if (next_is(&from, '}')) return false;
    SATAMA_ARENA(arena);
    bool found = false;
    do {
        skip_space(&from);
        const char *key = from.at;
        satama_view text = {NULL, 0};
        (void)read_string(&from, NULL, NULL);
        (void)satama_json_text(&arena, satama_bytes(key, (size_t)(from.at - key)), &text);
        skip_space(&from);
        (void)next_is(&from, ':');
        skip_space(&from);
        const char *first = from.at;
        (void)skip_value(&from, 0);
        if (satama_is(text, name)) {
            *value = satama_bytes(first, (size_t)(from.at - first));
            found = true;
        }
        skip_space(&from);
    } while (next_is(&from, ','));
    return found;
}

bool satama_json_items(satama_arena *arena, satama_view json, satama_views *items)
{
    if (!satama_json_valid(json)) return false;
    reader from = read_of(json);
    skip_space(&from);
    if (!next_is(&from, '[')) return false;
    reader counted = from;
    size_t count = 0;
    skip_space(&counted);
    while (counted.at < counted.end && *counted.at != ']') {
        (void)skip_value(&counted, 0);
        skip_space(&counted);
        (void)next_is(&counted, ',');
        count++;
    }
    satama_view *made = satama_alloc(arena, count * sizeof *made);
    for (size_t at = 0; at < count; at++) {
        skip_space(&from);
        const char *first = from.at;
        (void)skip_value(&from, 0);
        made[at] = satama_bytes(first, (size_t)(from.at - first));
        skip_space(&from);
        (void)next_is(&from, ',');
    }
    items->items = made;
    items->count = count;
    return true;
}
