/* What the component hears. */
#include "show.h"

static const satama_keep KEEP = {10, 60000};

/* Publishes what the handler is to hear. */
void hub_say(lines *t)
{
    satama_bus b;
    satama_maybe place;
    satama_message bytes = {true, satama_bytes("\0\x80\xff", 3)};
    expect(satama_hub_open(t->arena, T("granted"), &b));
    SAY(t, "publish", satama_hub_say(t->arena, b, T("in"), T("ä€😀"), &place),
        show_bool(place.has));
    SAY(t, "publish kept",
        satama_hub_publish(t->arena, b, T("in"), bytes, NONE, &KEEP, &place),
        show_bool(place.has));
}

/* Says what it hears to whoever reads the history of `out`. */
void hub_handle(satama_arena *arena, const satama_event *event)
{
    satama_bus b;
    expect(satama_hub_open(arena, event->hub, &b));
    satama_view shown = show_message(arena, event->message);
    satama_message message = {
        false, satama_format(arena, "%.*s %.*s %.*s %s %s", SATAMA_ARG(event->hub),
                             SATAMA_ARG(event->topic), SATAMA_ARG(shown),
                             event->position.has ? "true" : "false",
                             event->missed ? "true" : "false")};
    expect(satama_hub_publish(arena, b, T("out"), message, NONE, &KEEP, NULL));
}

/* What it has heard. */
void hub_heard(lines *t)
{
    satama_bus b;
    satama_history history;
    expect(satama_hub_open(t->arena, T("granted"), &b));
    SAY(t, "heard", satama_hub_history(t->arena, b, T("out"), NONE, 10, &history),
        show_history(t->arena, &history));
}
