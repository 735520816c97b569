/** Makes sure that `dist/` is what `src/` says; also the global setup of the end-to-end tests. */
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, buildStamp } from './build.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));

function isStale() {
  const built = statSync(buildStamp, { throwIfNoEntry: false })?.mtimeMs;
  if (built === undefined) return true;
  const inputs = ['package.json', 'tsconfig.json', 'tsconfig.build.json', 'tools/build.mjs'];
  for (const entry of readdirSync(join(root, 'src'), { recursive: true })) inputs.push(join('src', entry.toString()));
  // A folder's own time tells of files that were added or taken away.
  return inputs.some((input) => statSync(join(root, input)).mtimeMs > built);
}

export default function buildWhenStale() {
  if (isStale()) build();
}
