import { expect, it } from 'vitest';
import { describeKernel } from './kernel.ts';
import { Namespaces } from './namespaces.ts';

describeKernel('network namespaces', () => {
  it.each([false, true])('of their own, in a user namespace: %s', async (rootless) => {
    const namespaces = new Namespaces({ rootless: rootless || process.getuid?.() !== 0 });
    try {
      const [one, two] = [await namespaces.add(), await namespaces.add()];
      one.run(['ip', 'link', 'add', 'v0', 'type', 'veth', 'peer', 'name', 'v1', 'netns', String(two.pid)]);
      one.set(['ipv4/ip_forward 1']);
      one.run(['nft', '-f', '-'], 'table inet sallyport { }\n');
      expect(two.run(['ip', '-o', 'link', 'show', 'v1'])).toContain('v1@');
      expect(one.run(['cat', '/proc/sys/net/ipv4/ip_forward'])).toBe('1\n');
      expect(two.run(['cat', '/proc/sys/net/ipv4/ip_forward'])).toBe('0\n');
      expect(one.run(['nft', 'list', 'tables'])).toBe('table inet sallyport\n');
      expect(two.run(['nft', 'list', 'tables'])).toBe('');
    } finally {
      await namespaces.close();
    }
  });
});
