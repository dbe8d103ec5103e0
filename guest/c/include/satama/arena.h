/* Arenas: where everything that the SDK gives out lives, and the one way to free it. */
#ifndef SATAMA_ARENA_H
#define SATAMA_ARENA_H

#include <satama/types.h>

#ifdef __cplusplus
extern "C" {
#endif

struct satama_chunk;
struct satama_cleanup;

/* Memory and handles that are freed together. Begins empty: `satama_arena arena = {0};`, or
 * `SATAMA_ARENA(arena);`. A loop that makes much has one of its own inside. */
typedef struct satama_arena {
    struct satama_chunk *chunks;
    struct satama_cleanup *cleanups;
} satama_arena;

/* Closes what was opened in an arena, the newest first, and frees what lives in it. It is empty
 * then, and may be used again; freeing it twice does nothing. */
void satama_arena_free(satama_arena *arena);

/* An empty arena that is freed where its block ends, however that is left. */
#define SATAMA_ARENA(name) \
    satama_arena name __attribute__((__cleanup__(satama_arena_free))) = {NULL, NULL}

/* `size` bytes of zeros that live in an arena, aligned for any type. The component traps if there
 * is no memory left: none of what calls this has to ask. */
void *satama_alloc(satama_arena *arena, size_t size);

/* A copy that lives in an arena. */
satama_view satama_copy(satama_arena *arena, satama_view view);

/* The same text if it is UTF-8, as all text that the host is given has to be; otherwise a copy with
 * U+FFFD for each byte that is part of no character. */
satama_view satama_utf8(satama_arena *arena, satama_view text);

/* A copy that is a C string. If the view holds a NUL, it ends there for who reads it so. */
char *satama_c_string(satama_arena *arena, satama_view view);

/* What `printf` would write, as text that lives in an arena. */
__attribute__((__format__(__printf__, 2, 3))) satama_view satama_format(satama_arena *arena,
                                                                         const char *format, ...);

#ifdef __cplusplus
}
#endif

#endif
