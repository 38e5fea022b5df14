/**
 * The lengths that documents of the directory have on a link: few, so that a length does not tell which document it was. At
 * most an eighth is added to what is long (as Padmé does: Nikitin et al., "Reducing metadata leakage from encrypted files and
 * communication with PURBs", PoPETs 2019). Spec: docs/spec/05-link.md §5
 */

/** The shortest: the network file of five authorities, a small network's consensus, and that there is none, are all as long. */
export const PADDED_BYTES_MIN = 32 * 1024;

/** The next length of the scale, at least `length`. */
export function paddedLength(length: number): number {
  if (length <= PADDED_BYTES_MIN) return PADDED_BYTES_MIN;
  const step = 2 ** (Math.floor(Math.log2(length)) - 3);
  return Math.ceil(length / step) * step;
}
