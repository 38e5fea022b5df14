/** The provider's part of a survey: counts answers of people it cannot know, each of them once. */

import type { OwnService } from "#provider-server/services/service.ts";
import { utf8 } from "#transport";

export function createService({ choices }: { choices: string[] }): OwnService {
  const ballots = new Map<string, string>();
  return {
    answer(request) {
      const { ballot, choice } = JSON.parse(new TextDecoder().decode(request)) as { ballot: string; choice: string };
      if (choices.includes(choice)) ballots.set(ballot, choice); // a request may come twice
      const votes = [...ballots.values()];
      const counts = choices.map((name) => [name, votes.filter((vote) => vote === name).length]);
      return utf8(JSON.stringify(Object.fromEntries(counts)));
    },
  };
}
