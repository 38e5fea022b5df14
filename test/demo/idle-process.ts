/** A process of the demo that does nothing: for the tests of those who look after processes. Given a number, it ends with that at once. */

import { endWithParent, tellReady } from "./parent.ts";

const [code] = process.argv.slice(2);
if (code !== undefined) process.exit(Number(code));
endWithParent(async () => {});
tellReady(undefined);
