/**
 * Imported before any schema: without this, zod tries `new Function` once, which the page's content security policy
 * refuses and reports.
 */

import { config } from "zod";

config({ jitless: true });
