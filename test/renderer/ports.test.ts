import { expect, test } from "vitest";
import { CallError } from "#main/contract/port.ts";
import { createFiles } from "#renderer/api/files.ts";
import { type Bridge, electronPort } from "#renderer/api/port-electron.ts";
import { openWebSocketPort, PROTOCOL, type Surroundings } from "#renderer/api/port-websocket.ts";

class FakeSocket extends EventTarget {
  readonly sent: string[] = [];
  closed = false;
  send(text: string): void {
    this.sent.push(text);
  }
  close(): void {
    this.closed = true;
    this.end(1000);
  }
  hear(data: unknown): void {
    this.dispatchEvent(Object.assign(new Event("message"), { data: JSON.stringify(data) }));
  }
  end(code: number): void {
    this.dispatchEvent(Object.assign(new Event("close"), { code }));
  }
}

const TOKEN = "A".repeat(43);

function around(hash: string, stored?: string) {
  const kept = new Map<string, string>(stored === undefined ? [] : [["starling.session", stored]]);
  const shown: string[] = [];
  const opened: { url: string; protocols: string[] }[] = [];
  const socket = new FakeSocket();
  const surroundings: Surroundings = {
    location: { hash, host: "127.0.0.1:4711", pathname: "/", search: "" },
    history: { replaceState: (_state, _title, url) => void shown.push(String(url)) },
    storage: {
      getItem: (key) => kept.get(key) ?? null,
      setItem: (key, value) => void kept.set(key, value),
      removeItem: (key) => void kept.delete(key),
    },
    open(url, protocols) {
      opened.push({ url, protocols });
      return socket as unknown as WebSocket;
    },
  };
  return { surroundings, socket, kept, shown, opened };
}

test("the token goes from the address bar to the subprotocol, and the bar is cleared first", () => {
  const { surroundings, shown, opened } = around(`#${TOKEN}`);
  openWebSocketPort(surroundings);
  expect(shown).toEqual(["/"]);
  expect(opened).toEqual([{ url: "ws://127.0.0.1:4711/port", protocols: [PROTOCOL, TOKEN] }]);
});

test("a reload is let in by the session token, which never was in an address", () => {
  const { surroundings, opened, shown } = around("", "session-token-of-this-tab");
  openWebSocketPort(surroundings);
  expect(opened[0]?.protocols).toEqual([PROTOCOL, "session-token-of-this-tab"]);
  expect(shown).toEqual([]);
});

test("without any token nothing is asked", () => {
  const { surroundings, opened } = around("");
  expect(openWebSocketPort(surroundings)).toBeUndefined();
  expect(opened).toEqual([]);
});

test("the first frame is the session; calls made before it wait for it", () => {
  const { surroundings, socket, kept } = around(`#${TOKEN}`);
  const port = openWebSocketPort(surroundings)!;
  const heard: string[] = [];
  port.onMessage((json) => heard.push(json));
  port.send("early");
  expect(socket.sent).toEqual([]);
  socket.hear({ session: "s1" });
  expect(kept.get("starling.session")).toBe("s1");
  expect(port.session()).toBe("s1");
  expect(socket.sent).toEqual(["early"]);
  expect(heard).toEqual([]);
  socket.hear({ id: 0, value: {} });
  expect(heard).toEqual(['{"id":0,"value":{}}']);
});

test("whoever begins with something else is not our host", () => {
  const { surroundings, socket } = around(`#${TOKEN}`);
  openWebSocketPort(surroundings);
  socket.hear({ id: 0, value: {} });
  expect(socket.closed).toBe(true);
});

test("each way to end has its name, and a refused token is forgotten", () => {
  for (const [frames, code, name, remembers] of [
    [[], 1006, "not-let-in", false],
    [[{ session: "s1" }], 4001, "replaced", true],
    [[{ session: "s1" }], 1006, "lost", true],
  ] as const) {
    const { surroundings, socket, kept } = around("", "old");
    const port = openWebSocketPort(surroundings)!;
    let closed = 0;
    port.onClose(() => closed++);
    for (const frame of frames) socket.hear(frame);
    socket.end(code);
    expect(port.ending()).toBe(name);
    expect(closed).toBe(1);
    expect(kept.has("starling.session")).toBe(remembers);
    port.send("late");
    expect(socket.sent).toEqual([]);
  }
});

test("the port over Electron's bridge keeps what came early and is silent after close", () => {
  let push: ((json: string) => void) | undefined;
  const sent: string[] = [];
  const bridge: Bridge = {
    send: (json) => void sent.push(json),
    onMessage: (listener) => {
      push = listener;
    },
  };
  const port = electronPort(bridge);
  push?.("early");
  const heard: string[] = [];
  port.onMessage((json) => heard.push(json));
  push?.("later");
  port.send("out");
  port.close();
  port.send("late");
  push?.("late");
  expect(heard).toEqual(["early", "later"]);
  expect(sent).toEqual(["out"]);
});

test("attachments go to our own host with the session, and come back without their sender's type", async () => {
  const asked: { url: string; init: RequestInit }[] = [];
  const handle = "00000000-0000-4000-8000-000000000001";
  const answers = [
    Response.json({ handle, name: "a b.pdf", type: "application/pdf", bytes: 3 }),
    new Response("<script>1</script>", { headers: { "content-type": "text/html" } }),
    Response.json({ error: { code: "DISK_FULL" } }, { status: 500 }),
    new Response("", { status: 413 }),
  ];
  const files = createFiles({
    session: () => "s1",
    request: (async (url: string, init: RequestInit) => {
      asked.push({ url, init });
      return answers.shift()!;
    }) as typeof fetch,
  });
  const file = new File(["abc"], "a b.pdf", { type: "application/pdf" });
  const added = await files.attach("d1", file);
  expect(asked[0]?.url).toBe("/draft/d1/attachment?name=a+b.pdf&type=application%2Fpdf");
  expect(new Headers(asked[0]?.init.headers).get("authorization")).toBe("Bearer s1");
  expect((await files.fetch(added)).type).toBe("application/octet-stream");
  await expect(files.attach("d1", file)).rejects.toEqual(new CallError("DISK_FULL"));
  await expect(files.attach("d1", file)).rejects.toMatchObject({ code: "MESSAGE_TOO_LARGE" });
});
