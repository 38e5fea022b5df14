/**
 * What the window's page may load and run, in every host. Spec: docs/spec/10-contract.md
 *
 * Mails are shown in `srcdoc` frames. Those inherit this policy and add a stricter one of their own, so what is refused here
 * is refused there too. Style attributes are allowed for their sake: the frame's content has passed the sanitiser, which
 * keeps only declarations that fetch nothing; style *elements* stay refused everywhere.
 */

export const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  // The one style element that React Aria adds (how a press scrolls on touch screens), by its text.
  "style-src 'self' 'sha256-38RhXrc7EdReTKsOm23ZPOCUgniTUUcjky8QOOrQx6o='",
  "style-src-attr 'unsafe-inline'",
  "font-src 'self'",
  // data: pictures are inside of mails.
  "img-src 'self' data: blob:",
  // The port and attachments; 'self' includes the WebSocket of the same host and port.
  "connect-src 'self'",
  "frame-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");
