import { mkdtempSync, readFileSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { writeEdits } from '../../src/io/edit-files.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sallyport-edit-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

it('replaces the text it was made from', () => {
  const path = join(folder, 'a');
  writeFileSync(path, 'one ✓\n');
  expect(writeEdits([{ path, before: 'one ✓\n', after: 'two ✓\n' }])).toEqual([]);
  expect(readFileSync(path, 'utf8')).toBe('two ✓\n');
  expect(readdirSync(folder)).toEqual(['a']);
});

it('leaves alone what has changed, and goes on', () => {
  const [a, b] = [join(folder, 'a'), join(folder, 'b')];
  writeFileSync(a, 'changed');
  writeFileSync(b, 'b');
  const failures = writeEdits([
    { path: a, before: 'a', after: 'x' },
    { path: join(folder, 'gone'), before: '', after: 'x' },
    { path: b, before: 'b', after: 'y' },
  ]);
  expect(failures.map(({ code }) => code)).toEqual(['file-changed', 'not-writable']);
  expect([readFileSync(a, 'utf8'), readFileSync(b, 'utf8')]).toEqual(['changed', 'y']);
});

it('follows a link instead of replacing it', () => {
  const [target, link] = [join(folder, 'target'), join(folder, 'link')];
  writeFileSync(target, 'a');
  symlinkSync(target, link);
  expect(writeEdits([{ path: link, before: 'a', after: 'b' }])).toEqual([]);
  expect([readFileSync(target, 'utf8'), readFileSync(link, 'utf8')]).toEqual(['b', 'b']);
});
