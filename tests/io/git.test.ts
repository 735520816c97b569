/** Reading revisions: with a real git in a folder of its own. */
import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { GitRepository, requireRevision } from '../../src/io/git.ts';
import { temporaryFolder, type TemporaryFolder } from './files.ts';

let folder: TemporaryFolder;
let repository: GitRepository;

function git(...args: readonly string[]): string {
  return execFileSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@example.test', '-C', folder.path, ...args], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  }).trim();
}

beforeAll(async () => {
  folder = temporaryFolder();
  git('init', '-q', '-b', 'main');
  folder.write('k8s/a.yaml', 'first: 1\n');
  folder.write('k8s/sub/b.json', '{}');
  folder.write('k8s/.hidden/c.yaml', 'hidden: 1\n');
  folder.write('k8s/notes.txt', 'not a manifest');
  folder.write('k8s/odd name [*].yaml', 'odd: "ü"\n');
  folder.write('other/d.yml', 'd: 1\n');
  folder.write('crlf.yaml', 'x: 1\n');
  folder.write('.gitattributes', '*.yaml filter=marker\n');
  symlinkSync('a.yaml', join(folder.path, 'k8s/link.yaml'));
  git('add', '-A');
  git('commit', '-q', '-m', 'one');
  git('tag', 'v1');
  folder.write('k8s/a.yaml', 'second: 2\n');
  git('commit', '-q', '-am', 'two');
  const found = await GitRepository.around(folder.path);
  if (found === undefined) throw new Error('no repository');
  repository = found;
});
afterAll(() => folder.remove());

async function read(revision: string, ...paths: readonly string[]): Promise<Record<string, string>> {
  const commit = await repository.commitOf(revision);
  if (commit === undefined) throw new Error(`no ${revision}`);
  const { sources } = await repository.read(commit, revision, folder.path, paths);
  return Object.fromEntries(sources.map(({ name, text }) => [name, text]));
}

describe('files of a revision', () => {
  it('are the manifests below a path, named after revision and path', async () => {
    expect(await read('v1', 'k8s')).toEqual({
      'v1:k8s/a.yaml': 'first: 1\n',
      'v1:k8s/odd name [*].yaml': 'odd: "ü"\n',
      'v1:k8s/sub/b.json': '{}',
    });
    expect(await read('HEAD', 'k8s/')).toMatchObject({ 'HEAD:k8s/a.yaml': 'second: 2\n' });
  });
  it('are all of them for the top folder', async () => {
    expect(Object.keys(await read('main', '.'))).toContain('main:other/d.yml');
  });
  it('are one file, whatever its extension', async () => {
    expect(await read('HEAD~1', 'k8s/notes.txt')).toEqual({ 'HEAD~1:k8s/notes.txt': 'not a manifest' });
  });
  it('come once, however often they are named', async () => {
    expect(Object.keys(await read('HEAD', 'k8s/a.yaml', 'k8s/a.yaml', 'k8s/sub'))).toHaveLength(2);
  });
  it('take paths as they are, not as patterns', async () => {
    expect(Object.keys(await read('HEAD', 'k8s/odd name [*].yaml'))).toEqual(['HEAD:k8s/odd name [*].yaml']);
    const commit = (await repository.commitOf('HEAD')) ?? '';
    const { missing, sources } = await repository.read(commit, 'HEAD', folder.path, ['k8s/*.yaml', 'nowhere']);
    expect({ missing, sources }).toEqual({ missing: ['k8s/*.yaml', 'nowhere'], sources: [] });
  });
  it('may be binary, which is a failure of that file only', async () => {
    folder.write('bin/x.yaml', new Uint8Array([0x7f, 0x45, 0x4c, 0x46, 0x00, 0x01, 0x00, 0xff]));
    folder.write('bin/y.yaml', 'y: 1\n');
    git('add', '-A');
    git('commit', '-q', '-m', 'three');
    const commit = (await repository.commitOf('HEAD')) ?? '';
    const { sources, failures } = await repository.read(commit, 'HEAD', folder.path, ['bin']);
    expect(sources.map(({ name }) => name)).toEqual(['HEAD:bin/y.yaml']);
    expect(failures.map(({ code }) => code)).toEqual(['not-text']);
  });
  it('are not looked for outside the repository', async () => {
    const commit = (await repository.commitOf('HEAD')) ?? '';
    await expect(repository.read(commit, 'HEAD', folder.path, ['../x'])).rejects.toMatchObject({
      code: 'outside-repository',
      exitCode: 2,
    });
  });
});

describe('revisions', () => {
  it.each(['--upload-pack=x', '-h', '', 'a\nb', 'a\0b'])('%j is refused before git sees it', async (text) => {
    expect(() => requireRevision(text)).toThrow(/is not a git revision/);
    await expect(repository.commitOf(text)).rejects.toMatchObject({ exitCode: 2 });
  });
  it.each(['nowhere', 'HEAD~99', 'main:k8s', 'HEAD; true', '$(touch x)'])('%j names no commit', async (text) => {
    expect(await repository.commitOf(text)).toBeUndefined();
  });
  it('have a common ancestor', async () => {
    git('checkout', '-q', '-b', 'side', 'v1');
    folder.write('side.yaml', 's: 1\n');
    git('add', '-A');
    git('commit', '-q', '-m', 'side');
    expect(await repository.mergeBase('main', 'side')).toBe(git('rev-parse', 'v1'));
    git('checkout', '-q', 'main');
  });
  it('of a folder that is no repository are nobody’s', async () => {
    const plain = temporaryFolder();
    expect(await GitRepository.around(plain.path)).toBeUndefined();
    plain.remove();
  });
});

describe('nothing of the repository runs', () => {
  it('neither filters, nor hooks, nor a file system monitor', async () => {
    const mark = join(folder.path, 'ran');
    const script = folder.write('evil.sh', `#!/bin/sh\ntouch '${mark}'\ncat\n`);
    chmodSync(script, 0o755);
    for (const key of [
      'filter.marker.smudge',
      'filter.marker.clean',
      'core.fsmonitor',
      'diff.external',
      'core.pager',
    ]) {
      git('config', key, script);
    }
    mkdirSync(join(folder.path, 'hooks'), { recursive: true });
    git('config', 'core.hooksPath', join(folder.path, 'hooks'));
    expect(await read('v1', 'k8s')).toMatchObject({ 'v1:k8s/a.yaml': 'first: 1\n' });
    expect(await repository.mergeBase('v1', 'HEAD')).toBeDefined();
    expect(existsSync(mark)).toBe(false);
  });
});
