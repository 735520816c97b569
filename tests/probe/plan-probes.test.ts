import { describe, expect, test } from 'vitest';
import { formatIp } from '../../src/base/inet-format.ts';
import { parseIp } from '../../src/base/inet-parse.ts';
import type { IpAddress } from '../../src/base/inet.ts';
import type { Engine } from '../../src/engine/engine.ts';
import { expandIntents } from '../../src/intents/expand.ts';
import type { ProbePlan } from '../../src/probe/probe-plan.ts';
import { planProbes, planPromises, type PlanOptions } from '../../src/probe/plan-probes.ts';
import { readIntents } from '../../src/intents/read-intents.ts';
import { attemptsOf, type PodFacts, probed } from './pods.ts';

const ip = (text: string): IpAddress => {
  const found = parseIp(text)?.ip;
  if (found === undefined) throw new Error(text);
  return found;
};

const web: PodFacts = { ips: ['10.244.0.2', 'fd00:10:244::2'], labels: { app: 'web' } };
const api: PodFacts = { ips: ['10.244.0.3', 'fd00:10:244::3'], labels: { app: 'api' } };

function plan(engine: Engine, options: Partial<PlanOptions> = {}): ProbePlan {
  return planProbes(engine, {
    ports: [{ protocol: 'TCP', port: 80 }],
    namespaces: [],
    external: [],
    most: 1000,
    ...options,
  });
}

const lines = (found: ProbePlan): readonly string[] => attemptsOf(found, formatIp);

describe('all pods', () => {
  test('connect to every other one, on every port, in both families', () => {
    const engine = probed(
      { 'shop/web': web, 'shop/api': api },
      { 'shop/closed': { podSelector: { matchLabels: { app: 'web' } } } },
    );
    const ports = [
      { protocol: 'TCP', port: 80 },
      { protocol: 'UDP', port: 53 },
    ] as const;
    expect(lines(plan(engine, { ports })).toSorted()).toEqual([
      'shop/api > shop/web 10.244.0.2 TCP 80: denied',
      'shop/api > shop/web 10.244.0.2 UDP 53: denied',
      'shop/api > shop/web fd00:10:244::2 TCP 80: denied',
      'shop/api > shop/web fd00:10:244::2 UDP 53: denied',
      'shop/web > shop/api 10.244.0.3 TCP 80: allowed',
      'shop/web > shop/api 10.244.0.3 UDP 53: allowed',
      'shop/web > shop/api fd00:10:244::3 TCP 80: allowed',
      'shop/web > shop/api fd00:10:244::3 UDP 53: allowed',
    ]);
  });

  test('are predicted for each family apart', () => {
    const fourOnly = { podSelector: {}, ingress: [{ from: [{ ipBlock: { cidr: '10.244.0.0/16' } }] }] };
    const engine = probed({ 'shop/web': web, 'shop/api': api }, { 'shop/four': fourOnly });
    expect(lines(plan(engine))).toEqual([
      'shop/api > shop/web 10.244.0.2 TCP 80: allowed',
      'shop/api > shop/web fd00:10:244::2 TCP 80: denied',
      'shop/web > shop/api 10.244.0.3 TCP 80: allowed',
      'shop/web > shop/api fd00:10:244::3 TCP 80: denied',
    ]);
  });

  test('connect in the families that both have', () => {
    const engine = probed({ 'shop/web': web, 'shop/six': { ips: ['fd00:10:244::9'] } });
    const found = lines(plan(engine, { external: [ip('198.51.100.7'), ip('2001:db8::7')] }));
    expect(found.filter((line) => line.startsWith('shop/six'))).toEqual([
      'shop/six > shop/web fd00:10:244::2 TCP 80: allowed',
      'shop/six > 2001:db8::7 2001:db8::7 TCP 80: allowed',
    ]);
    expect(found).toContain('shop/web > 198.51.100.7 198.51.100.7 TCP 80: allowed');
  });

  test('of some namespaces connect to those of all', () => {
    const engine = probed({ 'shop/web': web, 'other/api': api });
    expect(lines(plan(engine, { namespaces: ['other'] }))).toEqual([
      'other/api > shop/web 10.244.0.2 TCP 80: allowed',
      'other/api > shop/web fd00:10:244::2 TCP 80: allowed',
    ]);
  });

  test('on the host network are connected to, and open nothing themselves', () => {
    const engine = probed({ 'shop/web': web, 'shop/host': { ips: ['172.30.0.2'], hostNetwork: true } });
    const found = plan(engine);
    expect(lines(found)).toEqual(['shop/web > shop/host 172.30.0.2 TCP 80: allowed']);
    expect(found.notes).toEqual(['1 pod on the host network: connected to, but opening no connections']);
  });

  test('that do not run take no part', () => {
    const found = plan(probed({ 'shop/web': web, 'shop/born': { ips: [], phase: 'Pending' } }));
    expect(lines(found)).toEqual([]);
    expect(found.notes).toEqual(['1 pod not running or without an address: left out']);
  });

  test('are too many for some', () => {
    const engine = probed({ 'shop/web': web, 'shop/api': api });
    expect(plan(engine, { most: 4 }).attempts).toHaveLength(4);
    expect(() => plan(engine, { most: 3 })).toThrow(RangeError);
  });
});

describe('promises', () => {
  const engine = probed(
    { 'shop/web': web, 'shop/api': api },
    { 'shop/closed': { podSelector: { matchLabels: { app: 'web' } } } },
  );
  const promised = (body: string): ProbePlan => {
    const text = `apiVersion: sallyport.dev/v1\nkind: Intents\nintents:\n  - name: it\n    ${body}\n`;
    const { intents, diagnostics } = readIntents({ name: 'intents.yaml', text });
    expect(diagnostics).toEqual([]);
    return planPromises(engine, expandIntents(engine, intents));
  };

  test('say what is tried, and what should come of it', () => {
    const found = promised('allow: {from: shop/api, to: shop/web, ports: 80}');
    expect(lines(found)).toEqual([
      'shop/api > shop/web 10.244.0.2 TCP 80: denied',
      'shop/api > shop/web fd00:10:244::2 TCP 80: denied',
    ]);
    expect(found.attempts.map(({ expected }) => expected)).toEqual([
      { intent: 0, verdict: 'allowed' },
      { intent: 0, verdict: 'allowed' },
    ]);
  });

  test('to the world outside are tried at an address of it', () => {
    const found = promised('deny: {from: shop/web, to: 203.0.113.0/24, ports: 443}');
    expect(lines(found)).toEqual(['shop/web > 203.0.113.9 203.0.113.9 TCP 443: allowed']);
    expect(found.attempts[0]?.expected).toEqual({ intent: 0, verdict: 'denied' });
  });

  test('from the world outside cannot be tried, which is said', () => {
    const found = promised('deny: {from: 203.0.113.7, to: shop/web, ports: 80}');
    expect(found.attempts).toEqual([]);
    expect(found.notes).toEqual(['promised connections that cannot be tried from inside a running pod: 1']);
  });
});
