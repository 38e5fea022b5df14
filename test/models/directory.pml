/*
 * Three directory authorities agree on the list of one epoch; two sign (threshold 2 of 3), one lies as it likes.
 * Spec: docs/spec/08-directory.md §2 (times), §5 (votes in rounds), §6 (signatures). Code: provider-server/authority.
 *
 * Modelled: two honest authorities, 0 and 1, message by message. The third is not a process but whatever it could do: up to
 * three different votes, each given to either of the others at any time, directly or with the endorsement of whoever endorsed
 * it; honest votes passed on late with its own endorsement; silence; a signature under every list there is. Honest clocks
 * differ by less than a round, a message's way included: so a message between honest ones that run arrives before its round is
 * over for the receiver, and a round after it was sent at the latest; in any order, at any moment. Each honest one can be killed at any moment, and started again at any
 * later one, with what it had on disk; what was on its way from it then comes late or never. Time runs on meanwhile.
 *
 * Left out: what votes say (a list is a function of which votes count, tally.ts), cryptography (nobody forges), the list before
 * (both hold the same), descriptors, full disks, more than MAX_KILLS kills.
 *
 * Variants, each a planted fault or another assumption: see test/models/models.test.ts.
 */

#ifndef MAX_KILLS
#define MAX_KILLS 2
#endif
#define OTHER(i) (1 - (i))
#define EARLY 0      /* before the vote: what comes is kept */
#define ROUND1 1
#define ROUND2 2
#define COUNTED 3    /* the rounds are over */
#define PUBLISHED 4
#ifdef ONE_ROUND
#define LAST_ROUND ROUND1
#else
#define LAST_ROUND ROUND2
#endif

/* What the clock of each says; it runs while the authority is down. */
byte now[2];
bit up[2];
/* Whether it takes part in this agreement. */
bit part[2];

/* In memory. Votes of the liar as a set of three, of the other one as a set of two: an honest one has one. */
byte heardLiar[2];
byte heardOther[2];
byte ownVote[2];
byte counted[2];
/* 0 nothing to do, 1 counted, 2 to be sent, 3 sent but not written (a fault) */
byte signing[2];
byte heardSignature[2];

/* On disk: whether it has voted or accepted a vote in this agreement; what it signed. */
bit begun[2];
byte signedList[2];

/* On the way to the other: tried again until the round is over. `stray`: of a sender that was killed; perhaps. */
byte sentVote[2];
byte sentRelay[2];
byte sentSignature[2];
byte strayVote[2];
byte strayRelay[2];

/* What each has ever put its name to, which the liar knows. */
byte everVoted[2];
byte endorsed[2];
byte everSigned[2];

bit holds[2];
byte kills;
/* Both ran whenever a round of either ended, and none was killed after it had begun. */
bit inTime = 1;

/* Which votes count: of 0, of 1, and one of the liar's three or none; 0 for fewer than two. */
inline tally(i) {
  d_step {
    byte own = (ownVote[i] != 0);
    byte other = (heardOther[i] == 1 || heardOther[i] == 2);
    byte liar = (heardLiar[i] == 1 -> 1 : (heardLiar[i] == 2 -> 2 : (heardLiar[i] == 4 -> 3 : 0)));
    if
    :: own + other + (liar > 0) < 2 -> counted[i] = 0
    :: else -> counted[i] = 16 + (i == 0 -> own + 2 * other : other + 2 * own) + 4 * liar
    fi;
    own = 0; other = 0; liar = 0
  }
}

#define SIZE(set) (((set) & 1) + (((set) >> 1) & 1) + (((set) >> 2) & 1))
#ifdef KEEPS_ONE
#define KEPT_MAX 1
#else
#define KEPT_MAX 2
#endif

#ifdef ANY_ROUND
#define ENOUGH(i, signatures) true
#else
#define ENOUGH(i, signatures) (signatures >= now[i])
#endif

inline begin(i) {
#ifdef FORGETS_BEGUN
  skip
#else
  begun[i] = 1
#endif
}

/* A vote of the liar comes to i with as many signatures. */
inline receiveLiar(i, form, signatures) {
  if
  :: part[i] && !(heardLiar[i] & form) && SIZE(heardLiar[i]) < KEPT_MAX && now[i] <= LAST_ROUND && ENOUGH(i, signatures) ->
    heardLiar[i] = heardLiar[i] | form;
    begin(i);
    if
    :: now[i] < LAST_ROUND ->
#ifndef NO_RELAY
      sentRelay[i] = sentRelay[i] | form;
#endif
      endorsed[i] = endorsed[i] | form
    :: else -> endorsed[i] = endorsed[i] | form
    fi
  :: else
  fi
}

