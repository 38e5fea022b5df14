/** Checks of the texts that people write into descriptors and network files. Spec: docs/spec/08-directory.md §3 */

import { TransportError } from "../core/errors.ts";

/** A family's or authority's name: letters, digits and a few signs, so that no two names look alike. Throws MALFORMED. */
export function checkName(name: string): string {
  if (!/^[a-z0-9](?:[a-z0-9 ._-]{0,62}[a-z0-9])?$/i.test(name)) throw new TransportError("MALFORMED");
  return name;
}

/** Lower case, labels of RFC 1035 joined by dots; international names in their ASCII form. Throws MALFORMED. */
export function checkDomain(domain: string): string {
  const labels = domain.split(".");
  const isSound = labels.length >= 2 && labels.every((label) => /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/.test(label));
  if (!isSound) throw new TransportError("MALFORMED");
  return domain;
}
