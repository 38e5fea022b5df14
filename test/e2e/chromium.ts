/** Debian's browser, silent: nothing of its own leaves the machine. */

export const CHROMIUM = "/usr/bin/chromium";

export const CHROMIUM_FLAGS: readonly string[] = [
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  // A sandboxed frame would otherwise load before Playwright sees its requests.
  "--disable-features=IsolateSandboxedIframes",
  "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
];
