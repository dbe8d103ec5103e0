#include "show.h"

void say(lines *t, const char *what, satama_view value)
{
    if (t->count == t->room) {
        satama_view *more = satama_alloc(t->arena, (t->room * 2 + 64) * sizeof *more);
        if (t->count > 0) memcpy(more, t->items, t->count * sizeof *more);
        t->items = more;
        t->room = t->room * 2 + 64;
    }
    t->items[t->count++] = satama_format(t->arena, "%s: %.*s", what, SATAMA_ARG(value));
}

void expect(satama_error error)
{
    if (error.code != SATAMA_OK) abort();
}

satama_view show_case(satama_arena *arena, const satama_error *error)
{
    switch (error->code) {
    case SATAMA_FAILED:
        return show_failure(arena, error->failure);
    case SATAMA_TOO_LARGE:
        return satama_format(arena, "too-large %llu", (unsigned long long)error->limit);
    case SATAMA_ILLEGAL:
        return satama_format(arena, "illegal %s", satama_status_name(error->status));
    case SATAMA_INVALID_JSON:
        if (error->text.ptr == NULL) return T("invalid-json");
        return satama_format(arena, "invalid-json \"%.*s\"", SATAMA_ARG(error->text));
    default:
        return T(satama_error_name(error->code));
    }
}

satama_view show_error(satama_arena *arena, const satama_error *error)
{
    satama_view shown = show_case(arena, error);
    return satama_format(arena, "error %.*s", SATAMA_ARG(shown));
}

satama_view show_failure(satama_arena *arena, const satama_failure *failure)
{
    return satama_format(arena, "failed \"%.*s\" \"%.*s\"%s", SATAMA_ARG(failure->code),
                         SATAMA_ARG(failure->message), failure->retry ? " retry" : "");
}

satama_view show_bool(bool value)
{
    return T(value ? "true" : "false");
}

satama_view show_integer(satama_arena *arena, int64_t value)
{
    return satama_format(arena, "%lld", (long long)value);
}

satama_view show_text(satama_arena *arena, satama_view text)
{
    return satama_format(arena, "\"%.*s\"", SATAMA_ARG(text));
}

satama_view show_maybe_text(satama_arena *arena, satama_maybe text)
{
    return text.has ? show_text(arena, text.value) : T("none");
}

satama_view show_bytes(satama_arena *arena, satama_view bytes)
{
    unsigned long long sum = 0;
    for (size_t at = 0; at < bytes.len; at++) sum += (unsigned char)bytes.ptr[at];
    return satama_format(arena, "bytes %zu %llu", bytes.len, sum);
}

satama_view show_maybe_bytes(satama_arena *arena, satama_maybe bytes)
{
    return bytes.has ? show_bytes(arena, bytes.value) : T("none");
}

satama_view show_maybe_json(satama_maybe json)
{
    return json.has ? json.value : T("none");
}

satama_view show_list(satama_arena *arena, const satama_view *shown, size_t count)
{
    size_t length = 2;
    for (size_t at = 0; at < count; at++) length += shown[at].len + 2;
    char *text = satama_alloc(arena, length);
    size_t used = 0;
    text[used++] = '[';
    for (size_t at = 0; at < count; at++) {
        if (at > 0) {
            memcpy(text + used, ", ", 2);
            used += 2;
        }
        memcpy(text + used, shown[at].ptr, shown[at].len);
        used += shown[at].len;
    }
    text[used++] = ']';
    return satama_bytes(text, used);
}

satama_view show_texts(satama_arena *arena, satama_views texts)
{
    satama_view *shown = satama_alloc(arena, texts.count * sizeof *shown);
    for (size_t at = 0; at < texts.count; at++) shown[at] = show_text(arena, texts.items[at]);
    return show_list(arena, shown, texts.count);
}

satama_view repeated(satama_arena *arena, char character, size_t count)
{
    char *text = satama_alloc(arena, count);
    memset(text, character, count);
    return satama_bytes(text, count);
}

satama_view json_text_of(satama_arena *arena, size_t count)
{
    char *text = satama_alloc(arena, count);
    memset(text, 'v', count);
    text[0] = text[count - 1] = '"';
    return satama_bytes(text, count);
}

satama_views views_of(const satama_view *items, size_t count)
{
    satama_views views = {items, count};
    return views;
}

int by_first_view(const void *one, const void *other)
{
    const satama_view *a = one;
    const satama_view *b = other;
    size_t shorter = a->len < b->len ? a->len : b->len;
    int order = shorter == 0 ? 0 : memcmp(a->ptr, b->ptr, shorter);
    if (order != 0) return order;
    return (a->len > b->len) - (a->len < b->len);
}

satama_view compact(satama_arena *arena, satama_view json)
{
    char *text = satama_alloc(arena, json.len);
    size_t used = 0;
    bool quoted = false;
    for (size_t at = 0; at < json.len; at++) {
        char c = json.ptr[at];
        if (!quoted && (c == ' ' || c == '\t' || c == '\n' || c == '\r')) continue;
        text[used++] = c;
        if (c == '"') quoted = !quoted;
        if (quoted && c == '\\') text[used++] = json.ptr[++at];
    }
    return satama_bytes(text, used);
}

satama_error names_visit(void *context, satama_view name)
{
    names *all = context;
    if (all->count == COUNT(all->items)) return satama_stop();
    all->items[all->count++] = satama_copy(all->arena, name);
    return satama_ok();
}
