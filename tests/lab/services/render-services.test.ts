import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { labNetworks, type NodeNetwork } from '../../../src/lab/networks.ts';
import { renderServices } from '../../../src/lab/services/render-services.ts';
import type { ServiceRule } from '../../../src/lab/services/service-rule.ts';

const networks = labNetworks(2, 'dual');
const [node = networks.nodes[0] as NodeNetwork] = networks.nodes;

function rule(more: Partial<ServiceRule> = {}): ServiceRule {
  return { service: 'shop/web:http', protocol: 'TCP', addresses: ['10.96.0.20'], port: 80, backends: [], ...more };
}

/** The lines that begin an element or a rule, without their commas. */
function lines(...rules: readonly ServiceRule[]): string[] {
  return renderServices(rules, node, networks)
    .split('\n')
    .map((line) => line.trim().replace(/,$/, ''));
}

const a = { address: '10.244.0.5', port: 8080 };
const b = { address: '10.244.4.6', port: 8080 };

describe('Services as a table', () => {
  it.each<readonly [string, readonly ServiceRule[], readonly string[], readonly string[]]>([
    ['without backends', [rule()], ['10.96.0.20 . tcp . 80', '10.96.0.20'], ['meta mark set 0']],
    [
      'with one',
      [rule({ backends: [a] })],
      ['10.96.0.20 . tcp . 80 : goto pick4_1', '10.96.0.20 . tcp . 80 . 0 : 10.244.0.5 . 8080', 'meta mark set 0'],
      ['10.96.0.20 . tcp . 80'],
    ],
    [
      'with two',
      [rule({ backends: [a, b, a] })],
      [
        '10.96.0.20 . tcp . 80 : goto pick4_2',
        'meta mark set numgen random mod 2',
        '10.244.0.5 . 10.244.0.5, 10.244.4.6 . 10.244.4.6',
      ],
      [],
    ],
    [
      'with affinity',
      [rule({ backends: [a, b], affinitySeconds: 5 })],
      ['10.96.0.20 . tcp . 80 : goto stick4_2', 'meta mark set jhash ip saddr mod 2 seed 0x5a11'],
      [],
    ],
    [
      'on a port of the node',
      [rule({ backends: [a], nodePort: 30080, protocol: 'UDP' })],
      ['10.96.0.20 . udp . 80 : goto pick4_1, 172.30.0.2 . udp . 30080 : goto pick4_1', 'fd00:172:30::2 . udp . 30080'],
      [],
    ],
    [
      'twice: the first has it',
      [rule({ backends: [a] }), rule({ backends: [b] })],
      ['10.96.0.20 . tcp . 80 . 0 : 10.244.0.5 . 8080'],
      ['10.96.0.20 . tcp . 80 . 0 : 10.244.4.6 . 8080'],
    ],
    [
      'with nonsense',
      [
        rule({ addresses: ['10.96.0.20 ; flush ruleset', 'x'], backends: [a] }),
        rule({ port: 0 }),
        rule({ backends: [{ ...a, port: 1.5 }] }),
      ],
      ['10.96.0.20 . tcp . 80'],
      ['flush ruleset'],
    ],
  ])('%s', (_, rules, present, absent) => {
    const found = lines(...rules);
    for (const line of present) expect(found).toContain(line);
    for (const line of absent) expect(found).not.toContain(line);
  });

  it('has no more chains for many Services', () => {
    const many = (count: number) =>
      Array.from({ length: count }, (_, index) => rule({ addresses: [`10.96.1.${index}`], backends: [a, b] }));
    const chains = (count: number) => lines(...many(count)).filter((line) => line.startsWith('chain ')).length;
    expect(chains(200)).toBe(chains(1));
  });

  it('takes any text without becoming anything else', () => {
    const text = fc.oneof(fc.string(), fc.ipV4(), fc.ipV6(), fc.constant('"; } flush ruleset'));
    const backend = fc.record({ address: text, port: fc.oneof(fc.integer(), fc.double()) });
    fc.assert(
      fc.property(
        text,
        fc.array(text),
        fc.array(backend),
        fc.oneof(fc.integer(), fc.double()),
        (service, addresses, backends, port) => {
          const rendered = renderServices(
            [rule({ service, addresses, backends, port, nodePort: port })],
            node,
            networks,
          );
          expect(rendered).toMatch(/^[\w\s.:;,@={}!+/-]*$/);
          expect(rendered).not.toContain('flush');
        },
      ),
    );
  });
});
