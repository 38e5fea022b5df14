/** A button that shows only a picture; its word appears on hover and focus and is read aloud. */

import type { ReactNode } from "react";
import { Button, type ButtonProps } from "react-aria-components/Button";
import { Tooltip, TooltipTrigger } from "react-aria-components/Tooltip";

interface Props extends Omit<ButtonProps, "children" | "className"> {
  readonly label: string;
  readonly children: ReactNode;
}

export function IconButton({ label, children, ...rest }: Props) {
  return (
    <TooltipTrigger delay={500}>
      <Button {...rest} aria-label={label} className="icon-button">
        {children}
      </Button>
      <Tooltip className="tooltip" offset={6}>
        {label}
      </Tooltip>
    </TooltipTrigger>
  );
}
