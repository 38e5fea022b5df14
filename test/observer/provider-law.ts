/**
 * Where packets go whose destination is drawn, as an observer of lines knows it: how many come into each provider from the third
 * layer, and after what time. Loops come home, drops (in idle payload slots too) and decoys go to a provider by chance, nodes' loops pass
 * by. Spec: docs/spec/04-traffic.md §3, §4, §11; docs/spec/06-mix.md §7
 */

import type { Parameters } from "#transport/core/parameters.ts";
import { meanInterval } from "#transport/core/units.ts";
import { decoyRate } from "#transport/traffic/minimum-pool.ts";
import { type DelayLaw, lawOf, survival } from "./erlang.ts";

export interface ProviderNetwork {
  readonly parameters: Parameters;
  /** Clients in the mail profile that are connected, the watched one among them; as many at each provider. */
  readonly users: number;
  readonly providers: number;
  readonly mixesPerLayer: number;
}

/** Shares of a client's packets that carry nothing: which come home, and which go to a provider by chance. */
export interface Chances {
  readonly loop: number;
  readonly anywhere: number;
}

export function chancesOf({ profiles: { mail } }: Parameters): Chances {
  return { loop: mail.loopShare, anywhere: mail.payloadShare + mail.dropShare };
}

/** Packets of nodes that come into each provider in a ms: decoys, its own loops, loops of mixes. */
export function nodePackets({ parameters, providers, mixesPerLayer }: ProviderNetwork): number {
  const layers = [mixesPerLayer, mixesPerLayer, mixesPerLayer];
  const decoys = decoyRate(parameters, { layers, providers }).rate;
  const mixes = layers.length * mixesPerLayer;
  return (decoys + parameters.nodeLoopRate * (1 + mixes / providers)) / 1000;
}

/** Packets of clients and nodes that come into all providers together in a ms. */
export function allPackets(network: ProviderNetwork): number {
  const { parameters, users, providers } = network;
  return users / meanInterval(parameters.profiles.mail.sendRate) + providers * nodePackets(network);
}

/** The laws among which a packet's delays are drawn, each with its share. */
export type Mixture = readonly (readonly [share: number, law: DelayLaw])[];

/** Payload slots keep their profile's mean; loops and drops have either profile's. */
export function waysOf(parameters: Parameters): {
  readonly payload: Mixture;
  readonly loop: Mixture;
  readonly anywhere: Mixture;
} {
  const { payloadShare, dropShare } = parameters.profiles.mail;
  const [mail, chat] = [lawOf(parameters, "mail"), lawOf(parameters, "chat")];
  const fast = (0.5 * dropShare) / (payloadShare + dropShare);
  return {
    payload: [[1, mail]],
    loop: [
      [0.5, mail],
      [0.5, chat],
    ],
    anywhere: [
      [1 - fast, mail],
      [fast, chat],
    ],
  };
}

/** Of a packet that left `from` ms after its bin's start, or evenly in [from, until): the shares that come in each bin from its own on. */
export function lagShares(ways: Mixture, o: { bin: number; bins: number; from: number; until: number }): Float64Array {
  const shares = new Float64Array(o.bins);
  for (let i = 0; i < POINTS; i++) {
    const left = o.from + ((i + 0.5) / POINTS) * (o.until - o.from);
    for (let lag = 0; lag < o.bins; lag++) {
      const share = arriving(ways, lag * o.bin - left, (lag + 1) * o.bin - left);
      shares[lag] = (shares[lag] as number) + share / POINTS;
    }
  }
  return shares;
}

const POINTS = 32;

/** The chance of arriving in the time between so and so long after departure. */
export function arriving(ways: Mixture, from: number, until: number): number {
  return ways.reduce((sum, [share, law]) => sum + share * (survival(law, from) - survival(law, until)), 0);
}

/**
 * The chance to guess right when each of `providers` counts has the same normal noise and one is `excess` of its standard deviations
 * higher: the greatest is taken.
 */
export function chanceOfRight(excess: number, providers: number): number {
  let sum = 0;
  for (let z = -8; z < 8; z += STEP) sum += normalDensity(z) * normalShare(z + excess) ** (providers - 1) * STEP;
  return sum;
}

const STEP = 1 / 64;
const normalDensity = (z: number): number => Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI);

/** Zelen and Severo's, 7.5e-8 at most off (Abramowitz and Stegun 26.2.17). */
function normalShare(z: number): number {
  if (z < 0) return 1 - normalShare(-z);
  const t = 1 / (1 + 0.2316419 * z);
  const tail = t * (0.31938153 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))));
  return 1 - normalDensity(z) * tail;
}
