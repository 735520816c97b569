import { afterAll, describe, expect, it } from 'vitest';
import { linkSync, mkdirSync, symlinkSync } from 'node:fs';
import { join, relative } from 'node:path';
import { OperationalError } from '../../src/io/operational-error.ts';
import { readInputs } from '../../src/io/read-inputs.ts';
import { readManifestFile } from '../../src/io/read-file.ts';
import { walkFolder } from '../../src/io/walk-folder.ts';
import { temporaryFolder } from './files.ts';

const folder = temporaryFolder();
afterAll(folder.remove);
const quiet = { onProgress: () => {}, onStdinSilence: () => {} };

function namesBelow(root: string): readonly string[] {
  return walkFolder(root).files.map((file) => relative(root, file).replaceAll('\\', '/'));
}

describe('walking a folder', () => {
  it('finds manifests in the order of their paths and passes over what is none', () => {
    for (const name of ['b.yaml', 'a.yml', 'C.JSON', 'a/z.yaml', 'a/b/c.yaml', 'notes.txt', 'yaml', '._b.yaml']) {
      folder.write(`walk/${name}`);
    }
    for (const name of ['.git/x.yaml', 'node_modules/p/x.yaml', 'a/.terraform/x.json']) folder.write(`walk/${name}`);
    folder.write('walk/.hidden.yaml');
    expect(namesBelow(join(folder.path, 'walk'))).toEqual([
      '.hidden.yaml',
      'C.JSON',
      'a/b/c.yaml',
      'a/z.yaml',
      'a.yml',
      'b.yaml',
    ]);
  });

  it('enters a folder whose own name is hidden when it is asked for', () => {
    folder.write('.config/x.yaml');
    expect(namesBelow(join(folder.path, '.config'))).toEqual(['x.yaml']);
  });

  it('follows links once and survives loops', () => {
    folder.write('links/real/x.yaml');
    symlinkSync('real', join(folder.path, 'links/alias'));
    symlinkSync('..', join(folder.path, 'links/real/up'));
    symlinkSync('real/x.yaml', join(folder.path, 'links/y.yaml'));
    expect(namesBelow(join(folder.path, 'links'))).toEqual(['alias/x.yaml', 'y.yaml']);
  });

  it('reports links to nowhere only where they pose as manifests', () => {
    mkdirSync(join(folder.path, 'dangling'));
    symlinkSync('gone', join(folder.path, 'dangling/a.yaml'));
    symlinkSync('gone', join(folder.path, 'dangling/.#lock'));
    const { files, failures } = walkFolder(join(folder.path, 'dangling'));
    expect(files).toEqual([]);
    expect(failures.map(({ message }) => message)).toEqual([
      expect.stringContaining('a.yaml: cannot follow the symbolic link'),
    ]);
  });

  it('survives a depth that recursion would not', () => {
    const deep = Array.from({ length: 900 }, () => 'd').join('/');
    folder.write(`deep/${deep}/x.yaml`);
    expect(namesBelow(join(folder.path, 'deep'))).toEqual([`${deep}/x.yaml`]);
  });

  it('stops where a folder is too large to be meant', () => {
    for (let i = 0; i < 12; i += 1) folder.write(`many/${i}.yaml`);
    expect(() => walkFolder(join(folder.path, 'many'), 10)).toThrow(/more than 10 files/);
    expect(walkFolder(join(folder.path, 'many'), 12).files).toHaveLength(12);
  });
});

describe('reading a file', () => {
  it('refuses what is larger than the limit before reading it', () => {
    const file = folder.write('large.yaml', 'x'.repeat(1000));
    expect(() => readManifestFile(file, new Set(), 999)).toThrow(/larger than/);
    expect(readManifestFile(file, new Set(), 1000)).toMatchObject({ type: 'text', bytes: 1000 });
  });

  it('stops reading an endless one at the limit', () => {
    expect(() => readManifestFile('/dev/zero', new Set(), 200_000)).toThrow(/larger than/);
  });

  it('knows a file again under another name', () => {
    const file = folder.write('twice.yaml');
    linkSync(file, join(folder.path, 'again.yaml'));
    const seen = new Set<string>();
    expect(readManifestFile(file, seen).type).toBe('text');
    expect(readManifestFile(join(folder.path, 'again.yaml'), seen).type).toBe('duplicate');
  });
});

describe('reading inputs', () => {
  it('keeps the order given and the names as typed', async () => {
    const b = folder.write('order/b.yaml', 'b');
    folder.write('order/sub/a.yaml', 'a');
    const { sources } = await readInputs(
      [b, join(folder.path, 'order')].map((path) => ({ type: 'path', path })),
      quiet,
    );
    expect(sources).toEqual([
      { name: b, text: 'b' },
      { name: join(folder.path, 'order/sub/a.yaml'), text: 'a' },
    ]);
  });

  it('goes on after a fault and returns all of them', async () => {
    const good = folder.write('faults/good.yaml');
    folder.write('faults/bad.yaml', Uint8Array.of(0, 1, 2, 3));
    const { sources, failures } = await readInputs(
      [join(folder.path, 'absent'), join(folder.path, 'faults')].map((path) => ({ type: 'path', path })),
      quiet,
    );
    expect(sources.map(({ name }) => name)).toEqual([good]);
    expect(failures.map(({ code }) => code)).toEqual(['not-found', 'not-text']);
    for (const failure of failures) expect(failure).toBeInstanceOf(OperationalError);
  });

  it('tells the totals as it goes', async () => {
    folder.write('progress/a.yaml', '12345');
    folder.write('progress/b.yaml', '123');
    const told: [number, number][] = [];
    await readInputs([{ type: 'path', path: join(folder.path, 'progress') }], {
      ...quiet,
      onProgress: (files, bytes) => told.push([files, bytes]),
    });
    expect(told).toEqual([
      [1, 5],
      [2, 8],
    ]);
  });
});
