/*
 * program_edit.h: records put into and taken out of a program, references renamed.
 *
 * References count names backwards, so a record that makes a name cannot come or go without moving
 * the meaning of later references. These functions move the references along: afterwards each one
 * still names what it named before.
 */
#ifndef DMARIG_PROGRAM_EDIT_H
#define DMARIG_PROGRAM_EDIT_H

#include "program.h"

/* Names made by the first AT records. */
void program_made(const struct program *program, unsigned at, unsigned made[CLASS_COUNT]);

/* Put COUNT RECORDS before record AT (at most program->count). Their own references are read where
 * they come to stand. What no longer fits falls off the end; a reference that would reach back
 * further than 31 names becomes NULL. */
void program_insert(struct program *program, unsigned at, const struct record *records,
                    unsigned count);

/* Take COUNT records out from record AT on. A reference to a name that goes falls back to the next
 * older name of its class that stays, or to NULL. */
void program_delete(struct program *program, unsigned at, unsigned count);

#endif
