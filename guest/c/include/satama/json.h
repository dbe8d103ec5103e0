/* The simple parts of JSON (RFC 8259): values are views of its text. For more, any library that
 * reads and writes text will do. */
#ifndef SATAMA_JSON_H
#define SATAMA_JSON_H

#include <satama/error.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Text as a JSON string, in its quotes. */
satama_view satama_json_of_text(satama_arena *arena, satama_view text);

/* The same of a C string. */
satama_view satama_json_of(satama_arena *arena, const char *text);

/* A number as JSON. */
satama_view satama_json_of_integer(satama_arena *arena, int64_t number);

/* Several JSON values as an array. */
satama_view satama_json_of_values(satama_arena *arena, satama_views values);

/* Whether it is one JSON value, nested at most 127 deep, and nothing else. */
bool satama_json_valid(satama_view json);

/* Reads a string. False if it is none; so with all that follow. */
bool satama_json_text(satama_arena *arena, satama_view json, satama_view *text);

/* Reads an integer, from -(2^53 - 1) to 2^53 - 1. */
bool satama_json_integer(satama_view json, int64_t *number);

/* Reads true or false. */
bool satama_json_bool(satama_view json, bool *value);

/* Whether it is null. */
bool satama_json_null(satama_view json);

/* Finds a member of an object. If there are several of one name, the last. */
bool satama_json_member(satama_view json, const char *name, satama_view *value);

/* Reads the values of an array. */
bool satama_json_items(satama_arena *arena, satama_view json, satama_views *items);

/* The failure of a body or function whose input is not what it takes: `invalid-input`, final. */
satama_error satama_invalid_input(satama_arena *arena, const char *expected);

/* The failure of a body that cannot read a result: `invalid-result`, final. */
satama_error satama_invalid_result(satama_arena *arena, const char *expected);

#ifdef __cplusplus
}
#endif

#endif
