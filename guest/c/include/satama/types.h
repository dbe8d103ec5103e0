/* Text, bytes, and what may be missing: the values that all interfaces share. */
#ifndef SATAMA_TYPES_H
#define SATAMA_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Text (UTF-8) or bytes, somewhere else. Not ended by a NUL, and may hold some. If it is empty,
 * its pointer is NULL or points to somewhere all the same. */
typedef struct satama_view {
    const char *ptr;
    size_t len;
} satama_view;

/* Text or bytes that may be missing: the value means something only if `has` is set. */
typedef struct satama_maybe {
    bool has;
    satama_view value;
} satama_maybe;

/* Numbers that may be missing, likewise. */
typedef struct satama_maybe_u64 {
    bool has;
    uint64_t value;
} satama_maybe_u64;

typedef struct satama_maybe_u32 {
    bool has;
    uint32_t value;
} satama_maybe_u32;

typedef struct satama_maybe_u8 {
    bool has;
    uint8_t value;
} satama_maybe_u8;

/* Several views. */
typedef struct satama_views {
    const satama_view *items;
    size_t count;
} satama_views;

/* Several views, each of which may be missing. */
typedef struct satama_maybes {
    const satama_maybe *items;
    size_t count;
} satama_maybes;

/* Several numbers. */
typedef struct satama_u64s {
    const uint64_t *items;
    size_t count;
} satama_u64s;

/* What is sent to a channel, or published: text, or any bytes. At most 64 KiB. */
typedef struct satama_message {
    bool binary;
    satama_view data;
} satama_message;

/* What became of a compare-and-set. */
typedef struct satama_swap {
    /* Nothing was written, for the version was another: this one. */
    bool stale;
    /* The version that it has now. */
    uint64_t version;
} satama_swap;

/* The view of a C string, which has to live as long as the view. Of NULL an empty one. */
static inline satama_view satama_text(const char *text)
{
    satama_view view = {text, text == NULL ? 0 : strlen(text)};
    return view;
}

/* The view of `len` bytes at `ptr`. */
static inline satama_view satama_bytes(const void *ptr, size_t len)
{
    satama_view view = {(const char *)ptr, len};
    return view;
}

/* None. */
static inline satama_maybe satama_none(void)
{
    satama_maybe none = {false, {NULL, 0}};
    return none;
}

/* A view that is there. */
static inline satama_maybe satama_some(satama_view value)
{
    satama_maybe some = {true, value};
    return some;
}

/* A C string that is there; of NULL, none. */
static inline satama_maybe satama_some_text(const char *text)
{
    return text == NULL ? satama_none() : satama_some(satama_text(text));
}

/* No number. */
static inline satama_maybe_u64 satama_none_u64(void)
{
    satama_maybe_u64 none = {false, 0};
    return none;
}

/* A number that is there. */
static inline satama_maybe_u64 satama_some_u64(uint64_t value)
{
    satama_maybe_u64 some = {true, value};
    return some;
}

/* A small number that is there. */
static inline satama_maybe_u32 satama_some_u32(uint32_t value)
{
    satama_maybe_u32 some = {true, value};
    return some;
}

/* A priority, for one, that is there. */
static inline satama_maybe_u8 satama_some_u8(uint8_t value)
{
    satama_maybe_u8 some = {true, value};
    return some;
}

/* Whether both have the same bytes. */
static inline bool satama_same(satama_view one, satama_view other)
{
    return one.len == other.len && (one.len == 0 || memcmp(one.ptr, other.ptr, one.len) == 0);
}

/* Whether it has the bytes of a C string. */
static inline bool satama_is(satama_view view, const char *text)
{
    return satama_same(view, satama_text(text));
}

/* A message of text, which has to live as long as the message. */
static inline satama_message satama_text_message(const char *text)
{
    satama_message message = {false, satama_text(text)};
    return message;
}

/* For a `%.*s` of `printf`: the length and the pointer of a view. It ends at a NUL within. */
#define SATAMA_ARG(view) (int)(view).len, (view).len == 0 ? "" : (view).ptr

#ifdef __cplusplus
}
#endif

#endif
