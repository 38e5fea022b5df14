/*
 * The randomness that three authorities make together: each commits in the vote for epoch n to what it reveals in that for
 * n + 1. One lies. Spec: docs/spec/08-directory.md §6.3. Code: provider-server/authority/shared-random.ts.
 *
 * Modelled: two epochs. The liar makes its commitment to one of two values of its own, copies an honest one's commitment, or makes none;
 * in the next epoch it first sees what the others reveal, then reveals anything (its own values, theirs), or sends no vote, or
 * two that contradict each other and count for nothing. A hash is the pair (position, value): binding, and hiding until it is opened.
 *
 * Left out: how the votes are agreed on (directory.pml: both honest ones count the same, each other's among them), an epoch without a list (then nothing
 * that was revealed counts, and the next shared random follows from the last one: whoever knows that can foresee it).
 *
 * What the protocol allows and what holds: beside the honest reveals the liar's part is either what it had fixed before it could
 * see them, or nothing. So it chooses between two outcomes an epoch; that the second can happen, ASSUME_NOT_WITHHELD shows.
 */

#define NONE 0
#define OWN1 1
#define OWN2 2
#define HONEST0 3    /* what honest authority 0 reveals; nobody else knows it before */
#define HONEST1 4
#define LIAR 2

/* A commitment: position and value. */
byte position = 255;
byte value = NONE;
/* What the liar knew when it committed. */
byte fixed = NONE;

byte reveal = NONE;
bit votes;           /* its vote counts */
byte counts = NONE;  /* its part of the shared random */
bit chosenLate;
bit withheld;

init {
  /* Epoch n: its vote, with the commitment that all agree on, or none. */
  if
  :: position = LIAR; value = OWN1; fixed = OWN1
  :: position = LIAR; value = OWN2; fixed = OWN2
  :: position = 0; value = HONEST0
  :: position = 1; value = HONEST1
  :: skip
  fi;
  /* Epoch n + 1: the honest ones have revealed. */
  if
  :: reveal = OWN1 :: reveal = OWN2 :: reveal = HONEST0 :: reveal = HONEST1
  fi;
  if :: votes = 1 :: votes = 0 fi;
#ifdef SAME_VOTES
  /* The commitment is looked for in the votes of n + 1 themselves. */
  position = LIAR; value = reveal;
#endif
  if
#ifdef NO_CHECK
  :: votes -> counts = reveal
#else
#ifdef WITHOUT_POSITION
  :: votes && value == reveal -> counts = reveal
#else
  :: votes && position == LIAR && value == reveal -> counts = reveal
#endif
#endif
  :: else
  fi;
  chosenLate = (counts != NONE && counts != fixed);
  withheld = (fixed != NONE && counts == NONE);
  assert(!chosenLate);
#ifdef ASSUME_NOT_WITHHELD
  assert(!withheld)
#endif
}
