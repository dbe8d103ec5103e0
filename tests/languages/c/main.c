/* The program of ../README.md, in C. */
#include "show.h"

#include "plugin.h"

static const struct {
    const char *name;
    void (*go)(lines *t);
} PARTS[] = {
    {"cache", cache_all},           {"cache-limits", cache_limits},
    {"session", session_all},       {"channel", channel_all},
    {"hub", hub_all},               {"say", hub_say},
    {"heard", hub_heard},           {"pages", pages_all},
    {"secret", secret_all},         {"secret-use", secret_use},
    {"credential", credential_all}, {"run", run_all},
    {"workflow", workflow_outside}, {"handles", quota_handles},
    {"calls", quota_calls},         {"unavailable", unavailable},
    {"undecryptable", undecryptable},
};

void exports_plugin_transcript(plugin_string_t *part, plugin_list_string_t *said)
{
    SATAMA_ARENA(arena);
    lines t = {&arena, NULL, 0, 0};
    satama_view name = satama_bytes(part->ptr, part->len);
    for (size_t at = 0; at < COUNT(PARTS); at++) {
        if (satama_is(name, PARTS[at].name)) PARTS[at].go(&t);
    }
    plugin_string_free(part);
    said->len = t.count;
    said->ptr = t.count == 0 ? NULL : malloc(t.count * sizeof *said->ptr);
    for (size_t at = 0; at < t.count; at++) {
        plugin_string_dup_n(&said->ptr[at], t.items[at].ptr, t.items[at].len);
    }
}

SATAMA_LISTENER(hub_handle);
SATAMA_WORKFLOWS(conformance_workflows);
SATAMA_FUNCTIONS(conformance_functions);
