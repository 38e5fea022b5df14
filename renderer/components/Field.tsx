/** One labelled line of text, with a hint and an error below it. */

import { FieldError } from "react-aria-components/FieldError";
import { Input } from "react-aria-components/Input";
import { Label } from "react-aria-components/Label";
import { Text } from "react-aria-components/Text";
import { TextField, type TextFieldProps } from "react-aria-components/TextField";

interface Props extends Omit<TextFieldProps, "children" | "className"> {
  readonly label: string;
  readonly hint?: string | undefined;
  readonly problem?: string | undefined;
  /** Stands after the text, as the domain of an address. */
  readonly suffix?: string | undefined;
}

export function Field({ label, hint, problem, suffix, ...rest }: Props) {
  return (
    <TextField {...rest} className="field" isInvalid={problem !== undefined}>
      <Label>{label}</Label>
      <div className="field-line">
        <Input className="input" />
        {suffix !== undefined && <span className="field-suffix">{suffix}</span>}
      </div>
      {hint !== undefined && problem === undefined && (
        <Text slot="description" className="hint">
          {hint}
        </Text>
      )}
      <FieldError className="problem">{problem}</FieldError>
    </TextField>
  );
}
