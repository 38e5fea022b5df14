/**
 * What the window may not do, whatever a mail in it tries: no permissions, no other page, no second window, no request that
 * is not our own. A link leaves only through `openOutside`, after the user has said yes to the full address.
 */

import type { Dialog, Session, Shell, WebContents } from "electron";
import { isOurs } from "./address.ts";

export function confineSession(session: Session): void {
  session.setPermissionRequestHandler((_contents, _permission, answer) => answer(false));
  session.setPermissionCheckHandler(() => false);
  session.setDevicePermissionHandler(() => false);
  session.setDisplayMediaRequestHandler((_request, answer) => answer({}));
  // The page's own policy (CSP) forbids the same; this holds even where a frame comes without one.
  session.webRequest.onBeforeRequest(({ url }, answer) => answer({ cancel: !mayLoad(url) }));
}

export function confineContents(contents: WebContents, openOutside: (url: string) => void): void {
  contents.on("will-navigate", (event) => {
    if (isOurs(event.url)) return;
    event.preventDefault();
    openOutside(event.url);
  });
  contents.on("will-redirect", (event) => event.preventDefault());
  contents.on("will-frame-navigate", (event) => {
    if (!event.isMainFrame && !mayLoad(event.url)) event.preventDefault();
  });
  contents.on("will-attach-webview", (event) => event.preventDefault());
  contents.setWindowOpenHandler(({ url }) => {
    openOutside(url);
    return { action: "deny" };
  });
}

/** Our page, and what it made itself: blobs, data and the frame that shows a mail. */
export function mayLoad(url: string): boolean {
  return isOurs(url) || url.startsWith("data:") || url.startsWith("blob:") || url === "about:srcdoc";
}

/** The kinds of link that may leave; everything else could start a program. */
const OUTSIDE = new Set(["https:", "mailto:"]);

/** Shows the whole address and hands it to the system's browser or mail program when the user agrees. */
export async function openOutside(url: string, { dialog, shell }: { dialog: Dialog; shell: Shell }): Promise<void> {
  const target = URL.canParse(url) ? new URL(url) : undefined;
  if (target === undefined || !OUTSIDE.has(target.protocol)) return;
  const { response } = await dialog.showMessageBox({
    type: "question",
    message: target.protocol === "mailto:" ? "Write with another program?" : "Open this page in your browser?",
    // The normal form: letters of other alphabets that look like Latin ones show as what they are.
    detail: `${target.href}\n\nIt does not go through Starling: its owner sees your address and the time.`,
    buttons: ["Cancel", "Open"],
    defaultId: 0,
    cancelId: 0,
  });
  if (response === 1) await shell.openExternal(target.href);
}
