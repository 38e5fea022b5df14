/*
 * One message of two fragments from its writer's disk to its reader's window, and the receipt back.
 * Spec: docs/spec/01-message.md §1-4 and §6, docs/spec/07-mailbox.md §4-6. Code: transport/client (outgoing, outbox, inbox,
 * receipts), provider-server/mailbox, main/pipeline/inbound.ts.
 *
 * Modelled: each of writer, provider and reader killed at any moment with what it had on disk; every packet (fragment, receipt,
 * question, answer) lost or late; a fragment's new sealed form for each attempt, the question about all remembered forms,
 * asked while packets are still under way too; entries in the order of arrival, deleted once the cursor passed; polls whose
 * answers overtake one another; the message offered at every start until consumed; receipts, reminders.
 *
 * Left out: cryptography, time (every wait may be over at once), padding, other messages, several devices, a reader whose store of
 * incomplete messages is flooded (spec 01 §3), keys and entries that run out, a deadline, disks that lose what they said was
 * kept. At most MAX_LOST packets are lost, MAX_KILLS processes killed, MAX_EARLY questions asked before all packets settled, so every
 * run ends: "in the end" below is the end of every run.
 */

#ifndef MAX_LOST
#define MAX_LOST 1
#endif
#ifndef MAX_KILLS
#define MAX_KILLS 1
#endif
#ifndef MAX_EARLY
#define MAX_EARLY 1
#endif
/* Sealed forms: each attempt of a fragment is one. More than the bounds allow cannot leave; the model asserts it. */
#define FORMS 8
#define MAX_REMINDERS 2
#define ENTRIES 12
#define BOTH 3

/* Writer's disk. */
bit queued;
bit accepted;           /* what `send` told the program */
byte waiting = BOTH;    /* fragments that have to leave */
byte known;             /* fragments that the provider is known to have */
byte remembered[2];     /* sealed forms, as a set, of each fragment */
byte attempts[2];
bit stored;
bit delivered;
byte reminders;
/* Writer's memory. */
bit writerUp = 1;
byte unwritten;         /* left, and not yet written down as left: fragment + 1 */
byte unwrittenForm;
bit mute;
bit asking;             /* 0 nobody is asked, 1 a question is open */
byte answer = 255;      /* fragments that the provider has, 255 for none yet */

/* Fragments in the network: sealed forms of each. */
byte packets[2];
bit receiptInNetwork;

/* Provider: entries in order, each a fragment + 1. Up to `durable` they are on disk; hashes of what was ever durable. */
byte entries[ENTRIES];
byte forms[ENTRIES];
byte last;
byte durable;
byte hashes[2];
byte deletedTo;

/* Reader's disk. */
byte cursor;
byte have;
bit seen;
bit receiptOwed;
byte shown;             /* how often the program stored it */
/* Reader's memory. */
bit readerUp = 1;
bit isOffered;
byte taken;             /* entry that is in work */

byte lost; byte kills; byte early;

#define UNDER_WAY (packets[0] || packets[1] || last > durable)

inline leave(f) {
  assert(attempts[f] < FORMS);
  packets[f] = packets[f] | (1 << attempts[f]);
  unwritten = f + 1; unwrittenForm = 1 << attempts[f];
  attempts[f]++
}

inline writeDown() {
  remembered[unwritten - 1] = remembered[unwritten - 1] | unwrittenForm;
  waiting = waiting & ~unwritten;
  unwritten = 0; unwrittenForm = 0
}

/* The packet with the lowest form of f comes: an entry, unless that form is there. */
inline arrive(f) {
  byte form = packets[f] & (-packets[f]);
  packets[f] = packets[f] & ~form;
  if
  :: !(hashes[f] & form) ->
    assert(last < ENTRIES);
    entries[last] = f + 1; forms[last] = form; last++
#ifdef HAVE_BEFORE_DURABLE
    ; hashes[f] = hashes[f] | form
#endif
  :: else
  fi;
  form = 0
}

inline commit() {
  hashes[entries[durable] - 1] = hashes[entries[durable] - 1] | forms[durable];
  durable++
}

#ifdef NOT_SEEN
#define IS_SEEN 0
#else
#define IS_SEEN seen
#endif

/* The effect of the entry `taken`; with the cursor in one transaction. */
inline effect() {
  if
  :: IS_SEEN -> receiptOwed = 1
  :: else -> have = have | entries[taken - 1]
  fi
}

inline offer() {
  /* Never offered again once it was consumed. */
  assert(!seen);
  isOffered = 1
}

inline consume() {
  seen = 1; have = 0; isOffered = 0; receiptOwed = 1
}

