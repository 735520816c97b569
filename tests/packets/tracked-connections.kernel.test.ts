/** Services, pods that reach themselves, pods that nobody knows, and connections that the kernel forgot. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { cidr4 } from '../../src/base/inet.ts';
import { describeKernel } from './kernel.ts';
import { addresses, letsIn, OneNode, pod, type Who } from './one-node.ts';

const all = [pod('server'), pod('client'), pod('friend')];
const [server4, server6] = addresses.server;
const service4 = '10.96.0.1';
const service6 = 'fd96::1';

/** As kube-proxy does it: destinations change before routing, a pod that reaches itself comes as somebody else. */
const services = `table inet services {
  chain nat { type nat hook prerouting priority dstnat;
    ip daddr ${service4} tcp dport 80 dnat ip to ${server4}:8080
    ip6 daddr ${service6} tcp dport 80 dnat ip6 to [${server6}]:8080
  }
  chain back { type nat hook postrouting priority srcnat;
    ip saddr ${server4} ip daddr ${server4} masquerade
    ip6 saddr ${server6} ip6 daddr ${server6} masquerade
  }
}
`;

/** Deletes every tracked connection: message 0x0102 without a tuple, see the numbers in src/io/nft. */
const forget = String.raw`
socket(my $s, 16, 3, 12) or die; my $k = pack('S S L L', 16, 0, 0, 0); bind($s, $k) or die;
defined(send($s, pack('L S S L L C C n', 20, 0x0102, 5, 0, 0, 0, 0, 0), 0, $k)) or die;
recv($s, my $answer, 4096, 0); exit(unpack('l', substr($answer, 16, 4)) == 0 ? 0 : 1);`;

describeKernel('what connection tracking does to packets', () => {
  let one: OneNode;
  beforeAll(async () => {
    one = await OneNode.open({ closedRanges: [cidr4(0x0a000000, 24)] });
    one.run(['nft', '-f', '-'], services);
  });
  afterAll(() => one.close());

  const egress = (subject: Who, to: Who, port: number) => ({
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: { name: `from-${subject}`, namespace: 'n' },
    spec: {
      podSelector: { matchLabels: { name: subject } },
      policyTypes: ['Egress'],
      egress: [{ to: [{ podSelector: { matchLabels: { name: to } } }], ports: [{ port }] }],
    },
  });

  it.each([
    ['IPv4', service4],
    ['IPv6', service6],
  ])('a Service is its pods and their ports, %s', async (_family, service) => {
    await one.enforce(...all, letsIn('server', ['client'], [{ port: 8080 }]));
    expect([await one.reaches('client', service), await one.reaches('friend', service)]).toEqual([true, false]);
    await one.enforce(...all, letsIn('server', ['client'], [{ port: 80 }]));
    expect(await one.reaches('client', service)).toBe(false);
    await one.enforce(...all, egress('client', 'server', 8080));
    expect(await one.reaches('client', service)).toBe(true);
    await one.enforce(...all, egress('client', 'server', 80));
    expect(await one.reaches('client', service)).toBe(false);
  });

  it.each([
    ['IPv4', service4],
    ['IPv6', service6],
  ])('a pod that reaches itself through a Service is judged as itself, %s', async (_family, service) => {
    await one.enforce(...all);
    expect(await one.reaches('server', service)).toBe(true);
    await one.enforce(...all, letsIn('server', ['client']));
    expect(await one.reaches('server', service)).toBe(false);
    await one.enforce(...all, letsIn('server', ['server']));
    expect(await one.reaches('server', service)).toBe(true);
    await one.enforce(...all, letsIn('server', ['server']), egress('server', 'client', 8080));
    expect(await one.reaches('server', service)).toBe(false);
  });

  it('an address of ours that no known pod has gets nothing, until the pod is known', async () => {
    await one.enforce(pod('server'), pod('client'));
    expect(await one.reaches('friend', server4)).toBe(false);
    expect(await one.reaches('client', addresses.friend[0])).toBe(false);
    expect(await one.reaches('client', server4)).toBe(true);
    // Only IPv4 has such a range here.
    expect(await one.reaches('friend', server6)).toBe(true);
    expect((await one.tables.readCounters('sallyport')).get('unknown_pods')?.packets).toBeGreaterThan(1);
    await one.enforce(...all);
    expect(await one.reaches('friend', server4)).toBe(true);
  });

  it.each([
    ['IPv4', server4, addresses.outside[0]],
    ['IPv6', server6, addresses.outside[1]],
  ])('a TCP connection that the kernel forgot is reset where policies judge, %s', async (_family, server, outside) => {
    await one.enforce(...all, letsIn('server', ['client', 'friend']));
    const judged = await one.connect('client', server);
    const free = await one.connect('client', outside);
    expect([judged.result, free.result]).toEqual(['open', 'open']);
    one.run(['perl', '-e', forget]);
    expect(await judged.say()).toBe('ECONNRESET');
    expect(await free.say()).toBe('answer');
    expect(await one.reaches('client', server)).toBe(true);
    expect(await one.reaches('outside', server)).toBe(false);
  });

  it('a UDP flow that the kernel forgot begins anew, by the rules', async () => {
    await one.enforce(...all, letsIn('server', ['client']));
    const flow = await one.connect('client', server4, { protocol: 'UDP', port: 53 });
    expect(flow.result).toBe('open');
    one.run(['perl', '-e', forget]);
    expect(await flow.say()).toBe('answer');
    one.run(['perl', '-e', forget]);
    await one.enforce(...all, letsIn('server', ['friend']));
    expect(await flow.say(600)).toBe('silence');
  });
});
