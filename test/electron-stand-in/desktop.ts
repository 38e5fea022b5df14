/** What an app asks of the desktop: recorded, and answered as the test prepared. */

import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";
import { EventEmitter } from "node:events";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { App } from "./app.ts";
import { answerTo, record } from "./journal.ts";

interface MessageBox {
  readonly message: string;
  readonly detail?: string;
  readonly cancelId?: number;
}

export const dialog = {
  showMessageBox(options: MessageBox): Promise<{ response: number }> {
    record("message-box", { message: options.message, detail: options.detail });
    return Promise.resolve({ response: answerTo("message-box", options.cancelId ?? 0) });
  },
  showErrorBox(title: string, content: string): void {
    record("error-box", { title, content });
  },
};

export const shell = {
  openExternal(url: string): Promise<void> {
    record("open-external", { url });
    return Promise.resolve();
  },
};

export const nativeImage = {
  createFromPath: (path: string) => ({ isEmpty: (): boolean => !existsSync(path) }),
};

interface ItemOptions {
  readonly id?: string;
  readonly label?: string;
  readonly role?: string;
  readonly submenu?: readonly ItemOptions[];
  readonly click?: () => void;
}

export class Menu {
  static #application: Menu | null = null;
  readonly items: readonly {
    readonly id: string | undefined;
    readonly label: string;
    readonly submenu: Menu | undefined;
    click(): void;
  }[];

  constructor(template: readonly ItemOptions[]) {
    this.items = template.map(({ id, label, role, submenu, click }) => ({
      id,
      label: label ?? role ?? "",
      submenu: submenu && new Menu(submenu),
      click: () => click?.(),
    }));
  }

  static buildFromTemplate(template: readonly ItemOptions[]): Menu {
    return new Menu(template);
  }

  static setApplicationMenu(menu: Menu | null): void {
    Menu.#application = menu;
  }

  static getApplicationMenu(): Menu | null {
    return Menu.#application;
  }
}

export class Tray extends EventEmitter {
  constructor(image: { isEmpty(): boolean }) {
    super();
    record("tray", { hasImage: !image.isEmpty() });
  }

  setToolTip(text: string): void {
    record("tray-text", { text });
  }

  setContextMenu(menu: Menu): void {
    Object.assign(globalThis, { standInTrayMenu: menu });
  }
}

/** Electron's `safeStorage`, with a key in a file where a desktop would ask its keyring. */
export function createSafeStorage(app: App) {
  const key = (): Buffer => {
    const file = join(app.getPath("userData"), "stand-in-keyring");
    if (!existsSync(file)) {
      mkdirSync(app.getPath("userData"), { recursive: true });
      writeFileSync(file, randomBytes(32), { mode: 0o600 });
    }
    return readFileSync(file);
  };
  return {
    isEncryptionAvailable: (): boolean => app.isReady(),
    getSelectedStorageBackend: (): string => process.env["STAND_IN_KEYRING"] ?? "gnome_libsecret",
    encryptString(text: string): Buffer {
      const nonce = randomBytes(12);
      const cipher = createCipheriv("aes-256-gcm", key(), nonce);
      const sealed = Buffer.concat([cipher.update(text, "utf8"), cipher.final()]);
      return Buffer.concat([nonce, cipher.getAuthTag(), sealed]);
    },
    decryptString(bytes: Buffer): string {
      const decipher = createDecipheriv("aes-256-gcm", key(), bytes.subarray(0, 12));
      decipher.setAuthTag(bytes.subarray(12, 28));
      return decipher.update(bytes.subarray(28), undefined, "utf8") + decipher.final("utf8");
    },
  };
}
