// Letters as they arrive: the test that started this writes each into a file.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { must, until } from "./browser.mjs";

/** The n-th letter that arrives, from 1. */
export async function letter(n) {
  const file = join(process.env.LETTERS, String(n));
  await until(`letter ${n}`, async () => existsSync(file), 30_000);
  return JSON.parse(readFileSync(file, "utf8"));
}

/** The first link in a letter. */
export function linkIn({ text }) {
  const link = /https?:\/\/\S+/.exec(text)?.[0];
  must(link, `no link in the letter: ${text}`);
  return link;
}
