/* How the SDK calls its host. Not for others.
 *
 * A call is a WebAssembly import whose arguments are flat, as the canonical ABI says: a string is
 * a pointer and a length, an option a flag and its value, and beyond sixteen all is in memory. Its
 * answer is written to memory, in the layout that C has for the same structs. So nothing is
 * decoded: the public types are what the host writes. A test compares them with wit-bindgen's. */
#ifndef SATAMA_WIRE_H
#define SATAMA_WIRE_H

#include <satama/error.h>

/* Elsewhere these functions are a test's, which need not have those that it does not call. */
#ifdef __wasm__
#define WIT(interface, function) \
    __attribute__((__import_module__("satama:services/" interface "@0.1.0"), \
                   __import_name__(function))) extern
#else
#define WIT(interface, function) __attribute__((__weak__)) extern
#endif

/* An error of any interface: which case it is, and what that carries. */
typedef struct satama_wire_error {
    uint8_t tag;
    union {
        uint64_t limit;
        satama_view text;
        satama_status status;
    } carries;
} satama_wire_error;

/* The cases of one interface's errors, in their order. */
typedef struct satama_error_cases {
    /* Whose payload is a text, if any is. */
    satama_code text;
    bool of_workflow;
    uint8_t count;
    satama_code codes[9];
} satama_error_cases;

/* What a call writes: a result, or an error. */
#define ANSWER(type) \
    struct { \
        bool is_error; \
        union { \
            type ok; \
            satama_wire_error error; \
        } value; \
    }

/* What a call without a result writes. */
typedef struct satama_no_answer {
    bool is_error;
    union {
        satama_wire_error error;
    } value;
} satama_no_answer;

/* Calls the host. What it allocates meanwhile lives in the arena. */
#define CALL(arena, call) \
    do { \
        satama_arena_enter(arena); \
        call; \
        satama_arena_leave(); \
    } while (0)

/* Returns the error of an answer, if it is one. */
#define CHECK(answer, cases) \
    do { \
        if ((answer).is_error) return satama_raise(&(answer).value.error, &(cases)); \
    } while (0)

/* Returns from a function with what was answered. */
#define GIVE(answer, cases, out) \
    do { \
        CHECK(answer, cases); \
        if ((out) != NULL) *(out) = (answer).value.ok; \
        return satama_ok(); \
    } while (0)

/* The same for a handle, which is closed with the arena. */
#define GIVE_HANDLE(arena, answer, cases, out, drop) \
    do { \
        CHECK(answer, cases); \
        satama_arena_own(arena, drop, (answer).value.ok.handle); \
        if ((out) != NULL) *(out) = (answer).value.ok; \
        return satama_ok(); \
    } while (0)

/* The three parts of an option, flat. */
#define MAYBE(maybe) (maybe).has, (maybe).value.ptr, (maybe).value.len

/* Most items of a page: of the lists of channels, members, names and users; and of runs. */
#define PAGE_MAX 1000
#define RUN_PAGE_MAX 100

/* How often a compare-and-set is tried. Each lost race is another writer's success. */
#define TRIES_MAX 32

/* Has what the host allocates live in an arena, until `satama_arena_leave`. */
void satama_arena_enter(satama_arena *arena);
void satama_arena_leave(void);

/* Has a handle closed when the arena is freed. */
void satama_arena_own(satama_arena *arena, void (*drop)(uint32_t handle), uint32_t handle);

/* Has something done when the arena is freed. */
void satama_arena_defer(satama_arena *arena, void (*run)(void *what), void *what);

/* What an error of the host is here. */
satama_error satama_raise(const satama_wire_error *error, const satama_error_cases *cases);

/* The same error, all of which lives in an arena. */
satama_error satama_error_keep(satama_arena *arena, satama_error error);

/* A copy of a failure that lives in an arena. */
const satama_failure *satama_failure_keep(satama_arena *arena, const satama_failure *failure);

/* The cases that `secret`, `secret-use`, `secret-reveal` and `credential` share. */
extern const satama_error_cases satama_secret_errors;

/* Closes a secret. */
void satama_secret_drop(uint32_t handle);

#endif
