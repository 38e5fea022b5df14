/** Every bound of tokens, with its reason. */

import { CONTROL_BYTES } from "../link/limits.ts";

/** Elements under one proof: to check eight takes some 20 ms, a piece of work that fits between a client's ticks. */
export const TOKENS_PER_PROOF = 8;

/** More providers than a consensus lists are in no order, and 24 at 16 tokens fill a CONTROL frame. */
export const PROVIDERS_PER_ORDER_MAX = 64;

/** What an order or its answer may take of a CONTROL frame; the rest is for the request's own fields and the account's. */
export const ORDER_BYTES_MAX = CONTROL_BYTES - 1024;
