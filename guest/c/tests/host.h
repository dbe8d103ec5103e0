/* A host for tests: answers what a test has put there, and keeps what it was asked. */
#ifndef TEST_HOST_H
#define TEST_HOST_H

#include <stdio.h>
#include <stdlib.h>

#include <satama.h>

#include "../src/wire.h"

/* What is allocated as the host does it. */
void *cabi_realloc(void *old, size_t old_size, size_t align, size_t new_size);

/* Text that the host hands over. */
satama_view given(const char *text);

/* What the host of `workflow` answers, and what it was asked. */
typedef struct fake_host {
    /* Handles that are open, of all kinds. */
    int open;
    /* The code of the error that the next call of its kind answers, but for zero. */
    int fill_error;
    /* What `fill` finds: SATAMA_HIT and so on. */
    int filled;
    char completed[64];
    /* How many compare-and-sets are lost. */
    int races;
    uint64_t version;
    char stored[4096];
    bool has_stored;
    /* Steps: how many attempts each has. */
    uint32_t attempts;
    /* How many of the next calls that can say so say `cancelled`. */
    int cancelled;
    /* Whether `finish` refuses results as too large. */
    bool refuses;
    /* Whether what is waited for has failed. */
    bool fails;
    const char *outcome;
    /* All that was asked, in words. */
    char asked[8192];
} fake_host;

extern fake_host host;

/* Forgets all of it. */
void host_reset(void);

/* Notes what was asked. */
__attribute__((__format__(__printf__, 1, 2))) void host_asked(const char *format, ...);

#endif
