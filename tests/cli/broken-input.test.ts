/** Input that no answer can be given from: the message, the exit code, and neither a stack trace nor a hang. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { deployment, policy, shop, temporaryFolder } from './manifests.ts';
import { runSallyport } from './run-sallyport.ts';

interface Broken {
  readonly what: string;
  readonly content: string | Uint8Array;
  readonly name?: string;
  readonly message: RegExp;
  /** `file:line` that the message must name. */
  readonly place?: string;
}

const ingressFrom = (rule: string): string =>
  policy('shop', 'p', `podSelector: {}\ningress:\n  - from:\n      - ${rule}`);
const ingressPort = (port: string): string =>
  policy('shop', 'p', `podSelector: {}\ningress:\n  - ports:\n      - ${port}`);

const brokenFiles: readonly Broken[] = [
  {
    what: 'templating leftovers',
    content: 'apiVersion: v1\nkind: Pod\nmetadata:\n  name: {{ .Values.name }}\nspec: {}\n',
    message: /templat/i,
    place: ':4',
  },
  {
    what: 'a templating block',
    content: '{{- if .Values.enabled }}\napiVersion: v1\nkind: Namespace\nmetadata:\n  name: a\n{{- end }}\n',
    message: /templat/i,
    place: ':1',
  },
  {
    what: 'a tab as indentation',
    content: 'apiVersion: v1\nkind: Pod\nmetadata:\n\tname: a\n',
    message: /tab/i,
    place: ':4',
  },
  {
    what: 'a duplicate key',
    content: 'apiVersion: v1\nkind: Namespace\nmetadata:\n  name: a\n  name: b\n',
    message: /name/,
    place: ':5',
  },
  {
    what: 'a wrong type',
    content: deployment('shop', 'web', 8080).replace('replicas: 2', 'replicas: two'),
    message: /replicas|string/,
    place: ':7',
  },
  { what: 'labels that are numbers', content: shop.replaceAll('app: db', 'app: 5'), message: /string/ },
  {
    what: 'a CIDR that is none',
    content: ingressFrom('ipBlock: { cidr: 10.0.0.300/8 }'),
    message: /10\.0\.0\.300/,
    place: ':10',
  },
  { what: 'an address in place of a CIDR', content: ingressFrom('ipBlock: { cidr: 10.0.0.1 }'), message: /CIDR/i },
  {
    what: 'an except outside its CIDR',
    content: ingressFrom("ipBlock: { cidr: 10.0.0.0/8, except: ['192.168.0.0/16'] }"),
    message: /subset|except/,
  },
  {
    what: 'ipBlock beside a selector',
    content: ingressFrom('ipBlock: { cidr: 10.0.0.0/8 }\n        podSelector: {}'),
    message: /ipBlock/,
  },
  { what: 'a port out of range', content: ingressPort('port: 65536'), message: /65535/, place: ':10' },
  { what: 'a port range upside down', content: ingressPort('{ port: 90, endPort: 80 }'), message: /endPort/ },
  {
    what: 'an unknown protocol',
    content: ingressPort('{ protocol: ICMP }'),
    message: /Unsupported value: "ICMP": supported values:/,
  },
  { what: 'a port name that is none', content: ingressPort('port: Not_A_Name'), message: /Not_A_Name/ },
  {
    what: 'an unknown field',
    content: policy('shop', 'p', 'podSelector: {}\ningres: []'),
    message: /unknown field "spec\.ingres"/,
    place: ':8',
  },
  {
    what: 'a field in the wrong letter case',
    content: policy('shop', 'p', 'PodSelector: {}'),
    message: /PodSelector/,
  },
  {
    what: 'no podSelector',
    content: policy('shop', 'p', 'policyTypes: [Ingress]').replace('policyTypes', 'policyType'),
    message: /policyType/,
  },
  {
    what: 'an unknown policy type',
    content: policy('shop', 'p', 'podSelector: {}\npolicyTypes: [Inbound]'),
    message: /Inbound/,
  },
  {
    what: 'a selector with an unknown operator',
    content: policy('shop', 'p', 'podSelector:\n  matchExpressions:\n    - { key: app, operator: Is, values: [a] }'),
    message: /Is/,
  },
  { what: 'no name', content: 'apiVersion: v1\nkind: Namespace\nmetadata: {}\n', message: /name/ },
  {
    what: 'a name that is none',
    content: 'apiVersion: v1\nkind: Namespace\nmetadata:\n  name: Shop_1\n',
    message: /Shop_1|RFC 1123/,
  },
  {
    what: 'a retired apiVersion',
    content: policy('shop', 'p', 'podSelector: {}').replace('networking.k8s.io/v1', 'extensions/v1beta1'),
    message: /extensions\/v1beta1/,
    place: ':1',
  },
  {
    what: 'an apiVersion of another group',
    content: policy('shop', 'p', 'podSelector: {}').replace('networking.k8s.io/v1', 'v1'),
    message: /NetworkPolicy/,
  },
  { what: 'an empty file', content: '', message: /empty/ },
  { what: 'only comments', content: '# nothing here\n---\n# nor here\n', message: /no Kubernetes objects/ },
  { what: 'prose', content: 'Dear reader, this is not a manifest.\n', message: /no Kubernetes objects|mapping/ },
  {
    what: 'a configuration of something else',
    content: 'services:\n  web:\n    image: a\n',
    message: /no Kubernetes objects|apiVersion/,
  },
  {
    what: 'a bracket without end',
    content: 'apiVersion: v1\nkind: Pod\nmetadata: { name: a\n',
    message: /not valid YAML/,
  },
  { what: 'a quote without end', content: 'apiVersion: v1\nkind: "Pod\n', message: /not valid YAML/ },
  {
    what: 'an unknown alias',
    content: 'apiVersion: v1\nkind: Pod\nmetadata: *nowhere\n',
    message: /nowhere/,
    place: ':3',
  },
  {
    what: 'broken JSON',
    name: 'broken.json',
    content: '{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": }}\n',
    message: /broken\.json:1/,
  },
  {
    what: 'JSON that ends too early',
    name: 'short.json',
    content: '{"apiVersion": "v1",\n "kind": "Pod"',
    message: /short\.json:2/,
  },
  { what: 'an alias bomb', content: aliasBomb(), message: /alias/i },
  { what: 'deep nesting in flow style', content: `a: ${'['.repeat(200_000)}`, message: /deep|nest|limit/i },
  { what: 'deep nesting in block style', content: deepBlocks(3_000), message: /deep|nest|limit/i },
  {
    what: 'a binary file',
    content: Uint8Array.from({ length: 4096 }, (_, i) => (i * 7919) % 256),
    message: /binary|UTF/,
  },
  { what: 'an ELF program', content: Buffer.from('\u007FELF\u0002\u0001\u0001\0\0\0\0\0'), message: /binary/ },
  { what: 'a compressed file', content: Uint8Array.of(0x1f, 0x8b, 8, 0, 0, 0, 0, 0), message: /gzip/ },
  {
    what: 'Latin-1 text',
    content: Buffer.from('apiVersion: v1\nkind: Pod # d\u00E9j\u00E0\n', 'latin1'),
    message: /line 2 is not valid UTF-8/,
  },
  { what: 'UTF-16 without its mark', content: Buffer.from('apiVersion: v1\n', 'utf16le'), message: /UTF-16/ },
  {
    what: 'objects that do not matter alone',
    content: 'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n',
    message: /ConfigMap/,
  },
];

