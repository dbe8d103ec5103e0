/*
 * Satama's services for components written in C.
 *
 * Three rules hold in all of it:
 *
 * - What goes in is looked at during the call only: the SDK keeps and frees nothing of yours.
 * - What comes out lives in the arena that the call was given, its first argument: text, lists,
 *   handles. `satama_arena_free` is the one way to free, and closes the handles too.
 * - Every call answers a `satama_error`. If its code is not SATAMA_OK, no result was written. A
 *   result that is not wanted may be NULL.
 *
 * JSON is text here, in a `satama_view`; <satama/json.h> reads and writes the simple parts of it.
 * Durations are in milliseconds, and zero is taken as one. A component imports only the
 * interfaces whose functions it calls.
 */
#ifndef SATAMA_H
#define SATAMA_H

/* The SDK's version, which is that of the WIT that it is for. */
#define SATAMA_VERSION "0.1.0"

#include <satama/arena.h>
#include <satama/cache.h>
#include <satama/channel.h>
#include <satama/credential.h>
#include <satama/error.h>
#include <satama/handlers.h>
#include <satama/hub.h>
#include <satama/json.h>
#include <satama/run.h>
#include <satama/saga.h>
#include <satama/secret.h>
#include <satama/session.h>
#include <satama/types.h>
#include <satama/workflow.h>

#endif
