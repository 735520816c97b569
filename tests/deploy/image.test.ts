import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

const root = new URL('../../', import.meta.url);
const lines = readFileSync(new URL('deploy/Dockerfile', root), 'utf8').replaceAll('\\\n', '').split('\n');
const ignore = readFileSync(new URL('deploy/Dockerfile.dockerignore', root), 'utf8').trim().split('\n');

describe('the image', () => {
  it('is built from what is there, and from nothing that is left out', () => {
    const wanted = lines
      .filter((line) => line.startsWith('COPY ') && !line.includes('--from='))
      .flatMap((line) => line.split(/\s+/).slice(1, -1))
      .filter((path) => path !== '.');
    expect(wanted.length).toBeGreaterThan(0);
    expect(ignore[0]).toBe('**');
    const kept = ignore.slice(1).map((line) => line.slice(1));
    for (const path of kept) expect([path, existsSync(new URL(path, root))]).toEqual([path, true]);
    expect(kept).toEqual(expect.arrayContaining(wanted));
    const { include, extends: base } = JSON.parse(readFileSync(new URL('tsconfig.build.json', root), 'utf8')) as {
      include: string[];
      extends: string;
    };
    expect(kept).toEqual(expect.arrayContaining([...include, base.replace('./', ''), 'tools']));
  });

  it('has its versions pinned', () => {
    const text = lines.join('\n');
    expect(text).toMatch(/^ARG NODE_IMAGE=node:20\.\d+\.\d+-bookworm-slim$/m);
    expect(text).toMatch(/^ARG NFTABLES_VERSION=\d\S+$/m);
    const installed = /apt-get install .*--no-install-recommends ((?:"\S+" ?)+)/.exec(text)?.[1]?.trim();
    expect(installed).toBe('"nftables=${NFTABLES_VERSION}"');
  });

  it('starts the program as built', () => {
    const { bin } = JSON.parse(readFileSync(new URL('package.json', root), 'utf8')) as { bin: { sallyport: string } };
    expect(lines).toContain(`ENTRYPOINT ["node", "/opt/sallyport/${bin.sallyport}"]`);
  });
});
