/** Which requests to a provider cost a token: client and provider ask here. Spec: docs/spec/13-tokens.md §3 */

import { BOX_SERVICE, isCollect } from "../box/requests.ts";

/**
 * `have` is asked without one: whether lost mail is sent again must not depend on how many requests are left. A collect too:
 * it is cover, and leaves whether or not there are tokens (docs/spec/17-boxes.md §6).
 */
export function needsToken(service: string, body: Uint8Array): boolean {
  if (service === "have") return false;
  return service !== BOX_SERVICE || !isCollect(body);
}
