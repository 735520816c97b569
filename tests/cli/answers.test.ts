/** What `can` and `map` answer, as another program or a person at a pipe sees it. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { deployment, namespace, policy, service, shop, temporaryFolder } from './manifests.ts';
import { packageFolder, runProgram, runSallyport } from './run-sallyport.ts';

const folder = temporaryFolder();
let file = '';
beforeAll(() => {
  file = folder.write('shop/all.yaml', shop);
});
afterAll(folder.remove);

const input = (): readonly string[] => ['-f', file];

describe.concurrent('can', () => {
  it.each([
    { what: 'allowed', args: ['shop/web', 'shop/db:5432'], exitCode: 0, verdict: 'allowed' },
    { what: 'denied at the port', args: ['shop/web', 'shop/db:5433'], exitCode: 1, verdict: 'denied' },
    {
      what: 'denied at the protocol',
      args: ['shop/web', 'shop/db:5432', '--protocol', 'udp'],
      exitCode: 1,
      verdict: 'denied',
    },
    { what: 'denied from outside', args: ['internet', 'shop/db:5432'], exitCode: 1, verdict: 'denied' },
    { what: 'allowed where no policy is', args: ['internet', 'shop/web:8080'], exitCode: 0, verdict: 'allowed' },
    { what: 'through a Service', args: ['shop/web', 'shop/svc/db:80'], exitCode: 0, verdict: 'allowed' },
    { what: 'a named port', args: ['shop/web', 'shop/db:main'], exitCode: 0, verdict: 'allowed' },
    { what: 'bare names with -n', args: ['web', 'db:5432', '-n', 'shop'], exitCode: 0, verdict: 'allowed' },
  ])('$what', async ({ args, exitCode, verdict }) => {
    const result = await runSallyport(['can', ...args, ...input(), '-o', 'json']);
    expect(result.stderr).toBe('');
    expect(result.exitCode).toBe(exitCode);
    expect(JSON.parse(result.stdout)).toMatchObject({
      apiVersion: 'sallyport.dev/v1',
      kind: 'Verdict',
      verdict,
      allowed: verdict === 'allowed',
    });
  });

  it('names the rule that decided with its file and line', async () => {
    const { stdout } = await runSallyport(['can', 'shop/web', 'shop/db:5432', ...input(), '-o', 'json']);
    const verdict = JSON.parse(stdout) as { ingress: { by: readonly { line: number }[] } };
    expect(verdict.ingress.by).toEqual([
      expect.objectContaining({ policy: 'shop/NetworkPolicy/db', rule: 'spec.ingress[0]', file }),
    ]);
    const line = verdict.ingress.by[0]?.line ?? 0;
    expect(shop.split('\n')[line - 1]).toContain('- from:');
  });

  it('is unknown where the manifests do not tell, and certain once told', async () => {
    const egress = folder.write(
      'unknown/all.yaml',
      shop +
        '---\n' +
        policy(
          'shop',
          'web',
          'podSelector:\n  matchLabels:\n    app: web\negress:\n  - to:\n      - ipBlock:\n          cidr: 10.0.0.0/8\npolicyTypes: [Egress]',
        ),
    );
    const ask = (...more: readonly string[]): Promise<{ exitCode: number | null; stdout: string }> =>
      runSallyport(['can', 'shop/web', 'shop/db:5432', '-f', egress, '-o', 'json', ...more]);
    const [vague, told, elsewhere] = await Promise.all([
      ask(),
      ask('--pod-cidr', '10.244.0.0/16'),
      ask('--pod-cidr', '172.16.0.0/12'),
    ]);
    expect(JSON.parse(vague.stdout)).toMatchObject({ verdict: 'unknown', allowed: false, certain: false });
    expect(vague.exitCode).toBe(1);
    expect(JSON.parse(told.stdout)).toMatchObject({ verdict: 'allowed', certain: true });
    expect(JSON.parse(elsewhere.stdout)).toMatchObject({ verdict: 'denied', certain: true });
  });

  it('asks every backend of a Service, and says how they differ', async () => {
    const second = deployment('shop', 'db2', 5432).replaceAll('app: db2', 'app: db\n        set: second');
    const backends = folder.write(
      'backends/all.yaml',
      [
        namespace('shop'),
        deployment('shop', 'web', 8080),
        deployment('shop', 'db', 5432),
        // Both label sets are selected by the Service, only one of them by the policy.
        second
          .replaceAll('      app: db\n        set: second', '      app: db\n      set: second')
          .replaceAll('        app: db\n      set: second', '        app: db\n        set: second'),
        service('shop', 'db', 80),
        policy('shop', 'second', 'podSelector:\n  matchLabels:\n    set: second\npolicyTypes: [Ingress]'),
      ].join('---\n'),
    );
    const { exitCode, stdout } = await runSallyport([
      'can',
      'shop/web',
      'shop/svc/db:80',
      '-f',
      backends,
      '-o',
      'json',
    ]);
    expect(exitCode).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({
      verdict: 'denied',
      via: ['shop/Service/db'],
      partly: {
        allowed: [expect.stringMatching(/Deployment\/db\b/)],
        denied: [expect.stringMatching(/Deployment\/db2\b/)],
      },
      legs: [{ verdict: 'allowed' }, { verdict: 'denied' }],
    });
  });

  it('without a port tells every port that is open', async () => {
    const { exitCode, stdout } = await runSallyport(['can', 'shop/web', 'shop/db', ...input(), '-o', 'json']);
    expect(exitCode).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ port: null, ports: [{ protocol: 'TCP', ranges: [[5432, 5432]] }] });
  });

  it('speaks Markdown', async () => {
    const { stdout } = await runSallyport(['can', 'internet', 'shop/db:5432', ...input(), '-o', 'md']);
    expect(stdout).toContain('denied');
    expect(stdout).toContain('`shop/NetworkPolicy/db`');
  });
});

describe.concurrent('map', () => {
  it('in every format', async () => {
    const formats = ['text', 'json', 'csv', 'md', 'dot', 'mermaid'];
    const results = await Promise.all(formats.map((format) => runSallyport(['map', ...input(), '-o', format])));
    for (const { exitCode, stderr, stdout } of results) {
      expect(stderr).toBe('');
      expect(exitCode).toBe(0);
      expect(stdout).toContain('5432');
    }
    const map = JSON.parse(results[1]?.stdout ?? '') as { connections: unknown };
    expect(map.connections).toContainEqual({
      from: 'shop/Deployment/web',
      to: 'shop/Deployment/db',
      ports: [{ protocol: 'TCP', ranges: [[5432, 5432]] }],
      replicas: 'all',
    });
    expect(results[4]?.stdout).toMatch(/^digraph/);
  });

  it.each([
    { args: ['--to', 'shop/db'], connections: ['shop/Deployment/web>shop/Deployment/db'] },
    { args: ['--from', 'shop/db'], connections: [] },
    { args: ['--from', 'internet'], connections: ['external:0>shop/Deployment/web'] },
    { args: ['--from', 'ns/shop', '--to', 'ns/shop'], connections: ['shop/Deployment/web>shop/Deployment/db'] },
    { args: ['--port', '5433', '--to', 'shop/db'], connections: [] },
    { args: ['-l', 'app=db'], connections: ['shop/Deployment/web>shop/Deployment/db'] },
    {
      args: ['--denied', '--from', 'shop/db', '--to', 'shop/web'],
      connections: ['shop/Deployment/db>shop/Deployment/web'],
    },
    {
      args: ['--by', 'namespace', '--from', 'ns/shop', '--to', 'ns/shop'],
      connections: ['namespace/shop>namespace/shop'],
    },
  ])('filtered by $args', async ({ args, connections }) => {
    const { exitCode, stdout, stderr } = await runSallyport(['map', ...input(), ...args, '-o', 'json']);
    expect(exitCode, stderr).toBe(0);
    const map = JSON.parse(stdout) as { connections: readonly { from: string; to: string }[] };
    expect(map.connections.map(({ from, to }) => `${from}>${to}`)).toEqual(connections);
  });

  it('gives the same bytes for the same input, whatever its order', async () => {
    const parts = shop.split('---\n').toReversed();
    parts.forEach((part, index) => folder.write(`parts/${index}.yaml`, part));
    const [whole, split, again] = await Promise.all([
      runSallyport(['map', ...input()]),
      runSallyport(['map', '-f', join(folder.path, 'parts')]),
      runSallyport(['map', ...input()]),
    ]);
    expect(split.stdout).toBe(whole.stdout);
    expect(again.stdout).toBe(whole.stdout);
  });

  it('that is too large to draw is drawn by namespace, and a program is told what it lacks', async () => {
    const many = Array.from({ length: 720 }, (_, i) => deployment(i % 2 === 0 ? 'even' : 'odd', `app-${i}`, 8080));
    const large = folder.write('crowd/all.yaml', many.join('---\n'));
    const [text, json] = await Promise.all([
      runSallyport(['map', '-f', large]),
      runSallyport(['map', '-f', large, '-o', 'json']),
    ]);
    expect(text.stdout).toContain('too many to draw by workload');
    expect(text.stdout).toContain('everything');
    expect(text.stdout).not.toContain('nothing');
    expect(json.stderr).toMatch(/^warning: 19,[0-9]+ more connections are not listed/);
    const map = JSON.parse(json.stdout) as { connections: readonly unknown[]; leftOut: number };
    expect(map.connections).toHaveLength(500_000);
    // Every ordered pair, and each workload to and from the outside.
    expect(map.connections.length + map.leftOut).toBe(720 * 719 + 720 * 2);
  });

  it('colours only when told to', async () => {
    const escape = '\u001B[';
    const run = (args: readonly string[], env: Record<string, string>): Promise<{ stdout: string }> =>
      runSallyport(['map', ...input(), ...args], { env });
    const [pipe, always, forced, refused, never] = await Promise.all([
      run([], {}),
      run(['--color', 'always'], { NO_COLOR: '1' }),
      run([], { FORCE_COLOR: '1' }),
      run([], { FORCE_COLOR: '1', NO_COLOR: '1' }),
      run(['--color', 'never'], { FORCE_COLOR: '1' }),
    ]);
    expect([pipe, always, forced, refused, never].map(({ stdout }) => stdout.includes(escape))).toEqual([
      false,
      true,
      true,
      false,
      false,
    ]);
  });

  it('without any policy says that everything is open', async () => {
    const { exitCode, stdout } = await runSallyport(['map'], {
      stdin: shop.slice(0, shop.indexOf('apiVersion: networking')),
    });
    expect(exitCode).toBe(0);
    expect(stdout).toContain('everything');
  });
});

describe.concurrent('input', () => {
  it('from standard input, named or not', async () => {
    const [named, implied] = await Promise.all([
      runSallyport(['map', '-f', '-'], { stdin: shop }),
      runSallyport(['map'], { stdin: shop }),
    ]);
    expect(named.exitCode).toBe(0);
    expect(implied.stdout).toBe(named.stdout);
    expect(named.stderr + implied.stderr).toBe('');
  });

  it('from UTF-16 and UTF-8 with byte order marks', async () => {
    const plain = await runSallyport(['map', ...input()]);
    const marked = [
      Buffer.from(`\uFEFF${shop}`, 'utf16le'),
      Buffer.from(`\uFEFF${shop}`, 'utf16le').swap16(),
      Buffer.from(`\uFEFF${shop}`),
      Buffer.from(shop.replaceAll('\n', '\r\n')),
    ];
    for (const { stdout } of await Promise.all(marked.map((stdin) => runSallyport(['map', '-f', '-'], { stdin })))) {
      expect(stdout).toBe(plain.stdout);
    }
  });

  it('that is named twice counts once', async () => {
    const { exitCode, stderr } = await runSallyport(['map', ...input(), '-f', join(folder.path, 'shop'), ...input()]);
    expect(stderr).toBe('');
    expect(exitCode).toBe(0);
  });

  it('reads an explicit file whatever its extension', async () => {
    const odd = folder.write('odd/manifests.txt', shop);
    expect((await runSallyport(['map', '-f', odd])).exitCode).toBe(0);
    expect((await runSallyport(['map', '-f', join(folder.path, 'odd')])).exitCode).toBe(3);
  });

  it('without what is invalid, when that is asked for', async () => {
    const mixed = folder.write('mixed/all.yaml', `${shop}---\n${policy('shop', 'Bad_Name', 'podSelector: {}')}`);
    const [strict, lenient] = await Promise.all([
      runSallyport(['map', '-f', mixed]),
      runSallyport(['map', '-f', mixed, '--ignore-invalid']),
    ]);
    const whole = await runSallyport(['map', ...input()]);
    expect(strict.exitCode).toBe(3);
    expect(strict.stderr).toContain('Bad_Name');
    expect(lenient.exitCode).toBe(0);
    expect(lenient.stdout).toBe(whole.stdout);
    expect(lenient.stderr).toContain('1 invalid object');
  });

  it('counts other kinds in one line, which -q silences', async () => {
    const other =
      'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n---\napiVersion: v1\nkind: Secret\nmetadata:\n  name: b\n---\n';
    const mixed = folder.write('other/all.yaml', other + shop);
    const [said, quiet] = await Promise.all([
      runSallyport(['map', '-f', mixed]),
      runSallyport(['map', '-f', mixed, '-q']),
    ]);
    expect(said.stderr).toBe('skipped 2 objects that do not matter to network policy: ConfigMap, Secret\n');
    expect(quiet.stderr).toBe('');
    expect(quiet.stdout).toBe(said.stdout);
  });

  describe('through kustomize', () => {
    const script = (name: string, body: string): string => {
      const path = folder.write(name, `#!/bin/sh\n${body}\n`);
      return path;
    };

    it('asks kubectl, then kustomize', async () => {
      mkdirSync(join(folder.path, 'overlay'), { recursive: true });
      const rendered = folder.write('rendered.yaml', shop);
      const whole = await runSallyport(['map', ...input()]);
      for (const [program, expected] of [
        ['kubectl', 'kustomize'],
        ['kustomize', 'build'],
      ] as const) {
        const bin = join(folder.path, `bin-${program}`);
        const tool = script(`bin-${program}/${program}`, `[ "$1" = ${expected} ] || exit 9\nexec /bin/cat ${rendered}`);
        await runProgram('/bin/chmod', ['+x', tool]);
        const result = await runSallyport(['map', '-k', join(folder.path, 'overlay')], { env: { PATH: bin } });
        expect(result.stderr).toBe('');
        expect(result.stdout).toBe(whole.stdout);
      }
    });

    it('says what to install when neither is there', async () => {
      mkdirSync(join(folder.path, 'overlay'), { recursive: true });
      const result = await runSallyport(['map', '-k', join(folder.path, 'overlay')], { env: { PATH: '/nonexistent' } });
      expect(result.exitCode).toBe(3);
      expect(result.stderr).toContain('needs kubectl or kustomize');
    });

    it('passes on what the tool complains about', async () => {
      mkdirSync(join(folder.path, 'overlay'), { recursive: true });
      const tool = script('bin-broken/kubectl', 'echo "error: no kustomization file found" >&2; exit 1');
      await runProgram('/bin/chmod', ['+x', tool]);
      const result = await runSallyport(['map', '-k', join(folder.path, 'overlay')], {
        env: { PATH: join(folder.path, 'bin-broken') },
      });
      expect(result.exitCode).toBe(3);
      expect(result.stderr).toContain('no kustomization file found');
    });
  });
});

describe.concurrent('output', () => {
  it('ends quietly when the reader stops early', async () => {
    const many = Array.from({ length: 400 }, (_, i) => deployment('shop', `app-${i}`, 8080)).join('---\n');
    const large = folder.write('large/all.yaml', `${namespace('shop')}---\n${many}`);
    const main = join(packageFolder, 'dist/cli/main.js');
    const stderr = await new Promise<string>((resolve, reject) => {
      const child = spawn(process.execPath, [main, 'map', '-f', large, '-o', 'json'], {
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      let text = '';
      child.stderr.on('data', (chunk: Buffer) => (text += chunk.toString()));
      child.stdout.once('data', () => child.stdout.destroy());
      child.on('error', reject);
      child.on('close', () => resolve(text));
    });
    expect(stderr).toBe('');
  });

  it('does not claim success when it cannot be written', async () => {
    const result = await runProgram('/bin/sh', [
      '-c',
      `exec "$0" "$1" map -f "$2" > /dev/full`,
      process.execPath,
      join(packageFolder, 'dist/cli/main.js'),
      file,
    ]);
    expect(result.exitCode).toBe(4);
    expect(result.stderr).toContain('cannot write the output: no space left');
  });
});

describe.concurrent('demo', () => {
  it('walks through the example in readable length', async () => {
    const { exitCode, stdout, stderr } = await runSallyport(['demo', '--static']);
    expect(stderr).toBe('');
    expect(exitCode).toBe(0);
    const steps = stdout.split(/^== /m).slice(1);
    expect(steps.map((step) => step.slice(0, 2))).toEqual(['1.', '2.', '3.', '4.', 'No']);
    expect(steps[0]).toContain('✓ allowed  frontend/frontend → db/db');
    expect(steps[1]).toContain('✗ denied  frontend/frontend → backend/backend');
    expect(steps[2]).toContain('✓ allowed  frontend/frontend → backend/backend');
    expect(steps[2]).toContain('✗ denied  frontend/frontend → kube-system/coredns  udp 53');
    expect(steps[3]).toContain('✓ allowed  frontend/frontend → kube-system/coredns  udp 53');
    expect(steps[3]).toContain('✗ denied  frontend/frontend → db/db');
    expect(stdout.split('\n').length).toBeLessThanOrEqual(145);
    for (const line of stdout.split('\n')) expect(line.length).toBeLessThanOrEqual(100);
  });

  it('runs from anywhere with the same bytes', async () => {
    const [here, elsewhere] = await Promise.all([
      runSallyport(['demo', '--static']),
      runSallyport(['demo', '--static'], { cwd: folder.path }),
    ]);
    expect(elsewhere.stdout).toBe(here.stdout);
  });

  it('takes manifests of one’s own', async () => {
    const { exitCode, stdout } = await runSallyport(['demo', ...input()]);
    expect(exitCode).toBe(0);
    expect(stdout).toContain('== 1. Without policies');
    expect(stdout).toContain('== 2. With a default deny');
    expect(stdout).toContain('== 3. With your own policies');
  });

  it('says so when they have no policy', async () => {
    const { exitCode, stdout } = await runSallyport(['demo', '-f', '-'], {
      stdin: shop.slice(0, shop.indexOf('apiVersion: networking')),
    });
    expect(exitCode).toBe(0);
    expect(stdout).toContain('have no policy');
  });
});

describe.concurrent('completion', () => {
  it.each(['bash', 'zsh', 'fish', 'powershell'])('for %s knows every command and option', async (shell) => {
    const { exitCode, stdout } = await runSallyport(['completion', shell]);
    expect(exitCode).toBe(0);
    for (const word of ['can', 'map', 'demo', 'ignore-invalid', 'pod-cidr', 'mermaid', 'namespace']) {
      expect(stdout).toContain(word);
    }
  });

  it('for fish and zsh has commands below commands', async () => {
    const [fish, zsh] = await Promise.all(
      ['fish', 'zsh'].map(async (shell) => (await runSallyport(['completion', shell])).stdout),
    );
    expect(fish).toContain('-n "__fish_seen_subcommand_from lab; and __fish_seen_subcommand_from tutorial" -l yes');
    expect(fish).toContain(
      '-n "__fish_seen_subcommand_from lab; and not __fish_seen_subcommand_from up run status down tutorial" -a up',
    );
    expect(zsh).toContain('    lab)\n      _sallyport_lab\n      ;;');
    expect(zsh).toContain("    'tutorial:from three open namespaces");
  });

  it.each([
    { words: ['sallyport', 'm'], offers: ['map'] },
    { words: ['sallyport', 'map', '-o', ''], offers: ['text', 'json', 'csv', 'md', 'dot', 'mermaid'] },
    { words: ['sallyport', 'map', '-f', 'x', '--by', 'n'], offers: ['namespace'] },
    { words: ['sallyport', 'can', '--p'], offers: ['--protocol', '--pod-cidr'] },
    { words: ['sallyport', 'completion', ''], offers: ['bash', 'zsh', 'fish', 'powershell'] },
    { words: ['sallyport', 'map', '-f', 'shop/'], offers: ['shop/all.yaml'] },
    { words: ['sallyport', 'lab', ''], offers: ['up', 'run', 'status', 'down', 'tutorial'] },
    { words: ['sallyport', 'lab', 't'], offers: ['tutorial'] },
    { words: ['sallyport', 'lab', 'up', '--n'], offers: ['--name', '--nodes'] },
    { words: ['sallyport', 'lab', 'run', '--ip-family', ''], offers: ['ipv4', 'ipv6', 'dual'] },
    { words: ['sallyport', 'lab', 'run', '-f', 'x', '--', 'map', 'sho'], offers: ['shop'] },
    // A word that is a command elsewhere is none here.
    { words: ['sallyport', 'can', 'up', '--ip-f'], offers: [''] },
  ])('in bash offers $offers for $words', async ({ words, offers }) => {
    const script = join(folder.path, `completion-${words.join('_').replaceAll('/', '_')}.bash`);
    const { stdout } = await runSallyport(['completion', 'bash']);
    writeFileSync(script, stdout);
    const program = `source "$0"; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _sallyport; printf '%s\\n' "\${COMPREPLY[@]}"`;
    const result = await runProgram('/bin/bash', ['-c', program, script, ...words], { cwd: folder.path });
    expect(result.stderr).toBe('');
    expect(result.stdout.trim().split('\n')).toEqual(offers);
  });
});

describe('the reference page', () => {
  it('is what the command tree says', async () => {
    const { renderCommandReference } = await import('../../src/cli/command-reference.ts');
    const page = readFileSync(join(packageFolder, 'docs/reference/commands.md'), 'utf8');
    expect(page).toBe(renderCommandReference());
  });
});
