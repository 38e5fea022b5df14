/** An error in three parts: what did not happen, what is safe now, one thing to do. */

import { TriangleAlert } from "lucide-react";
import { createContext, type ReactNode, useContext } from "react";
import { Button } from "react-aria-components/Button";
import type { ErrorCode } from "#main/contract/contract.ts";
import { useTexts } from "../hooks/use-texts.ts";
import type { ErrorText } from "../text/errors-en.ts";

interface Props {
  readonly code?: ErrorCode | undefined;
  /** What a code means here, where that is another thing than elsewhere. */
  readonly instead?: Partial<Record<ErrorCode, ErrorText>>;
  /** For what is not an error of the program. */
  readonly text?: ErrorText;
  readonly onRetry?: (() => void) | undefined;
  readonly retryLabel?: string;
  readonly onDismiss?: () => void;
}

/** Whether the window has lost its program: then that is said once, above all else. */
export const EndedContext = createContext(false);

export function ErrorNote({ code, instead, text, onRetry, retryLabel, onDismiss }: Props): ReactNode {
  const texts = useTexts();
  const says = text ?? (code === undefined ? undefined : (instead?.[code] ?? texts.errors[code]));
  const isEnded = useContext(EndedContext);
  if (says === undefined || (isEnded && code === "REFUSED")) return null;
  return (
    <div className="error-note" role="alert" data-code={code}>
      <TriangleAlert aria-hidden="true" size={16} />
      <div>
        <p className="error-what">{says.what}</p>
        <p>{says.safe}</p>
        <p>{says.todo}</p>
      </div>
      <div className="error-actions">
        {onRetry && (
          <Button className="button" onPress={onRetry}>
            {retryLabel ?? texts.app.tryAgain}
          </Button>
        )}
        {onDismiss && (
          <Button className="button quiet" onPress={onDismiss}>
            {texts.app.dismiss}
          </Button>
        )}
      </div>
    </div>
  );
}
