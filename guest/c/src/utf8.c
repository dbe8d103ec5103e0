/* Text that is UTF-8. */
#include <satama/arena.h>

/* U+FFFD, which stands for what is no character. */
static const char REPLACEMENT[] = "\xef\xbf\xbd";

/* How long the character at `text` is, or 0 if there is none (RFC 3629, 4). */
static size_t character(const unsigned char *text, size_t left)
{
    unsigned char first = text[0];
    if (first < 0x80) return 1;
    if (first < 0xc2 || first > 0xf4) return 0;
    size_t length = first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
    if (length > left) return 0;
    for (size_t at = 1; at < length; at++) {
        if ((text[at] & 0xc0) != 0x80) return 0;
    }
    /* Not the shortest form, half of a surrogate pair, or above U+10FFFF. */
    if (first == 0xe0 && text[1] < 0xa0) return 0;
    if (first == 0xed && text[1] > 0x9f) return 0;
    if (first == 0xf0 && text[1] < 0x90) return 0;
    if (first == 0xf4 && text[1] > 0x8f) return 0;
    return length;
}

satama_view satama_utf8(satama_arena *arena, satama_view text)
{
    const unsigned char *bytes = (const unsigned char *)text.ptr;
    size_t wrong = 0;
    for (size_t at = 0; at < text.len;) {
        size_t length = character(bytes + at, text.len - at);
        wrong += length == 0;
        at += length == 0 ? 1 : length;
    }
    if (wrong == 0) return text;
    satama_view made = {satama_alloc(arena, text.len + 2 * wrong), 0};
    char *out = (char *)(uintptr_t)made.ptr;
    for (size_t at = 0; at < text.len;) {
        size_t length = character(bytes + at, text.len - at);
        memcpy(out + made.len, length == 0 ? REPLACEMENT : text.ptr + at, length == 0 ? 3 : length);
        made.len += length == 0 ? 3 : length;
        at += length == 0 ? 1 : length;
    }
    return made;
}
