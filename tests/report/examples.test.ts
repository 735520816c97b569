/** The shipped examples, from manifests to reports. */
import { readFileSync, readdirSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { connectivityMap } from '../../src/engine/connectivity.ts';
import { createEngine } from '../../src/engine/engine.ts';
import { readManifests } from '../../src/kube/read.ts';
import { buildCluster } from '../../src/model/cluster.ts';
import { mapFormats } from '../../src/report/formats.ts';
import { plainPalette } from '../../src/report/palette.ts';
import { expectGolden } from './golden.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));

function manifests(folder: string): { name: string; text: string }[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.yaml'))
    .toSorted()
    .map((file) => join(root, folder, file))
    .map((path) => ({ name: relative(root, path), text: readFileSync(path, 'utf8') }));
}

const cases: readonly (readonly [string, readonly string[]])[] = [
  ['three-tier-open', ['examples/three-tier/app']],
  ['three-tier-denied', ['examples/three-tier/app', 'examples/three-tier/1-default-deny']],
  ['three-tier', ['examples/three-tier']],
  ['online-shop', ['examples/online-shop']],
  ['external-endpoints', ['examples/external-endpoints']],
  ['namespace-isolation', ['examples/namespace-isolation']],
];

describe('the examples', () => {
  for (const [name, folders] of cases) {
    it(name, () => {
      const { objects, diagnostics } = readManifests(folders.flatMap(manifests));
      expect(diagnostics).toEqual([]);
      const map = connectivityMap(createEngine(buildCluster(objects)));
      for (const format of mapFormats.filter((f) => f.name === 'text' || f.name === 'mermaid')) {
        expectGolden(`example-${name}.${format.extension}`, format.render(map, { palette: plainPalette, width: 100 }));
      }
    });
  }
});
