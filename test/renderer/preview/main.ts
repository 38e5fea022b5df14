/**
 * Shows the window over the fake program, for looking at and for browser tests; never shipped. The address chooses:
 * `?stage=new|locked|open`, `&dir=rtl`, `&kind=demo`, `&state=provider-down`.
 */

import "#renderer/api/quiet-zod.ts";
import "#renderer/styles/all.css";
import type { AppState, NetworkState } from "#main/contract/contract.ts";
import { sanitiseHtml } from "#renderer/components/sanitise-html.ts";
import { mount } from "#renderer/mount.tsx";
import { en } from "#renderer/text/en.ts";
import { fakeProgram } from "../fake-program.ts";

const query = new URLSearchParams(window.location.search);
const stage = (query.get("stage") ?? "open") as AppState["stage"];
const program = fakeProgram({
  stage,
  network: {
    kind: (query.get("kind") ?? "live") as NetworkState["kind"],
    state: (query.get("state") ?? "mixing") as NetworkState["state"],
  },
});
// For browser tests, which sanitise hostile mails where they would be read.
const reparse = (html: string): string => new DOMParser().parseFromString(html, "text/html").body.innerHTML;
Object.assign(window, { program, sanitiseHtml, reparse });
// The sentences stay English; a right-to-left locale turns the whole layout.
const rtl = query.get("dir") === "rtl";
if (rtl) document.documentElement.dir = "rtl";
mount(document.querySelector("#window")!, program, rtl ? { ...en, locale: "ar" } : en);
