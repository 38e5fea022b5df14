/** What the page itself does for the program: opens addresses, saves files, reloads. */

import type { Program } from "./program.ts";

/** Long enough for a browser to have begun the download. */
const BLOB_LIFE_MS = 60_000;

export const page: Pick<Program, "openExternal" | "save" | "reload"> = {
  openExternal(url) {
    // Under Electron the window's policy hands it to the system's browser; no new window opens there.
    window.open(url, "_blank", "noopener,noreferrer");
  },
  save(blob, name) {
    const url = URL.createObjectURL(blob);
    const anchor = document.createElement("a");
    anchor.href = url;
    anchor.download = name;
    anchor.click();
    setTimeout(() => URL.revokeObjectURL(url), BLOB_LIFE_MS);
  },
  reload: () => window.location.reload(),
};
