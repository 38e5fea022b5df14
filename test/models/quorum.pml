/*
 * Which lists of one epoch can come to have enough signatures when honest authorities are cut off from each other in any way, some
 * are killed and started again, and others lie. Spec: docs/spec/08-directory.md §5-6. Code: provider-server/authority.
 *
 * Modelled: the honest authorities, each with its own vote. A cut is any loss and any delay, so that each counts its own vote and
 * whichever of the others'; of those that lie one of two different votes or none. Whoever has counted enough votes writes down
 * the list (the set of votes that count) and then signs it. Kill -9 between any two steps; who is started again counts anew, other votes
 * perhaps (the program does not take part again: less can happen there than here). Who lies signs every list there is.
 *
 * Left out: rounds and endorsements, which only limit what counts (directory.pml), and what happens without a cut.
 *
 * Variants, each a planted fault or another number of authorities: see test/models/models.test.ts.
 */

#ifndef AUTHORITIES
#define AUTHORITIES 4
#endif
#ifndef THRESHOLD
#define THRESHOLD 3
#endif
#ifndef LIARS
#define LIARS 1
#endif
#ifndef MAX_KILLS
#define MAX_KILLS 1
#endif
#define HONEST (AUTHORITIES - LIARS)

/* In memory: 0 nothing counted yet, DONE, or the list that is to be signed. */
#define DONE 1
#define LIST 64
byte counted[HONEST];
/* How far it is with that list: 1 to be written down, 2 to be signed, 3 signed and not written (a fault). */
byte step[HONEST];
/* On disk: the list it signed. */
byte written[HONEST];
/* The list each has ever put its name to. */
byte everSigned[HONEST];
/* The list that has enough signatures. */
byte whole;
byte kills;

inline count(i) {
  votes = 1 << i; number = 1;
  j = 0;
  do
  :: j == HONEST -> break
  :: j < HONEST && j == i -> j++
  :: j < HONEST && j != i -> if :: votes = votes | (1 << j); number++ :: skip fi; j++
  od;
  if
  :: skip
  :: LIARS > 0 -> votes = votes | 16; number = number + LIARS
  :: LIARS > 0 -> votes = votes | 32; number = number + LIARS
  fi;
  if :: number >= THRESHOLD -> counted[i] = LIST + votes; step[i] = 1 :: else -> counted[i] = DONE fi;
  votes = 0; number = 0; j = 0
}

inline done(i) { counted[i] = DONE; step[i] = 0 }

inline sign(i) {
  /* (2) An honest authority never signs two lists of one epoch. */
  assert(everSigned[i] == 0 || everSigned[i] == counted[i]);
  everSigned[i] = counted[i];
  number = LIARS;
  j = 0;
  do
  :: j == HONEST -> break
  :: j < HONEST -> if :: everSigned[j] == counted[i] -> number++ :: else fi; j++
  od;
  /* (1) No two lists of one epoch have enough signatures. */
  if :: number >= THRESHOLD -> assert(whole == 0 || whole == counted[i]); whole = counted[i] :: else fi;
  number = 0; j = 0
}

init {
  byte i, j, votes, number;
  do
  :: atomic {
    select(i : 0 .. HONEST - 1);
    if
    :: counted[i] == 0 -> count(i)
#ifdef SIGNS_BEFORE_WRITING
    :: step[i] == 1 -> if :: written[i] == 0 || written[i] == counted[i] -> sign(i); step[i] = 3 :: else -> done(i) fi
    :: step[i] == 3 -> written[i] = counted[i]; done(i)
#else
    :: step[i] == 1 -> if :: written[i] == 0 || written[i] == counted[i] -> written[i] = counted[i]; step[i] = 2 :: else -> done(i) fi
    :: step[i] == 2 -> sign(i); done(i)
#endif
    :: counted[i] != 0 && kills < MAX_KILLS -> kills++; counted[i] = 0; step[i] = 0
    :: else
    fi;
    i = 0
  }
  od
}
