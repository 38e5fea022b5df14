/**
 * The two functions that run inside Chromium, sent there as text: one in the page's world, one in the preload's. They are
 * joined by events that only they can name, so the page gets what `exposeInMainWorld` gave it and nothing else.
 * Starling's preload exposes functions of text and of listeners; nothing richer crosses here.
 */

declare const window: EventTarget & { readonly top: unknown };

/** The page's half: defines what the preload exposes. Everything is taken before any script of the page can change it. */
export function mainWorld(secret: string): void {
  if (window !== window.top) return;
  const dispatch = window.dispatchEvent.bind(window);
  const Event = CustomEvent;
  const listeners: ((...args: unknown[]) => void)[] = [];

  window.addEventListener(`${secret}-expose`, (event: globalThis.Event) => {
    event.stopImmediatePropagation();
    const { name, methods } = (event as CustomEvent<{ name: string; methods: string[] }>).detail;
    const exposed: Record<string, (...args: unknown[]) => void> = {};
    for (const method of methods) {
      exposed[method] = (...args) => {
        const carried = args.map((arg) =>
          typeof arg === "function" ? { listener: listeners.push(arg as never) - 1 } : arg,
        );
        dispatch(new Event(`${secret}-call`, { detail: { method, args: carried } }));
      };
    }
    Object.defineProperty(window, name, { value: Object.freeze(exposed), enumerable: true });
  });
  window.addEventListener(`${secret}-listener`, (event: globalThis.Event) => {
    event.stopImmediatePropagation();
    const { listener, args } = (event as CustomEvent<{ listener: number; args: unknown[] }>).detail;
    listeners[listener]?.(...args);
  });
}

/** The preload's half: gives it `require("electron")` as a sandboxed preload has it. */
export function preloadWorld(secret: string, preload: (...args: unknown[]) => void): void {
  if (window !== window.top) return;
  const native = (globalThis as unknown as { standInSend: (text: string) => void }).standInSend;
  const heard = new Map<string, ((event: object, ...args: unknown[]) => void)[]>();
  const ipcRenderer = {
    send: (channel: string, ...args: unknown[]): void => native(JSON.stringify({ channel, args })),
    on: (channel: string, listener: (event: object, ...args: unknown[]) => void): void => {
      heard.set(channel, [...(heard.get(channel) ?? []), listener]);
    },
  };
  Object.assign(globalThis, {
    standInDeliver: (text: string): void => {
      const { channel, args } = JSON.parse(text) as { channel: string; args: unknown[] };
      for (const listener of heard.get(channel) ?? []) listener({}, ...args);
    },
  });

  const contextBridge = {
    exposeInMainWorld: (name: string, methods: Record<string, (...args: unknown[]) => void>): void => {
      window.addEventListener(`${secret}-call`, (event: globalThis.Event) => {
        event.stopImmediatePropagation();
        const { method, args } = (event as CustomEvent<{ method: string; args: unknown[] }>).detail;
        const revived = args.map((arg) => {
          const handle = (arg as { listener?: number } | null)?.listener;
          if (handle === undefined) return arg;
          return (...values: unknown[]) =>
            window.dispatchEvent(new CustomEvent(`${secret}-listener`, { detail: { listener: handle, args: values } }));
        });
        methods[method]?.(...revived);
      });
      window.dispatchEvent(new CustomEvent(`${secret}-expose`, { detail: { name, methods: Object.keys(methods) } }));
    },
  };

  const require = (name: string): object => {
    if (name === "electron") return { ipcRenderer, contextBridge };
    throw new Error(`module not found: ${name}`);
  };
  const module = { exports: {} };
  preload(require, module, module.exports);
}
