/* The workflow that does one of everything. */
#ifndef STORY_H
#define STORY_H

#include "show.h"

satama_error story(satama_arena *arena, satama_view input, satama_output *output);

#endif
