/** Answers with what it was sent: to see that a way there and back works. Spec: docs/spec/07-mailbox.md §7.4 */

import type { Service } from "./service.ts";

export const echoService: Service = {
  name: "echo",
  answer: (request) => request,
};
