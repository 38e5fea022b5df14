/** The title of a page that stands where a conversation would, and, in a narrow window, the way back. */

import { ArrowLeft } from "lucide-react";
import { Button } from "react-aria-components/Button";
import { useTexts } from "../hooks/use-texts.ts";

export function PageHead({ title, onClose }: { readonly title: string; readonly onClose: () => void }) {
  const { thread } = useTexts();
  return (
    <header className="thread-head">
      <Button className="icon-button thread-back" aria-label={thread.back} onPress={onClose}>
        <ArrowLeft aria-hidden="true" size={18} />
      </Button>
      <h1>{title}</h1>
    </header>
  );
}
