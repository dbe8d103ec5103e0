#include <stdio.h>

#include <satama.h>

#include "plugin.h"

/* A day. */
#define DAY_MS (24ull * 60 * 60 * 1000)

/* Counts one more greeting. */
static satama_error count(satama_arena *arena, int64_t *times)
{
    satama_bucket bucket;
    SATAMA_TRY(satama_cache_open(arena, satama_text("greetings"), &bucket));
    return satama_cache_add(arena, bucket, satama_text("all"), 1, satama_cache_ttl_of(DAY_MS),
                            times);
}

/* The function `greet` of wit/world.wit, as the bindings of that have it: true is its result. */
bool exports_plugin_greet(plugin_string_t *name, plugin_string_t *greeting, plugin_string_t *why)
{
    SATAMA_ARENA(arena);
    satama_view who = satama_bytes(name->ptr, name->len);
    int64_t times;
    satama_error error = count(&arena, &times);
    if (error.code == SATAMA_OK) {
        satama_view text = satama_format(&arena, "Hello, %.*s! Greeted so far: %lld",
                                         SATAMA_ARG(who), (long long)times);
        plugin_string_dup_n(greeting, text.ptr, text.len);
    } else {
        plugin_string_dup(why, satama_error_name(error.code));
    }
    plugin_string_free(name);
    return error.code == SATAMA_OK;
}

/* A step: its result is recorded, and it never runs again then. */
static satama_error compose(satama_arena *arena, void *context, const satama_attempt *attempt,
                            satama_view *result)
{
    const satama_view *name = context;
    (void)attempt;
    satama_view text = satama_format(arena, "Welcome, %.*s!", SATAMA_ARG(*name));
    *result = satama_json_of_text(arena, text);
    return satama_ok();
}

/* A workflow: called from its start whenever its run goes on, and given what is recorded. */
static satama_error welcome(satama_arena *arena, satama_view input, satama_output *output)
{
    satama_view name;
    satama_view text;
    if (!satama_json_text(arena, input, &name)) return satama_invalid_input(arena, "a name");
    SATAMA_TRY(satama_do(arena, "compose", compose, &name, &text));
    SATAMA_TRY(satama_sleep(arena, 1000));
    satama_step step = satama_step_named("send");
    step.retries = 5;
    return satama_step_call(arena, &step, "send", text, &output->json);
}

/* How many characters a text has: RFC 3629. */
static int64_t characters(satama_view text)
{
    int64_t count = 0;
    for (size_t at = 0; at < text.len; at++) count += (text.ptr[at] & 0xc0) != 0x80;
    return count;
}

/* A function: runs in an instance of its own, again if it fails. The key is the same then. */
static satama_error send(satama_arena *arena, const satama_context *context, satama_view input,
                         satama_view *output)
{
    satama_view text;
    if (!satama_json_text(arena, input, &text)) return satama_invalid_input(arena, "a text");
    printf("%.*s (%.*s)\n", SATAMA_ARG(text), SATAMA_ARG(context->attempt.key));
    *output = satama_json_of_integer(arena, characters(text));
    return satama_ok();
}

static const satama_workflow workflows[] = {{"welcome", welcome}};
SATAMA_WORKFLOWS(workflows);

static const satama_function functions[] = {{"send", send}};
SATAMA_FUNCTIONS(functions);
