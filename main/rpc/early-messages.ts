/** What arrives on a port before anybody listens, kept in order for whoever will. */

export class EarlyMessages {
  #listener: ((json: string) => void) | undefined;
  readonly #kept: string[] = [];

  receive(json: string): void {
    if (this.#listener === undefined) this.#kept.push(json);
    else this.#listener(json);
  }

  /** Hears at once what came before it. */
  listen(listener: (json: string) => void): void {
    this.#listener = listener;
    for (const json of this.#kept.splice(0)) listener(json);
  }
}
