/** The one address the window shows. */

export const SCHEME = "app";
export const HOST = "starling";
export const PAGE = `${SCHEME}://${HOST}/index.html`;

/** True for addresses of our own page. By prefix: `URL.origin` is "null" for schemes that browsers do not know. */
export const isOurs = (url: string): boolean => url.startsWith(`${SCHEME}://${HOST}/`);
