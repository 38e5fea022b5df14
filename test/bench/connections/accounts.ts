/** Accounts of many clients, written into a provider's database before the provider starts: it lets 120 a minute sign up. */

import { canonicalLocalPart, skeletonOf } from "#provider-server/accounts/local-part.ts";
import { AccountTables } from "#provider-server/accounts/account-tables.ts";
import { ProviderDatabase } from "#provider-server/database/database.ts";
import type { RandomSource } from "#transport/core/random.ts";
import { MAILBOX_ID_BYTES, mailboxId } from "#transport/core/units.ts";
import { createLinkCertificate } from "#transport/link/certificate.ts";
import { deviceSeed } from "./device-seed.ts";

export function openAccounts(o: { file: string; count: number; random: RandomSource; now: number }): void {
  const database = new ProviderDatabase(o.file);
  const tables = new AccountTables(database);
  const day = Math.floor(o.now / DAY);
  database.transaction(() => {
    for (let i = 0; i < o.count; i++) {
      const localPart = canonicalLocalPart(`client${i}`) as string;
      tables.create({
        localPart,
        skeleton: skeletonOf(localPart),
        accountKey: o.random.bytes(32),
        mailboxId: mailboxId(o.random.bytes(MAILBOX_ID_BYTES)),
        deviceKey: createLinkCertificate(deviceSeed(i)).publicKey,
        day,
      });
    }
  });
  database.close();
}

const DAY = 24 * 3600 * 1000;
