import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ConnectivityMap, VerdictResult } from '../../src/index.ts';
import { type InstalledPackage, installPackage, root, runInstalled } from './install.ts';

let installed: InstalledPackage;

beforeAll(() => {
  installed = installPackage();
}, 180_000);

afterAll(() => installed.remove());

const example = (name: string): string => join(installed.folder, 'examples', name);

describe('the tarball', () => {
  it('holds the program, its declarations, the examples and the papers, and nothing else', () => {
    const paths = installed.files.map(({ path }) => path);
    for (const wanted of [
      'package.json',
      'README.md',
      'LICENSE',
      'CHANGELOG.md',
      'dist/cli/main.js',
      'dist/index.js',
      'dist/index.d.ts',
      'dist/cli/lab-server.js',
      'dist/cli/dns-program.js',
      'dist/lab-programs/netns/init.pl',
    ]) {
      expect(paths).toContain(wanted);
    }
    expect(paths).toContain('examples/three-tier/3-dns/allow-dns.yaml');
    expect(paths).toContain('schemas/intents.schema.json');
    const allowed =
      /^(package\.json|README\.md|LICENSE|CHANGELOG\.md|dist\/[\w/-]+(\.d\.ts|\.js)|dist\/lab-programs\/[\w/-]+\.pl|examples\/[\w/-]+\.(yaml|md)|schemas\/[\w-]+\.schema\.json|docs\/rules\/[\w-]+\.md)$/;
    expect(paths.filter((path) => !allowed.test(path))).toEqual([]);
  });

  it('has programs that may be executed', () => {
    const modes = installed.files.filter(({ path }) => path === 'dist/cli/main.js').map(({ mode }) => mode & 0o111);
    expect(modes).toEqual([0o111]);
    expect(readFileSync(join(installed.folder, 'dist/cli/main.js'), 'utf8')).toMatch(/^#!\/usr\/bin\/env node\n/);
  });

  it('tells nothing about the machine it was made on', () => {
    // Root's home has the same name in the pods of the lab.
    const traces = [root, homedir(), 'sourceMappingURL'].filter((trace) => trace.length > 1 && trace !== '/root');
    const leaks = readdirSync(installed.folder, { recursive: true, encoding: 'utf8' })
      .filter((path) => /\.(js|ts|json|md|pl|yaml)$/.test(path))
      .filter((path) => {
        const text = readFileSync(join(installed.folder, path), 'utf8');
        return traces.some((trace) => text.includes(trace));
      });
    expect(leaks).toEqual([]);
  });

  it('pins what it depends on', () => {
    const { dependencies } = JSON.parse(readFileSync(join(installed.folder, 'package.json'), 'utf8')) as {
      dependencies: Record<string, string>;
    };
    expect(Object.values(dependencies).filter((range) => !/^\d+\.\d+\.\d+$/.test(range))).toEqual([]);
  });
});

describe('installed elsewhere', () => {
  it.each(['sallyport', 'kubectl-sallyport'])('%s --version', (program) => {
    const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
    expect(runInstalled(installed.project, program, '--version')).toEqual({
      status: 0,
      stdout: `${version}\n`,
      stderr: '',
    });
  });

  it('can: allowed is exit 0', () => {
    const run = runInstalled(
      installed.project,
      'sallyport',
      'can',
      'frontend/frontend',
      'backend/svc/backend-svc:80',
      '-f',
      example('three-tier'),
      '-o',
      'json',
    );
    const verdict = JSON.parse(run.stdout) as VerdictResult;
    expect({ status: run.status, stderr: run.stderr, verdict: verdict.verdict, port: verdict.port }).toEqual({
      status: 0,
      stderr: '',
      verdict: 'allowed',
      port: 8080,
    });
  });

  it('can: denied is exit 1, with the gates', () => {
    const run = runInstalled(
      installed.project,
      'sallyport',
      'can',
      'frontend/frontend',
      'db/db:8080',
      '-f',
      example('three-tier'),
      '-o',
      'json',
    );
    const { egress, ingress } = JSON.parse(run.stdout) as VerdictResult;
    expect([run.status, egress.allowed, ingress.allowed]).toEqual([1, false, false]);
  });

  it('map: the connections of an example', () => {
    const run = runInstalled(installed.project, 'sallyport', 'map', '-f', example('online-shop'), '-o', 'json');
    const { connections } = JSON.parse(run.stdout) as ConnectivityMap;
    const toPayment = connections.filter(({ to }) => to === 'shop/Deployment/payment');
    expect(toPayment).toEqual([
      {
        from: 'shop/Deployment/checkout',
        to: 'shop/Deployment/payment',
        ports: [{ protocol: 'TCP', ranges: [[50051, 50051]] }],
        replicas: 'all',
      },
    ]);
  });

  it('the demonstration', () => {
    const { status, stdout, stderr } = runInstalled(
      installed.project,
      'sallyport',
      'demo',
      '--once',
      '--runtime',
      'sim',
    );
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toContain('connections of the four steps are as predicted');
  });
});

const consumer = `import { buildCluster, connectivityMap, createEngine, readManifests, type ConnectivityMap } from 'sallyport';
const text = 'apiVersion: v1\\nkind: Pod\\nmetadata: { name: a, namespace: b }\\nspec: { containers: [{ name: c, image: d }] }\\n';
const { objects, diagnostics } = readManifests([{ name: 'a.yaml', text }]);
const map: ConnectivityMap = connectivityMap(createEngine(buildCluster(objects)));
const ids: string[] = map.peers.map((peer) => peer.id);
globalThis.console.log(JSON.stringify({ ids, found: diagnostics.length }));
`;

describe('as a library', () => {
  it('runs', () => {
    const file = join(installed.project, 'consumer.js');
    writeFileSync(
      file,
      consumer.replace(', type ConnectivityMap', '').replaceAll(/: (ConnectivityMap|string\[\])/g, ''),
    );
    const stdout = execFileSync(process.execPath, [file], { cwd: installed.project, encoding: 'utf8' });
    expect(JSON.parse(stdout)).toEqual({ ids: ['b/Pod/a', 'external:0'], found: 0 });
  });

  it('has declarations that a strict compiler accepts, without the types of Node', () => {
    const file = join(installed.project, 'consumer.ts');
    writeFileSync(file, `declare const globalThis: { console: { log(text: string): void } };\n${consumer}`);
    const tsc = join(root, 'node_modules/typescript/bin/tsc');
    const options = [
      '--noEmit',
      '--strict',
      '--module',
      'nodenext',
      '--target',
      'es2022',
      '--lib',
      'es2023',
      '--types',
      '',
    ];
    const run = (): string =>
      execFileSync(process.execPath, [tsc, ...options, file], { cwd: installed.project, encoding: 'utf8' });
    expect(run()).toBe('');
  });
});
