/**
 * Starling keeps running when its window is closed: an observer who sees cover traffic end with the window would learn when
 * its user is at the desk. The tray says so, and is where one quits.
 */

import { fileURLToPath } from "node:url";
import { Menu, nativeImage, Tray } from "electron";

export function createTray({ open, quit }: { open: () => void; quit: () => void }): Tray {
  const tray = new Tray(nativeImage.createFromPath(fileURLToPath(new URL("tray.png", import.meta.url))));
  tray.setToolTip("Starling is mixing");
  tray.setContextMenu(
    Menu.buildFromTemplate([
      { id: "open", label: "Open Starling", click: open },
      { type: "separator" },
      { id: "quit", label: "Quit and stop mixing", click: quit },
    ]),
  );
  tray.on("click", open);
  return tray;
}