inline receiveOther(i, version, signatures) {
  if
  :: part[i] && now[i] <= LAST_ROUND && signatures >= now[i] ->
    heardOther[i] = heardOther[i] | version;
    begin(i)
  :: else
  fi
}

/* A second vote would show that it forgot the first. */
inline vote(i) {
  ownVote[i] = (everVoted[i] == 0 -> 1 : 2);
  everVoted[i] = everVoted[i] | ownVote[i];
  sentVote[i] = ownVote[i];
  begin(i)
}

inline sign(i) {
  everSigned[i] = (everSigned[i] == 0 || everSigned[i] == counted[i] -> counted[i] : 255);
#ifndef KEEPS_SIGNATURE
  sentSignature[i] = counted[i];
#endif
  /* (2) An honest authority never signs two lists of one epoch. */
  assert(everSigned[i] != 255);
#ifndef CLOCK_SET_BACK
  /* (1) The liar signs everything: two lists that an honest one signed each have a majority. */
  assert(everSigned[OTHER(i)] == 0 || everSigned[OTHER(i)] == counted[i])
#endif
}

/* What has come or is gone by the time that i's clock goes on: the assumption about messages between honest ones. */
#ifdef LOSSY
#define CAME(i) true
#else
#define CAME(i) ( \
  (!up[i] || ( \
    (now[i] != ROUND1 || !sentVote[OTHER(i)]) && \
    (now[i] != LAST_ROUND || !sentRelay[OTHER(i)]) && \
    (now[i] != COUNTED || (!sentSignature[OTHER(i)] && !signing[OTHER(i)])))) && \
  (!up[OTHER(i)] || ((now[i] != ROUND1 || !sentVote[i]) && (now[i] != LAST_ROUND || !sentRelay[i]))))
#endif
#ifdef CLOCKS_APART
#define CLOSE(i) (now[i] <= now[OTHER(i)] + 1)
#else
#define CLOSE(i) (now[i] <= now[OTHER(i)])
#endif
/* Who runs has done what it had to before its clock goes on. */
#define DONE(i) (!up[i] || signing[i] == 0)

inline goOn(i) {
  if :: now[i] > EARLY && (!up[0] || !up[1]) -> inTime = 0 :: else fi;
  if
  :: now[i] == EARLY -> now[i] = ROUND1; if :: up[i] && part[i] -> vote(i) :: else fi
  :: now[i] == ROUND1 && LAST_ROUND != ROUND1 -> now[i] = ROUND2
  :: now[i] == LAST_ROUND ->
    now[i] = COUNTED;
    if
    :: up[i] && part[i] -> tally(i); if :: counted[i] != 0 -> signing[i] = 1 :: else fi
    :: else
    fi
  :: now[i] == COUNTED -> now[i] = PUBLISHED
  fi
}

inline kill(i) {
  kills++;
  up[i] = 0; part[i] = 0;
  heardLiar[i] = 0; heardOther[i] = 0; ownVote[i] = 0; counted[i] = 0; signing[i] = 0; heardSignature[i] = 0;
  strayVote[i] = strayVote[i] | sentVote[i]; strayRelay[i] = strayRelay[i] | sentRelay[i];
  sentVote[i] = 0; sentRelay[i] = 0; sentSignature[i] = 0;
  if :: begun[i] || now[i] > EARLY -> inTime = 0 :: else fi
}

#ifdef LATE_TAKES_PART
#define TAKES_PART(i) (now[i] <= ROUND1 && !begun[i])
#else
#define TAKES_PART(i) (now[i] == EARLY && !begun[i])
#endif

/* Who is started too late, or had begun before it was killed, only fetches the result: as if it stayed down. */
inline start(i) {
  up[i] = 1; part[i] = 1;
  if :: now[i] != EARLY -> vote(i) :: else fi
}

