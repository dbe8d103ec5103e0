/* Arenas, and the allocator that the host uses. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "wire.h"

/* How much is asked for at once. Of what is larger, each has a chunk of its own. */
#ifndef SATAMA_CHUNK_BYTES
#define SATAMA_CHUNK_BYTES 4000
#endif

/* What every type is aligned to, as `malloc` does it. */
#define ALIGNMENT 16

struct satama_chunk {
    struct satama_chunk *older;
    /* How much is used of how much, in bytes. */
    size_t used;
    size_t size;
    _Alignas(ALIGNMENT) char bytes[];
};

struct satama_cleanup {
    struct satama_cleanup *older;
    /* One of these. */
    void (*run)(void *what);
    void (*drop)(uint32_t handle);
    void *what;
    uint32_t handle;
};

/* Where the host allocates at the moment; NULL while it calls an export. */
static satama_arena *entered;

static void *must(void *memory)
{
    if (memory == NULL) abort();
    return memory;
}

/* Bytes of an arena, whose content is anything. */
static void *take(satama_arena *arena, size_t size)
{
    if (size > SIZE_MAX / 2) abort();
    size = (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    struct satama_chunk *chunk = arena->chunks;
    if (chunk == NULL || size > chunk->size - chunk->used) {
        size_t room = size > SATAMA_CHUNK_BYTES ? size : SATAMA_CHUNK_BYTES;
        chunk = (struct satama_chunk *)must(malloc(sizeof *chunk + room));
        chunk->used = 0;
        chunk->size = room;
        if (arena->chunks != NULL && size > SATAMA_CHUNK_BYTES / 2) {
            /* The newest goes on to be filled. */
            chunk->older = arena->chunks->older;
            arena->chunks->older = chunk;
        } else {
            chunk->older = arena->chunks;
            arena->chunks = chunk;
        }
    }
    void *memory = chunk->bytes + chunk->used;
    chunk->used += size;
    return memory;
}

void satama_arena_free(satama_arena *arena)
{
    while (arena->cleanups != NULL) {
        struct satama_cleanup cleanup = *arena->cleanups;
        arena->cleanups = cleanup.older;
        if (cleanup.run != NULL) {
            cleanup.run(cleanup.what);
        } else {
            cleanup.drop(cleanup.handle);
        }
    }
    while (arena->chunks != NULL) {
        struct satama_chunk *chunk = arena->chunks;
        arena->chunks = chunk->older;
        free(chunk);
    }
}

void *satama_alloc(satama_arena *arena, size_t size)
{
    return memset(take(arena, size), 0, size);
}

satama_view satama_copy(satama_arena *arena, satama_view view)
{
    if (view.len == 0) return satama_text("");
    return satama_bytes(memcpy(take(arena, view.len), view.ptr, view.len), view.len);
}

char *satama_c_string(satama_arena *arena, satama_view view)
{
    char *text = (char *)take(arena, view.len + 1);
    if (view.len > 0) memcpy(text, view.ptr, view.len);
    text[view.len] = '\0';
    return text;
}

satama_view satama_format(satama_arena *arena, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    if (length < 0) abort();
    char *text = (char *)take(arena, (size_t)length + 1);
    va_start(arguments, format);
    vsnprintf(text, (size_t)length + 1, format, arguments);
    va_end(arguments);
    return satama_bytes(text, (size_t)length);
}

void satama_arena_enter(satama_arena *arena)
{
    entered = arena;
}

void satama_arena_leave(void)
{
    entered = NULL;
}

static struct satama_cleanup *cleanup(satama_arena *arena)
{
    struct satama_cleanup *made = satama_alloc(arena, sizeof *made);
    made->older = arena->cleanups;
    arena->cleanups = made;
    return made;
}

void satama_arena_own(satama_arena *arena, void (*drop)(uint32_t handle), uint32_t handle)
{
    struct satama_cleanup *made = cleanup(arena);
    made->drop = drop;
    made->handle = handle;
}

void satama_arena_defer(satama_arena *arena, void (*run)(void *what), void *what)
{
    struct satama_cleanup *made = cleanup(arena);
    made->run = run;
    made->what = what;
}

/* The host's allocator: of the arena that a call was given, or else of the heap, which is what the
 * bindings of exports free. It takes the place of theirs, which is weak. */
#ifdef __wasm__
__attribute__((__export_name__("cabi_realloc")))
#endif
void *cabi_realloc(void *old, size_t old_size, size_t align, size_t new_size);

void *cabi_realloc(void *old, size_t old_size, size_t align, size_t new_size)
{
    if (new_size == 0) return (void *)(uintptr_t)align;
    if (entered == NULL) return must(realloc(old_size == 0 ? NULL : old, new_size));
    void *memory = take(entered, new_size);
    if (old_size > 0) memcpy(memory, old, old_size < new_size ? old_size : new_size);
    return memory;
}
