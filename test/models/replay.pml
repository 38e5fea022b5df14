/*
 * A mix that is killed and started again, and its log of seen packets for two key periods: no packet is accepted twice.
 * Spec: docs/spec/06-mix.md §5. Code: provider-server/mix/period-keys.ts, period-store.ts.
 *
 * Modelled: for each of two key periods a key that is made (file written aside, then renamed) and erased in two steps (key
 * overwritten, file removed); two packets of each period that come again at any time, as often as anybody likes; kill -9 between any two
 * steps; loss of power, which takes the memory-backed files, keys and all; a log that is full.
 *
 * Left out: what a packet says, threads that unwrap, tags cut short (spec 06 §5: overwritten by the next), clocks.
 */

#ifndef MAX_KILLS
#define MAX_KILLS 3
#endif
#define NO_FILE 0
#define ASIDE 1
#define THERE 2
#define WIPED 3

/* On the memory-backed disk. Keys have numbers: a new one for each that is made. */
byte file[2];
byte keyInFile[2];
byte tagsInFile[2];
/* In memory: the key, 0 for none, and the tags of the packets it opened. */
bit up = 1;
byte key[2];
byte tags[2];
/* A packet under way through the mix: of which epoch, which, and how far. */
byte working;
byte workEpoch;
byte step;
/* Keys made so far in an epoch; packets are made for one key, and accepted under it. */
byte made[2];
byte acceptedUnder[2];
byte kills;

inline accept() {
  /* The same packet, made for key 1 of its epoch, is accepted once. */
  assert(!(acceptedUnder[workEpoch] & working));
  acceptedUnder[workEpoch] = acceptedUnder[workEpoch] | working
}

inline forget() { key[0] = 0; key[1] = 0; tags[0] = 0; tags[1] = 0; working = 0; step = 0 }

init {
  byte e;
  do
  :: atomic {
    if :: e = 0 :: e = 1 fi;
    if
    /* A key is made, once an epoch, and again when power was lost. */
    :: up && !key[e] && file[e] == NO_FILE && made[e] < 2 -> made[e]++; file[e] = ASIDE; keyInFile[e] = made[e]; tagsInFile[e] = 0
    :: up && file[e] == ASIDE -> file[e] = THERE; key[e] = keyInFile[e]; tags[e] = 0
    /* A packet comes, or comes again: the key it was made for opens it. */
    :: up && !working && key[e] == 1 ->
      workEpoch = e;
      if :: working = 1 :: working = 2 fi;
      if :: tags[e] & working -> working = 0 :: else -> step = 1 fi
#ifdef ACCEPTS_BEFORE_LOGGING
    :: up && working && step == 1 && key[workEpoch] -> tags[workEpoch] = tags[workEpoch] | working; accept(); step = 2
    :: up && working && step == 2 -> tagsInFile[workEpoch] = tagsInFile[workEpoch] | working; working = 0
#else
    :: up && working && step == 1 && key[workEpoch] ->
      tags[workEpoch] = tags[workEpoch] | working; tagsInFile[workEpoch] = tagsInFile[workEpoch] | working; step = 2
    :: up && working && step == 2 -> accept(); working = 0
    /* No room for the tag: the packet is not accepted, and the key goes. */
    :: up && working && step == 1 && key[workEpoch] ->
#ifdef FULL_KEEPS_KEY
      accept();
#else
      key[workEpoch] = 0; tags[workEpoch] = 0; file[workEpoch] = WIPED; keyInFile[workEpoch] = 0;
#endif
      working = 0
#endif
    /* Its time is over: the key goes first, then the file with the log. */
#ifdef ERASES_LOG_FIRST
    :: up && key[e] && !working -> tagsInFile[e] = 0; key[e] = 0; tags[e] = 0; file[e] = WIPED
    :: up && file[e] == WIPED -> file[e] = NO_FILE; keyInFile[e] = 0; made[e] = 2
#else
    :: up && key[e] && !working -> key[e] = 0; tags[e] = 0; file[e] = WIPED; keyInFile[e] = 0
    :: up && file[e] == WIPED -> file[e] = NO_FILE; tagsInFile[e] = 0; made[e] = 2
#endif
    /* kill -9: memory goes. */
    :: up && kills < MAX_KILLS -> kills++; up = 0; forget()
    /* Loss of power: files too. */
    :: up && kills < MAX_KILLS -> kills++; up = 0; forget();
      tagsInFile[0] = 0; tagsInFile[1] = 0;
#ifndef KEY_ON_REAL_DISK
      keyInFile[0] = 0; keyInFile[1] = 0; file[0] = NO_FILE; file[1] = NO_FILE
#endif
    /* Start: what lies aside is removed, what is whole taken over. */
    :: !up ->
      up = 1;
      if
      :: file[0] == ASIDE -> file[0] = NO_FILE; keyInFile[0] = 0
      :: (file[0] == THERE || file[0] == WIPED) && keyInFile[0] ->
        file[0] = THERE; key[0] = keyInFile[0];
        tags[0] = tagsInFile[0]
      :: else
      fi;
      if
      :: file[1] == ASIDE -> file[1] = NO_FILE; keyInFile[1] = 0
      :: (file[1] == THERE || file[1] == WIPED) && keyInFile[1] ->
        file[1] = THERE; key[1] = keyInFile[1];
        tags[1] = tagsInFile[1]
      :: else
      fi
    :: else
    fi;
    e = 0
  }
  od
}
