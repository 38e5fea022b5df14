/** Whose program this is: what the pipelines need of the account while it is open. */

import type { Certificate, PrivateKey } from "../pgp/certificate.ts";

export interface Owner {
  readonly address: string;
  readonly name: string;
  readonly privateKey: PrivateKey;
  readonly certificate: Certificate;
}
