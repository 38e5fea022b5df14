/** A process that tries the decoders. */

import { serve } from "./serve.ts";
import { allTargets } from "./targets.ts";

if (process.send !== undefined) serve(await allTargets());
