/** A process that tries decoders with planted faults. */

import { plantedTargets } from "./planted.ts";
import { serve } from "./serve.ts";

if (process.send !== undefined) serve(plantedTargets());
