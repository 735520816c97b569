import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';

const folder = join(dirname(fileURLToPath(import.meta.url)), 'goldens');
const update = process.env['UPDATE_GOLDENS'] === '1';

/** Compares with `goldens/<file>`; `UPDATE_GOLDENS=1` writes it instead. Look at the diff before committing it. */
export function expectGolden(file: string, actual: string): void {
  // Markdown goldens end in .txt as well, so that no formatter tidies them.
  const path = join(folder, file.endsWith('.md') ? `${file}.txt` : file);
  if (update) {
    mkdirSync(folder, { recursive: true });
    writeFileSync(path, actual);
  }
  expect(actual).toBe(readFileSync(path, 'utf8'));
}
