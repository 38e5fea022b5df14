/** Every bound of tokens at a provider, with its reason. */

import { type Milliseconds, milliseconds, perSecond, seconds } from "#transport/core/units.ts";

/** Evaluating eight elements takes some 16 ms of the thread that also passes packets on: a third of it at most. */
export const BATCH_INTERVAL: Milliseconds = milliseconds(50);

/** Batches of one issuer that wait to be evaluated: a quarter of a minute of them, where it is alone. Issuers take turns. */
export const BATCHES_PER_ISSUER_MAX = 320;

/** Of all issuers: fifty that fill their places, some 20 MB. */
export const BATCHES_WAITING_MAX = 16_000;

/** What one provider evaluates for another in a period: 200,000 devices of 16 tokens, and some that asked again. */
export const SIGNED_PER_ISSUER_MAX = 4_000_000;

/** Devices of one account that get tokens in one period; a few may be replaced in a day, an account is not a mint. */
export const DEVICES_PER_PERIOD_MAX = 6;

/** How often an order is carried out again when some provider did not answer, or the answer was lost. */
export const ORDER_ATTEMPTS_MAX = 6;

/** Orders in work or ready, some 15 KB each: 30 MB. */
export const ORDERS_KEPT_MAX = 2048;

/** Of them, of one device: this period's and the next one's, and what a restart left behind. */
export const ORDERS_PER_DEVICE_MAX = 4;

/** And of one account: as much as its three devices may have. Removed ones leave theirs behind, and who joins and removes without end would else hold them all. */
export const ORDERS_PER_ACCOUNT_MAX = 12;

/** Time in which a client fetches what became of its order; then it orders again. */
export const ORDER_KEPT_FOR: Milliseconds = seconds(900);

/** Mean of the exponential wait in which requests to one provider gather: many clients' elements then go in one packet. */
export const GATHER_MEAN: Milliseconds = milliseconds(500);

/** A request to another provider that is not answered within this many longest delays was lost. */
export const ANSWER_WAIT_FACTOR = 2;
export const REQUEST_ATTEMPTS_MAX = 2;

/** Elements that wait to be sent to one provider; more are not waited for. */
export const GATHERED_BATCHES_MAX = 1024;

/**
 * To check a token takes some 2 ms: a fifth of the thread. Made-up tokens beyond it cost their sender a packet and us nothing; to
 * keep it up against others' requests takes a hundred devices that send nothing else.
 */
export const CHECK_BUDGET = { rate: perSecond(100), burst: 200 };
