/*
 * tell.h - words of progress, for the host's function.
 */
#ifndef NDF_ENGINE_TELL_H
#define NDF_ENGINE_TELL_H

#include "engine/runner.h"

/* On the runner's thread. */
void tell_progress(struct ndf_run *run, const struct exec_progress *progress);

#endif