function aliasBomb(): string {
  const lines = ['apiVersion: v1', 'kind: Pod', 'metadata:', '  a0: &a0 [x, x, x, x, x, x, x, x, x, x]'];
  for (let i = 1; i < 12; i += 1)
    lines.push(`  a${i}: &a${i} [${Array.from({ length: 10 }, () => `*a${i - 1}`).join(', ')}]`);
  return `${lines.join('\n')}\n`;
}

function deepBlocks(depth: number): string {
  return Array.from({ length: depth }, (_, i) => `${' '.repeat(i)}a:\n`).join('');
}

const folder = temporaryFolder();
afterAll(folder.remove);

describe.concurrent('a broken file', () => {
  it.each(brokenFiles.map((broken, index) => ({ ...broken, index })))(
    '$what',
    async ({ content, name = 'input.yaml', message, place, index }) => {
      const file = folder.write(`${index}/${name}`, content);
      const { exitCode, stdout, stderr } = await runSallyport(['map', '-f', file]);
      expect(exitCode, stderr).toBe(3);
      expect(stdout).toBe('');
      expect(stderr).toMatch(/error|warning/);
      expect(stderr).toMatch(message);
      if (place !== undefined) expect(stderr).toContain(`${name}${place}`);
      expectNoTrace(stderr);
    },
  );
});

