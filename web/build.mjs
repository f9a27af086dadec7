// Builds `src/` into `dist/`: one module a page, shared code in chunks, one stylesheet with its fonts.
import { build } from "esbuild";
import { rm } from "node:fs/promises";

await rm("dist", { recursive: true, force: true });
await build({
  entryPoints: { archive: "src/archive.ts", console: "src/console.ts", desk: "src/desk.ts", external: "src/external.ts", recording: "src/recording.ts", room: "src/room.ts", settings: "src/settings.ts", sharing: "src/sharing.ts", sorting: "src/sorting.ts", theme: "src/theme.ts", upload: "src/upload.ts", app: "src/style/app.css", icon: "src/icon.svg" },
  outdir: "dist",
  bundle: true,
  splitting: true,
  format: "esm",
  target: ["chrome109", "firefox115", "safari16.4"],
  minify: true,
  sourcemap: false,
  legalComments: "linked",
  chunkNames: "chunk-[hash]",
  assetNames: "[name]-[hash]",
  loader: { ".ftl": "text", ".woff2": "file", ".woff": "empty", ".svg": "copy" },
  logLevel: "warning",
});

// The indicator for pages of others: one classic script, so that one tag is enough and nothing of it is the page's.
await build({
  entryPoints: { indicator: "src/indicator.ts" },
  outdir: "dist",
  bundle: true,
  format: "iife",
  target: ["chrome109", "firefox115", "safari16.4"],
  minify: true,
  charset: "utf8",
  legalComments: "none",
  loader: { ".ftl": "text", ".css": "text" },
  logLevel: "warning",
});
