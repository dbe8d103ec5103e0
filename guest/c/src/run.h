/* What the two files of `run` share. */
#ifndef SATAMA_RUN_SHARED_H
#define SATAMA_RUN_SHARED_H

#include <satama/run.h>

#include "wire.h"

/* The cases of `run`. */
extern const satama_error_cases satama_run_errors;

#endif
