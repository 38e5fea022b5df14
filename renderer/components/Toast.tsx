/** One sentence about what has just happened, sometimes with a way back; gone after a while. */

import { useEffect, useEffectEvent } from "react";
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
  // What is drawn anew meanwhile, as the network page is each second, does not begin its time again.
  const end = useEffectEvent(onGone);
  useEffect(() => {
    if (content === undefined) return;
    const timer = setTimeout(() => end(), milliseconds);
    return () => clearTimeout(timer);
  }, [content, milliseconds]);
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