init {
  byte i, v;
  up[0] = 1; up[1] = 1; part[0] = 1; part[1] = 1;
  do
  :: now[0] == PUBLISHED && now[1] == PUBLISHED && DONE(0) && DONE(1) -> break
  :: else -> atomic {
    if :: i = 0 :: i = 1 fi;
    if
    /* Time. */
    :: now[i] < PUBLISHED && CLOSE(i) && CAME(i) && DONE(i) -> goOn(i)
    /* Between honest ones. */
    :: up[i] && sentVote[OTHER(i)] -> receiveOther(i, sentVote[OTHER(i)], 1); sentVote[OTHER(i)] = 0
    :: up[i] && strayVote[OTHER(i)] -> receiveOther(i, strayVote[OTHER(i)], 1); strayVote[OTHER(i)] = 0
    :: up[i] && sentSignature[OTHER(i)] ->
      if :: part[i] && now[i] < PUBLISHED -> heardSignature[i] = sentSignature[OTHER(i)] :: else fi;
      sentSignature[OTHER(i)] = 0
    :: up[i] && ((sentRelay[OTHER(i)] | strayRelay[OTHER(i)]) & 1) ->
      receiveLiar(i, 1, 2); sentRelay[OTHER(i)] = sentRelay[OTHER(i)] & 6; strayRelay[OTHER(i)] = strayRelay[OTHER(i)] & 6
    :: up[i] && ((sentRelay[OTHER(i)] | strayRelay[OTHER(i)]) & 2) ->
      receiveLiar(i, 2, 2); sentRelay[OTHER(i)] = sentRelay[OTHER(i)] & 5; strayRelay[OTHER(i)] = strayRelay[OTHER(i)] & 5
    :: up[i] && ((sentRelay[OTHER(i)] | strayRelay[OTHER(i)]) & 4) ->
      receiveLiar(i, 4, 2); sentRelay[OTHER(i)] = sentRelay[OTHER(i)] & 3; strayRelay[OTHER(i)] = strayRelay[OTHER(i)] & 3
    /* The liar: its own votes, bare or with the other's endorsement; the other's vote with its own endorsement. */
    :: up[i] && now[i] <= LAST_ROUND ->
      if :: v = 1 :: v = 2 :: v = 4 fi;
      if
      :: receiveLiar(i, v, 1)
      :: endorsed[OTHER(i)] & v -> receiveLiar(i, v, 2)
      fi
    :: up[i] && everVoted[OTHER(i)] && now[i] <= LAST_ROUND -> receiveOther(i, everVoted[OTHER(i)] & 3, 2)
    /* What an honest one does by itself. */
#ifdef SIGNS_BEFORE_WRITING
    :: up[i] && signing[i] == 1 ->
      if :: signedList[i] == 0 || signedList[i] == counted[i] -> sign(i); signing[i] = 3 :: else -> signing[i] = 0 fi
    :: up[i] && signing[i] == 3 -> signedList[i] = counted[i]; signing[i] = 0
#else
    :: up[i] && signing[i] == 1 ->
      if
      :: signedList[i] == 0 || signedList[i] == counted[i] -> signedList[i] = counted[i]; signing[i] = 2
      :: else -> signing[i] = 0
      fi
    :: up[i] && signing[i] == 2 -> sign(i); signing[i] = 0
#endif
    /* Kills and starts. */
    :: up[i] && kills < MAX_KILLS -> kill(i)
    :: !up[i] && TAKES_PART(i) -> start(i)
#ifdef CLOCK_SET_BACK
    /* Its clock is put back, whatever the other's says: it begins anew. */
    :: !up[i] && now[i] > EARLY && !begun[i] -> now[i] = EARLY; start(i)
#endif
    :: else
    fi;
    i = 0; v = 0
  }
  od;

  /* At publication each has what it counted with two signatures, or asks the other for it. */
  holds[0] = up[0] && counted[0] != 0 && heardSignature[0] == counted[0];
  holds[1] = up[1] && counted[1] != 0 && heardSignature[1] == counted[1];
#if !defined(CLOCK_SET_BACK) && !defined(LOSSY) && !defined(FORGETS_BEGUN)
  /* (3) Whatever the liar does, both have a list, the same, and both their votes count in it. */
  assert(!inTime || (holds[0] && holds[1] && counted[0] == counted[1] && (counted[0] & 3) == 3));
#endif
#ifndef FORGETS_BEGUN
  /* An honest authority never contradicts itself. */
  assert(everVoted[0] != 3 && everVoted[1] != 3)
#endif
}