interface BrokenInput {
  readonly what: string;
  readonly args: (base: string) => readonly string[];
  readonly exitCode: number;
  readonly message: RegExp;
}

const brokenInputs: readonly BrokenInput[] = [
  {
    what: 'a file that is not there',
    args: (base) => ['-f', `${base}/absent.yaml`],
    exitCode: 3,
    message: /absent\.yaml: no such file/,
  },
  { what: 'a quoted pattern', args: (base) => ['-f', `${base}/*.yaml`], exitCode: 3, message: /left to the shell/ },
  {
    what: 'a path through a file',
    args: (base) => ['-f', `${base}/good.yaml/more`],
    exitCode: 3,
    message: /not a folder/,
  },
  {
    what: 'a folder without manifests',
    args: (base) => ['-f', `${base}/bare`],
    exitCode: 3,
    message: /\.yaml, \.yml or \.json/,
  },
  { what: 'a link that leads to itself', args: (base) => ['-f', `${base}/loop.yaml`], exitCode: 3, message: /loop/ },
  {
    what: 'a folder with a dangling link',
    args: (base) => ['-f', `${base}/dangling`],
    exitCode: 3,
    message: /gone\.yaml: cannot follow/,
  },
  {
    what: 'a name that is too long',
    args: (base) => ['-f', `${base}/${'x'.repeat(300)}.yaml`],
    exitCode: 3,
    message: /too long/,
  },
  { what: 'an empty path', args: () => ['-f', ''], exitCode: 2, message: /empty path/ },
  { what: 'a URL', args: () => ['-f', 'https://example.org/app.yaml'], exitCode: 2, message: /curl -fsSL/ },
  {
    what: 'a kustomization that is not there',
    args: (base) => ['-k', `${base}/absent`],
    exitCode: 3,
    message: /absent: no such file/,
  },
  {
    what: 'a kustomization by URL',
    args: () => ['-k', 'https://example.org/app'],
    exitCode: 2,
    message: /local folder/,
  },
  { what: 'an endless device', args: () => ['-f', '/dev/zero'], exitCode: 3, message: /larger than 512 MiB/ },
  { what: 'empty standard input', args: () => ['-f', '-'], exitCode: 3, message: /standard input: empty/ },
  { what: 'no input at all', args: () => [], exitCode: 2, message: /no manifests given/ },
];

describe('input that cannot be read', () => {
  beforeAll(() => {
    folder.write('good.yaml', shop);
    mkdirSync(join(folder.path, 'bare'));
    symlinkSync('loop.yaml', join(folder.path, 'loop.yaml'));
    mkdirSync(join(folder.path, 'dangling'));
    symlinkSync('nowhere', join(folder.path, 'dangling', 'gone.yaml'));
  });

  it.concurrent.each(brokenInputs)('$what', async ({ args, exitCode, message }) => {
    const result = await runSallyport(['map', ...args(folder.path)]);
    expect(result.stderr).toMatch(message);
    expect(result.exitCode, result.stderr).toBe(exitCode);
    expect(result.stdout).toBe('');
    expectNoTrace(result.stderr);
  });

  it('lists every fault of every input at once', async () => {
    const first = folder.write(
      'several/a.yaml',
      ingressPort('port: 0') + '---\n' + ingressFrom('ipBlock: { cidr: nonsense }'),
    );
    const second = folder.write('several/b.yaml', Uint8Array.of(0, 1, 2));
    const { exitCode, stderr } = await runSallyport([
      'map',
      '-f',
      join(folder.path, 'several'),
      '-f',
      join(folder.path, 'absent'),
    ]);
    expect(exitCode).toBe(3);
    expect(stderr).toContain(`${first}:10`);
    expect(stderr).toContain('nonsense');
    expect(stderr).toContain(`${second}: it is a binary file`);
    expect(stderr).toContain('absent: no such file');
    expect(stderr).toContain('--ignore-invalid');
  });
});

function expectNoTrace(stderr: string): void {
  expect(stderr).not.toMatch(/^\s+at .*[:(]/m);
  expect(stderr).not.toContain('node:internal');
  expect(stderr).not.toContain('this is a bug');
}
