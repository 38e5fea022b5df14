/** Limits of the mail thread, with their reasons. */

/** Boundaries that one mail needs: alternative, mixed, and the outer message. */
export const BOUNDARIES = 3;
/** The thread's own memory, in mebibytes, buffers aside: a mail made to exhaust it ends the thread and not the program. */
export const HEAP_MEBIBYTES_MAX = 1024;
/** How far the thread steps back behind the others where the system knows it (nice value; Linux has one for each thread). */
export const NICENESS = 10;
