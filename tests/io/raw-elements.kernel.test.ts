/** Elements in the kernel's words, held against what nft lists. */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeKernel } from '../packets/kernel.ts';
import { env, Namespaces, type Namespace } from '../packets/namespaces.ts';

const at = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

describeKernel('elements written into a netlink socket', () => {
  const namespaces = new Namespaces();
  let namespace: Namespace;
  beforeAll(async () => {
    namespace = await namespaces.add();
  });
  afterAll(() => namespaces.close());

  it('are what nft lists, and all or none of them are there', () => {
    const program = [process.execPath, '--import', at('../../tools/typescript.mjs'), at('./raw-elements-program.ts')];
    const [command, ...args] = namespace.enter('perl', at('../../deploy/netlink-launcher.pl'), ...program, '{}');
    const { stdout, stderr } = spawnSync(command, args, { encoding: 'utf8', env });
    expect(stderr).toBe('');
    expect(JSON.parse(stdout)).toEqual({
      differences: [],
      types: [
        'classid',
        'classid . inet_proto . inet_service',
        'classid . inet_proto . inet_service : counter',
        'classid : counter',
        'inet_proto',
        'ipv4_addr',
        'ipv4_addr : classid',
        'ipv4_addr : verdict',
        'ipv6_addr',
        'ipv6_addr : classid',
        'ipv6_addr : verdict',
      ],
      codes: ['true', 'nft-state-differs', 'nft-state-differs', 'false', 'false'],
      size: 20_000,
    });
  });
});
