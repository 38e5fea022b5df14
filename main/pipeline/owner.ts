/** Whose program this is: what the pipelines need of the account while it is open. The private key is in the mail thread. */

import type { ReadCertificate } from "../mail-work/jobs.ts";

export interface Owner {
  readonly address: string;
  readonly name: string;
  readonly certificate: ReadCertificate;
}
