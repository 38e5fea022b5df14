/** The two words about a message, with the glyph after them. */

import { useTexts } from "../hooks/use-texts.ts";
import { Glyph, type MarkContent, type MarkPath } from "./Glyph.tsx";

export function Mark({ content, path }: { readonly content: MarkContent; readonly path: MarkPath }) {
  const { mark } = useTexts();
  return (
    <span className="mark" data-content={content} data-path={path}>
      <span>{mark.both(mark[content], mark[path])}</span>
      <Glyph content={content} path={path} />
    </span>
  );
}

/** The normal is quiet: only open, damaged or direct mail is marked in a list. */
export function ExceptionMark({ content, path }: { readonly content: MarkContent; readonly path: MarkPath }) {
  const { mark } = useTexts();
  const unusual = [
    content === "open" || content === "broken" ? mark[content] : "",
    path === "direct" ? mark.direct : "",
  ];
  const words = unusual.filter((word) => word !== "").join(", ");
  if (words === "") return null;
  return (
    <span className="mark" data-content={content} data-path={path}>
      <span>{words}</span>
      <Glyph content={content} path={path} />
    </span>
  );
}
