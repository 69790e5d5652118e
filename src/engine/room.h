/*
 * room.h - the room in the machine that the tasks of all runs of an engine
 * share. On the runner's thread.
 */
#ifndef NDF_ENGINE_ROOM_H
#define NDF_ENGINE_ROOM_H

#include "engine/runner.h"

/* How the machine is for a run: what there is, what the others take, and
 * whether it is another one's turn. */
void room_look(struct ndf_run *run, struct exec_machine *out);
/* After a step of its executor: what it takes and whether it waits. When there
 * is more room then, those that wait are told, in their order. */
void room_update(struct ndf_run *run);
/* It takes nothing any more. */
void room_leave(struct ndf_run *run);

#endif