init {
  do
  :: atomic {
    /* Writer: the program gives it the message; success is reported when it is on disk. */
#ifdef REPORTS_BEFORE_WRITING
    writerUp && !accepted -> accepted = 1
    }
  :: atomic { writerUp && accepted && !queued && !kills -> queued = 1
#else
    writerUp && !queued -> queued = 1; accepted = 1
#endif
    }
  :: atomic { writerUp && queued && !delivered && !unwritten && (waiting & 1) -> leave(0) }
  :: atomic { writerUp && queued && !delivered && !unwritten && (waiting & 2) -> leave(1) }
  :: atomic { writerUp && unwritten -> writeDown() }
  /* The question, with all remembered forms of what is not known to be stored; and its answer, which may be lost. */
  :: atomic {
      writerUp && queued && !waiting && !unwritten && !stored && !delivered && !asking && !mute &&
      (!UNDER_WAY || early < MAX_EARLY) ->
      if :: UNDER_WAY -> early++ :: else fi;
      asking = 1
    }
  :: atomic { asking && answer == 255 ->
      answer = ((hashes[0] & remembered[0]) != 0) + 2 * ((hashes[1] & remembered[1]) != 0)
    }
  :: atomic { asking && answer == 255 && lost < MAX_LOST -> lost++; asking = 0 }
  :: atomic { writerUp && asking && answer != 255 ->
      known = known | answer; waiting = waiting | (BOTH & ~known);
      stored = (known == BOTH);
      asking = 0; answer = 255;
      /* "Stored" is only said of what is with the provider for good, or with the reader already. */
      assert(!stored || hashes[0] && hashes[1])
    }
  /* No receipt: one fragment again. */
  :: atomic { writerUp && stored && !delivered && !waiting && !unwritten && reminders < MAX_REMINDERS && !UNDER_WAY &&
      !receiptInNetwork && !receiptOwed && seen && cursor == durable && !taken ->
      reminders++;
      if :: waiting = 1 :: waiting = 2 fi
    }
  :: atomic { writerUp && receiptInNetwork ->
      receiptInNetwork = 0; delivered = 1; waiting = 0;
      /* "Delivered" is only shown if the reader's program has it. */
      assert(shown > 0)
    }

  /* Network. */
  :: atomic { packets[0] -> arrive(0) }
  :: atomic { packets[1] -> arrive(1) }
  :: atomic { packets[0] && lost < MAX_LOST -> lost++; packets[0] = packets[0] & (packets[0] - 1) }
  :: atomic { packets[1] && lost < MAX_LOST -> lost++; packets[1] = packets[1] & (packets[1] - 1) }
  :: atomic { receiptInNetwork && lost < MAX_LOST -> lost++; receiptInNetwork = 0 }

  /* Provider. */
  :: atomic { durable < last -> commit() }

  /* Reader: a poll tells the cursor and takes the next entry; nothing is dealt with twice at once. */
  :: atomic { readerUp && !taken && cursor < durable && deletedTo < durable ->
      deletedTo = (cursor > deletedTo -> cursor : deletedTo); taken = deletedTo + 1
#ifdef POLL_CARRIES_TAKEN
      ; deletedTo = taken
#endif
    }
  /* Everything was collected, and the provider hears of it. */
  :: atomic { readerUp && !taken && deletedTo < cursor -> deletedTo = cursor }
#ifdef CURSOR_FIRST
  :: atomic { readerUp && taken > cursor -> cursor = taken }
  :: atomic { readerUp && taken && taken == cursor -> effect(); taken = 0 }
#else
  :: atomic { readerUp && taken > cursor -> effect(); cursor = taken; taken = 0 }
#endif
  :: atomic { readerUp && have == BOTH && !isOffered -> offer() }
#ifdef RECEIPT_WHEN_WHOLE
  :: atomic { readerUp && have == BOTH && !receiptOwed && !shown -> receiptOwed = 1 }
#endif
  /* The program stores it under its id, then says so. */
#ifdef STORES_EACH
  :: atomic { readerUp && isOffered && !seen && shown < 2 -> shown++ }
#else
  :: atomic { readerUp && isOffered && !seen && !shown -> shown++ }
#endif
#ifdef CONSUMED_FIRST
  :: atomic { readerUp && isOffered && !shown -> seen = 1; have = 0 }
#endif
  :: atomic { readerUp && isOffered && shown && have == BOTH -> consume() }
  :: atomic { readerUp && receiptOwed && !receiptInNetwork -> receiptOwed = 0; receiptInNetwork = !delivered }

  /* Kills; each is started again at some time. */
  :: atomic { writerUp && kills < MAX_KILLS -> kills++;
      writerUp = 0; unwritten = 0; unwrittenForm = 0; answer = 255;
#ifdef FORGETS_TO_ASK
      if :: asking -> mute = 1 :: else fi;
#endif
      asking = 0
    }
  :: atomic { !writerUp -> writerUp = 1 }
  :: atomic { last > durable && kills < MAX_KILLS -> kills++; last = durable }
  :: atomic { readerUp && kills < MAX_KILLS -> kills++; readerUp = 0; isOffered = 0; taken = 0 }
  :: atomic { !readerUp -> readerUp = 1 }
  :: timeout -> break
  od;

  /* In the end: accepted and not lost, shown once; the writer knows, or has reminded as often as it may. */
  assert(!accepted || shown == 1);
  assert(!accepted || delivered || reminders == MAX_REMINDERS)
}
