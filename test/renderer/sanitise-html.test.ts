import { expect, test } from "vitest";
import { foldStyleSheets, safeDeclarations } from "#renderer/components/mail-styles.ts";
import { disagrees } from "#renderer/components/link-text.ts";
import { frameDocument, linkTarget } from "#renderer/components/sanitise-html.ts";

/**
 * The parts of the sanitiser that are ours alone. The whole of it runs in a real browser, in test/e2e/window.spec.ts: an
 * imitated DOM parses hostile mail in ways that no browser does.
 */

test("a style sheet is folded into the elements it fits, the stronger rule last", () => {
  const folded = foldStyleSheets(
    "<style>p{color:red} #a{color:blue} .b{color:green} @media print{p{color:black}}</style><p id=a class=b style='margin:0'>x</p>",
  );
  const style = new DOMParser().parseFromString(folded, "text/html").querySelector("p")?.getAttribute("style") ?? "";
  expect(style.match(/red|green|blue|margin|black/g)).toEqual(["red", "green", "blue", "margin"]);
  expect(folded).not.toContain("<style");
});

test("only declarations that lay out and colour text survive", () => {
  const dangerous = [
    "background-image: url(x)",
    "background: URL('x')",
    "list-style-image: image-set('x' 1x)",
    "cursor: url(x), auto",
    "color: var(--x)",
    "width: expression(1)",
    "position: fixed",
    "z-index: 9",
    "content: attr(title)",
    "background: u\\72l(x)",
    "behavior: url(x)",
    "transform: scale(99)",
    "color: red } body { color: blue",
    "--x: url(y)",
  ];
  for (const one of dangerous) {
    expect(safeDeclarations(`color: red; ${one}; margin: 0 4px`).declarations).toBe("color: red; margin: 0 4px");
  }
  expect(safeDeclarations("width: calc(100% - 4px); color: rgb(0 0 0 / 50%)").declarations).toContain("calc");
});

test("what would have been fetched is counted, so that the reader hears of it", () => {
  expect(safeDeclarations("background: url(a); color: red; cursor: url(b)").fetches).toBe(2);
});

test("only https, http and mailto are ever offered, as they would go out", () => {
  expect(linkTarget("https://bücher.example/a b")).toBe("https://xn--bcher-kva.example/a%20b");
  expect(linkTarget("mailto:a@b.example")).toBe("mailto:a@b.example");
  for (const bad of [
    "file:///etc/passwd",
    "smb://x/y",
    "ms-msdt:/id",
    "javascript:1",
    "data:text/html,x",
    "/relative",
    "",
    "vbscript:x",
    "starling:1:x",
  ]) {
    expect(linkTarget(bad)).toBeUndefined();
  }
});

const link = (text: string, url: string): boolean => disagrees({ text, url });

test("a link whose text names another site is told apart from one that does not", () => {
  expect(link("www.bank.example", "https://evil.example/")).toBe(true);
  expect(link("https://bank.example/login", "https://bank.example.evil.example/")).toBe(true);
  expect(link("bank.example", "https://www.bank.example/x")).toBe(false);
  expect(link("our winter letter", "https://reed.example/")).toBe(false);
  expect(link("write to us", "mailto:a@b.example")).toBe(false);
});

test("the frame's document has a policy that allows nothing but pictures inside of the mail", () => {
  const document = frameDocument("<p>x</p>", "margin:0");
  expect(document).toContain("default-src 'none'; img-src data:; style-src 'unsafe-inline'");
  expect(document.indexOf("Content-Security-Policy")).toBeLessThan(document.indexOf("<p>x</p>"));
});
