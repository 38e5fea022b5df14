/**
 * Every kind of connection the program opens or takes, in one table. A test compares it with the modules that can open
 * sockets; the trace test covers what the sockets carry.
 */

export interface Connection {
  readonly kind: string;
  readonly direction: "out" | "in";
  /** The module that opens it. */
  readonly openedBy: string;
  readonly to: string;
  readonly when: string;
  /** Whether an action of the user sets it off, so that its time tells something about them. */
  readonly userAction: boolean;
  /** Whether it is allowed when only mixed traffic is. */
  readonly whenOnlyMixed: boolean;
}

export const CONNECTIONS: readonly Connection[] = [
  {
    kind: "provider link",
    direction: "out",
    openedBy: "transport/link/tls-dialer.ts",
    to: "the user's own provider, TLS 1.3, its key pinned by the invite",
    when: "while the account is open; lost ones are dialled again after random waits",
    userAction: false,
    whenOnlyMixed: true,
  },
  {
    kind: "network file",
    direction: "out",
    openedBy: "transport/link/tls-dialer.ts",
    to: "the provider named by an invite, with a key that is used once",
    when: "an invite is read for the first time",
    userAction: true,
    whenOnlyMixed: true,
  },
  {
    kind: "browser window",
    direction: "in",
    openedBy: "main/host/loopback.ts",
    to: "127.0.0.1, a port of the system's choice; under Electron none",
    when: "while the program runs in the browser host",
    userAction: false,
    whenOnlyMixed: true,
  },
];
