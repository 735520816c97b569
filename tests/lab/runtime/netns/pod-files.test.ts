import { describe, expect, it } from 'vitest';
import { checkFiles, hostsFile, resolverFile } from '../../../../src/lab/runtime/netns/pod-files.ts';
import { container, sandbox } from './lab-under-test.ts';

const spec = sandbox('web', 'lab-1', ['10.244.0.5', 'fd00:10:244::5'], {
  hostAliases: [{ address: '10.0.0.1', names: ['db', 'db.example'] }],
});

describe('files of a pod', () => {
  it('name servers', () => {
    expect(resolverFile(spec)).toBe('search shop.svc.cluster.local\nnameserver 10.96.0.10\noptions ndots:5\n');
    expect(resolverFile({ ...spec, nameservers: [], searches: [], resolverOptions: [] })).toBe('');
  });

  it('name itself and its aliases', () => {
    const lines = hostsFile(spec).split('\n');
    expect(lines).toContain('10.244.0.5\tweb');
    expect(lines).toContain('fd00:10:244::5\tweb');
    expect(lines).toContain('10.0.0.1\tdb\tdb.example');
  });

  it('have no lines that a value has brought along', () => {
    const text = resolverFile({ ...spec, searches: ['a\nnameserver 6.6.6.6'], resolverOptions: ['x # y'] });
    expect(text).toBe('search anameserver6.6.6.6\nnameserver 10.96.0.10\noptions xy\n');
  });
});

describe('files of a container', () => {
  const check = (paths: readonly string[], folders: readonly string[] = [], bytes = 1) =>
    checkFiles(
      container('c', 's', ['x'], {
        files: paths.map((path) => ({ path, content: new Uint8Array(bytes), mode: 0o644 })),
        folders,
      }),
    );

  it('may be anywhere that is no system folder', () => {
    expect(() => check(['/etc/a', '/usr/share/x', '/a/..b/c'], ['/data'])).not.toThrow();
  });

  it.each([
    'relative',
    '/a/../b',
    '/..',
    '/a/./b',
    '/a\0b',
    '/dev/x',
    '/proc/self/mem',
    '/sys/x',
    `/${'x'.repeat(5000)}`,
  ])('may not be at %j', (path) => {
    expect(() => check([path])).toThrow(expect.objectContaining({ code: 'failed' }));
    expect(() => check([], [path])).toThrow(expect.objectContaining({ code: 'failed' }));
  });

  it('may not be too many or too big', () => {
    expect(() => check(Array.from({ length: 10_001 }, (_, index) => `/a/${index}`))).toThrow(/files/);
    expect(() => check(['/a', '/b'], [], 17 << 20)).toThrow(/MiB/);
  });
});
