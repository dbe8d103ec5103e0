/* What the host calls: bodies, functions, listeners. The bindings are as wit-bindgen makes them. */
#include "test.h"

typedef struct plugin_string_t {
    uint8_t *ptr;
    size_t len;
} plugin_string_t;

typedef plugin_string_t exports_satama_services_workflow_handler_json_t;
typedef satama_wire_ending exports_satama_services_workflow_handler_ending_t;
typedef plugin_string_t exports_satama_services_function_handler_json_t;
typedef satama_wire_context exports_satama_services_function_handler_context_t;
typedef satama_failure exports_satama_services_function_handler_failure_t;
typedef satama_event exports_satama_services_hub_handler_event_t;

/* What the macros define. */
void exports_satama_services_workflow_handler_run(
    exports_satama_services_workflow_handler_json_t *workflow,
    exports_satama_services_workflow_handler_json_t *input,
    exports_satama_services_workflow_handler_ending_t *ending);
bool exports_satama_services_function_handler_call(
    exports_satama_services_function_handler_json_t *function,
    exports_satama_services_function_handler_json_t *input,
    exports_satama_services_function_handler_context_t *context,
    exports_satama_services_function_handler_json_t *result,
    exports_satama_services_function_handler_failure_t *failure);
void exports_satama_services_hub_handler_handle(exports_satama_services_hub_handler_event_t *event);

static satama_error count(satama_arena *arena, satama_view input, satama_output *output)
{
    int64_t n;
    if (!satama_json_integer(input, &n)) return satama_invalid_input(arena, "a number");
    if (n < 0) return satama_error_of(SATAMA_CANCELLED);
    if (n == 0) return satama_ok();
    if (n > 9) return satama_fatal(arena, "cancelled", satama_text("the child was"));
    output->json = satama_json_of_integer(arena, n - 1);
    output->continue_as_new = n > 1;
    return satama_ok();
}

static satama_error twice(satama_arena *arena, const satama_context *context, satama_view input,
                          satama_view *output)
{
    int64_t n;
    IS(context->step, "a step");
    IS(context->attempt.key, "key");
    CHECK_THAT(context->attempt.number == 2 && context->user.has);
    if (!satama_json_integer(input, &n)) {
        char *text = satama_alloc(arena, 20000);
        for (int at = 0; at < 10000; at++) memcpy(text + 2 * at, "ä", 2);
        satama_view message = satama_format(arena, "x%.*s", 20000, text);
        return satama_with_details(arena, satama_retryable(arena, "no-number", message), message);
    }
    *output = satama_json_of_integer(arena, 2 * n);
    return satama_ok();
}

static char heard[64];

static void hear(satama_arena *arena, const satama_event *event)
{
    satama_view text = satama_format(arena, "%.*s %.*s %.*s", SATAMA_ARG(event->hub),
                                     SATAMA_ARG(event->topic), SATAMA_ARG(event->message.data));
    snprintf(heard, sizeof heard, "%.*s", SATAMA_ARG(text));
}

static const satama_workflow workflows[] = {{"count", count}};
SATAMA_WORKFLOWS(workflows);

static const satama_function functions[] = {{"twice", twice}};
SATAMA_FUNCTIONS(functions);

SATAMA_LISTENER(hear);

static plugin_string_t owned(const char *text)
{
    satama_view copy = given(text);
    plugin_string_t string = {(uint8_t *)(uintptr_t)copy.ptr, copy.len};
    return string;
}

/* What a body ends with, as text; what it is made of is freed as the bindings do. */
static void ends(const char *workflow, const char *input, const char *expected)
{
    static const char *const kinds[] = {"completed", "failed", "cancelled", "continued"};
    char said[256] = "";
    satama_wire_ending ending;
    plugin_string_t name = owned(workflow);
    plugin_string_t json = owned(input);
    exports_satama_services_workflow_handler_run(&name, &json, &ending);
    satama_view text = ending.kind == 1 ? ending.failure.code : ending.json;
    if (ending.kind == 2) text = satama_text("");
    snprintf(said, sizeof said, "%s %.*s", kinds[ending.kind], SATAMA_ARG(text));
    IS(satama_text(said), expected);
    if (ending.kind != 2) free((void *)(uintptr_t)text.ptr);
    if (ending.kind == 1) free((void *)(uintptr_t)ending.failure.message.ptr);
}

static satama_wire_context context(void)
{
    satama_wire_context made = {given("run"), given("count"), given("a step"), {2, given("key")},
                                satama_some(given("ann"))};
    return made;
}

static void functions_are_called(void)
{
    plugin_string_t name = owned("twice");
    plugin_string_t json = owned("21");
    plugin_string_t result;
    satama_failure failure;
    satama_wire_context step = context();
    CHECK_THAT(
        exports_satama_services_function_handler_call(&name, &json, &step, &result, &failure));
    IS(satama_bytes(result.ptr, result.len), "42");
    free(result.ptr);
    name = owned("twice");
    json = owned("");
    step = context();
    CHECK_THAT(
        !exports_satama_services_function_handler_call(&name, &json, &step, &result, &failure));
    /* Cut between characters; what would be no JSON then is left out. */
    CHECK_THAT(failure.message.len == 8191 && !failure.details.has && failure.retry);
    free((void *)(uintptr_t)failure.code.ptr);
    free((void *)(uintptr_t)failure.message.ptr);
    name = owned("other");
    json = owned("1");
    step = context();
    CHECK_THAT(
        !exports_satama_services_function_handler_call(&name, &json, &step, &result, &failure));
    IS(failure.code, "unknown-function");
    IS(failure.message, "there is no function \"other\" here");
    free((void *)(uintptr_t)failure.code.ptr);
    free((void *)(uintptr_t)failure.message.ptr);
}

static void messages_are_heard(void)
{
    satama_event event = {given("chat"), given("room"), {false, given("hello")},
                          satama_some(given("place")), false};
    exports_satama_services_hub_handler_handle(&event);
    IS(satama_text(heard), "chat room hello");
}

void handler_tests(void)
{
    ends("count", "1", "completed 0");
    ends("count", "0", "completed null");
    ends("count", "5", "continued 4");
    ends("count", "-1", "cancelled ");
    ends("count", "10", "cancelled ");
    ends("count", "x", "failed invalid-input");
    ends("other", "1", "failed unknown-workflow");
    functions_are_called();
    messages_are_heard();
}
