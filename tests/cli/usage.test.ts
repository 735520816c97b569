/** The command line itself: slips of the pen, help, versions, exit code 2. */
import { describe, expect, it } from 'vitest';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageFolder, runSallyport } from './run-sallyport.ts';

interface Slip {
  readonly args: readonly string[];
  readonly message: RegExp;
}

const input = ['-f', 'examples/three-tier'];

const slips: readonly Slip[] = [
  { args: ['mpa', ...input], message: /unknown command 'mpa'\n.*did you mean map\?/ },
  { args: ['frobnicate'], message: /unknown command 'frobnicate'\n.*sallyport --help/ },
  { args: ['help', 'cna'], message: /unknown command 'cna'\n.*did you mean can\?/ },
  { args: ['map', '--form', 'x'], message: /unknown option '--form'\n.*did you mean --from\?/ },
  { args: ['--versoin'], message: /unknown option '--versoin'\n.*--version/ },
  {
    args: ['map', '-o', 'jsn', ...input],
    message: /'jsn' is invalid.*text, json, csv, md, dot, mermaid\. Did you mean json\?/,
  },
  { args: ['can', 'a', 'b', '-o', 'dot', ...input], message: /must be one of text, json, md/ },
  { args: ['map', '--by', 'workloads', ...input], message: /Did you mean workload\?/ },
  { args: ['map', '--color', 'sometimes', ...input], message: /auto, always, never/ },
  { args: ['map', '--width', 'wide', ...input], message: /whole number/ },
  { args: ['map', '-f'], message: /argument missing/ },
  { args: ['map', 'extra', ...input], message: /too many arguments.*\n.*sallyport map --help/ },
  { args: ['can', 'a/b'], message: /missing required argument 'target'/ },
  { args: ['can', 'a', 'b', 'c'], message: /too many arguments/ },
  { args: ['completion', 'tcsh'], message: /bash, zsh, fish, powershell/ },
  { args: ['map', '-A', '-n', 'db', ...input], message: /-A and -n/ },
  { args: ['map', '-n', 'frontent', ...input], message: /no namespace "frontent"\n.*did you mean frontend\?/ },
  { args: ['map', '-l', 'app in (', ...input], message: /-l "app in \("/ },
  { args: ['map', '--port', 'http', ...input], message: /--port "http"/ },
  { args: ['map', '--port', '70000', ...input], message: /65535/ },
  { args: ['map', '--from', 'db/db:80', ...input], message: /write --from db\/db --port 80/ },
  { args: ['map', '--to', 'db', ...input], message: /--to ns\/db/ },
  { args: ['map', '--to', 'ns/dv', ...input], message: /did you mean ns\/db\?/ },
  { args: ['map', '--pod-cidr', '10.0.0.0', ...input], message: /--pod-cidr "10.0.0.0" is not a CIDR/ },
  {
    args: ['can', 'frontend/frontend', 'db/bd:80', ...input],
    message: /target: no workload or pod "bd".*\n.*did you mean/,
  },
  { args: ['can', 'frontend/frontend', 'db/db:99999', ...input], message: /65535/ },
  { args: ['can', 'db/db:80', 'db/db:80', ...input], message: /source: .*port/ },
  { args: ['can', 'db/svc/db-svc', 'db/db:80', ...input], message: /source: Service/ },
  { args: ['can', 'a', 'b:53/udp', '--protocol', 'tcp', ...input], message: /\/udp.*tcp/ },
  { args: ['can', 'a', 'b', '--protocol', 'udp', ...input], message: /needs a target with a port/ },
  { args: ['can', '10.0.0.0.1', 'b:80', ...input], message: /10\.0\.0\.0\.1/ },
];

describe.concurrent('a slip of the pen', () => {
  it.each(slips)('$args', async ({ args, message }) => {
    const { exitCode, stdout, stderr } = await runSallyport(args);
    expect(stderr).toMatch(message);
    expect(exitCode).toBe(2);
    expect(stdout).toBe('');
    expect(stderr).toMatch(/^error: /);
    expect(stderr).not.toMatch(/^\s+at /m);
  });

  it.each([
    [['map', '-o', 'json', '--form']],
    [['map', '-ojson', '-f', 'absent']],
    [['can', 'a', 'b', '--output=json', '-n']],
  ])('as JSON where -o json says so: %j', async (args) => {
    const { exitCode, stderr } = await runSallyport(args);
    const error = JSON.parse(stderr) as Record<string, unknown>;
    expect(error).toMatchObject({ apiVersion: 'sallyport.dev/v1', kind: 'Error', exitCode });
    expect(error['message']).toEqual(expect.stringMatching(/.{5}/));
  });
});

describe.concurrent('help', () => {
  it.each([[[]], [['--help']], [['-h']], [['help']]])('of the program: %j', async (args) => {
    const { exitCode, stdout, stderr } = await runSallyport(args);
    expect(exitCode).toBe(0);
    expect(stderr).toBe('');
    for (const word of ['can', 'map', 'demo', 'completion', 'version', 'Examples:']) expect(stdout).toContain(word);
  });

  it.each(['can', 'map', 'demo', 'completion', 'version'])('of %s, in both spellings, with examples', async (name) => {
    const [option, command] = await Promise.all([runSallyport([name, '--help']), runSallyport(['help', name])]);
    expect(option.exitCode).toBe(0);
    expect(option.stdout).toContain(`Usage: sallyport ${name}`);
    expect(option.stdout).toContain('Examples:');
    expect(option.stdout).not.toContain('default: []');
    expect(command.stdout).toBe(option.stdout);
  });

  it('names the plugin when kubectl runs it', async () => {
    const { runProgram } = await import('./run-sallyport.ts');
    const { temporaryFolder } = await import('./manifests.ts');
    const { symlinkSync } = await import('node:fs');
    const folder = temporaryFolder();
    try {
      const plugin = join(folder.path, 'kubectl-sallyport');
      symlinkSync(join(packageFolder, 'dist/cli/main.js'), plugin);
      const { stdout, exitCode } = await runProgram(process.execPath, [plugin, 'map', '--help']);
      expect(exitCode).toBe(0);
      expect(stdout).toContain('Usage: kubectl sallyport map');
    } finally {
      folder.remove();
    }
  });
});

describe.concurrent('version', () => {
  const { version } = JSON.parse(readFileSync(join(packageFolder, 'package.json'), 'utf8')) as { version: string };

  it.each([[['--version']], [['-V']], [['version']]])('%j', async (args) => {
    expect(await runSallyport(args)).toEqual({ exitCode: 0, stdout: `${version}\n`, stderr: '' });
  });

  it('as JSON', async () => {
    const { stdout } = await runSallyport(['version', '-o', 'json']);
    expect(JSON.parse(stdout)).toMatchObject({ kind: 'Version', version, node: process.versions.node });
  });
});
