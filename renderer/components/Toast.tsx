/** One sentence about what has just happened, sometimes with a way back; gone after a while. */

import { useEffect } from "react";
import { Button } from "react-aria-components/Button";
import { Glyph } from "./Glyph.tsx";

export interface ToastContent {
  readonly text: string;
  readonly action?: string;
  readonly onAction?: () => void;
  /** A sent mail dissolves into the flock, once. */
  readonly flies?: boolean;
}

interface Props {
  readonly content: ToastContent | undefined;
  readonly milliseconds: number;
  readonly onGone: () => void;
}

export function Toast({ content, milliseconds, onGone }: Props) {
  useEffect(() => {
    if (content === undefined) return;
    const timer = setTimeout(onGone, milliseconds);
    return () => clearTimeout(timer);
  }, [content, milliseconds, onGone]);
  return (
    <output className="toast-place">
      {content !== undefined && (
        <div className="toast" data-flies={content.flies}>
          <span>{content.text}</span>
          {content.flies && <Glyph content="private" path="mixed" />}
          {content.action !== undefined && (
            <Button
              className="button quiet"
              onPress={() => {
                content.onAction?.();
                onGone();
              }}
            >
              {content.action}
            </Button>
          )}
        </div>
      )}
    </output>
  );
}
