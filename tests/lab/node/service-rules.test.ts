import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../../src/lab/api/json.ts';
import { serviceRules } from '../../../src/lab/node/service-rules.ts';

const service = (spec: JsonObject, status: JsonObject = {}): JsonObject => ({
  metadata: { namespace: 'shop', name: 'web' },
  spec: {
    type: 'ClusterIP',
    clusterIP: '10.96.0.80',
    clusterIPs: ['10.96.0.80'],
    ports: [{ port: 80, protocol: 'TCP' }],
    ...spec,
  },
  status,
});

const endpoint = (address: string, node: string, conditions: JsonObject = { ready: true }): JsonObject => ({
  addresses: [address],
  nodeName: node,
  conditions,
});

const slice = (
  endpoints: readonly JsonObject[],
  ports: readonly JsonObject[] = [{ name: '', port: 8080, protocol: 'TCP' }],
): JsonObject => ({
  metadata: { namespace: 'shop', name: 'web-x', labels: { 'kubernetes.io/service-name': 'web' } },
  endpoints,
  ports,
});

const here = endpoint('10.244.0.5', 'lab-1');
const there = endpoint('10.244.4.5', 'lab-2');

/** `ADDRESSES:PORT/nodePort -> BACKENDS`, a rule a line. */
function lines(rules: ReturnType<typeof serviceRules>): readonly string[] {
  return rules.map(
    ({ addresses, port, nodePort, backends, protocol }) =>
      `${protocol} ${addresses.join(',')}:${port}${nodePort === undefined ? '' : `/${nodePort}`} -> ${backends.map((each) => `${each.address}:${each.port}`).join(' ')}`,
  );
}

describe('rules of a Service', () => {
  it.each<readonly [string, JsonObject, readonly JsonObject[], readonly string[]]>([
    [
      'two endpoints, by address',
      service({}),
      [slice([there, here])],
      ['TCP 10.96.0.80:80 -> 10.244.0.5:8080 10.244.4.5:8080'],
    ],
    ['none', service({}), [], ['TCP 10.96.0.80:80 -> ']],
    ['headless', service({ clusterIP: 'None', clusterIPs: ['None'] }), [slice([here])], []],
    ['another name', service({ type: 'ExternalName', clusterIP: '', clusterIPs: [] }), [], []],
    [
      'not ready ones are left out',
      service({}),
      [slice([here, endpoint('10.244.0.6', 'lab-1', { ready: false, serving: false, terminating: false })])],
      ['TCP 10.96.0.80:80 -> 10.244.0.5:8080'],
    ],
    [
      'unknown is ready',
      service({}),
      [slice([endpoint('10.244.0.6', 'lab-1', {})])],
      ['TCP 10.96.0.80:80 -> 10.244.0.6:8080'],
    ],
    [
      'those that leave serve when nobody else does',
      service({}),
      [slice([endpoint('10.244.0.6', 'lab-1', { ready: false, serving: true, terminating: true })])],
      ['TCP 10.96.0.80:80 -> 10.244.0.6:8080'],
    ],
    [
      'those that leave do not while others do',
      service({}),
      [slice([here, endpoint('10.244.0.6', 'lab-1', { ready: false, serving: true, terminating: true })])],
      ['TCP 10.96.0.80:80 -> 10.244.0.5:8080'],
    ],
    [
      'ports by their names, several slices',
      service({
        ports: [
          { name: 'a', port: 1 },
          { name: 'b', port: 2, protocol: 'UDP' },
        ],
      }),
      [
        slice(
          [here],
          [
            { name: 'a', port: 11 },
            { name: 'b', port: 22, protocol: 'UDP' },
          ],
        ),
        slice([there], [{ name: 'a', port: 12, protocol: 'TCP' }]),
      ],
      ['TCP 10.96.0.80:1 -> 10.244.0.5:11 10.244.4.5:12', 'UDP 10.96.0.80:2 -> 10.244.0.5:22'],
    ],
    [
      'all addresses',
      service(
        { type: 'LoadBalancer', externalIPs: ['198.51.100.1'], ports: [{ port: 80, nodePort: 30080 }] },
        { loadBalancer: { ingress: [{ ip: '198.51.100.2' }, { hostname: 'x' }] } },
      ),
      [slice([here, there])],
      ['TCP 10.96.0.80,198.51.100.1,198.51.100.2:80/30080 -> 10.244.0.5:8080 10.244.4.5:8080'],
    ],
    [
      'endpoints of this node for clients of the cluster',
      service({ internalTrafficPolicy: 'Local' }),
      [slice([here, there])],
      ['TCP 10.96.0.80:80 -> 10.244.0.5:8080'],
    ],
    [
      'endpoints of this node for clients from outside',
      service({ type: 'NodePort', externalTrafficPolicy: 'Local', ports: [{ port: 80, nodePort: 30080 }] }),
      [slice([there])],
      ['TCP 10.96.0.80:80 -> 10.244.4.5:8080', 'TCP :80/30080 -> '],
    ],
    [
      'both families',
      service({ clusterIPs: ['10.96.0.80', 'fd00:10:96::80'] }),
      [slice([here]), slice([endpoint('fd00:10:244::5', 'lab-1')])],
      ['TCP 10.96.0.80,fd00:10:96::80:80 -> 10.244.0.5:8080 fd00:10:244::5:8080'],
    ],
  ])('%s', (_, object, slices, expected) => {
    expect(lines(serviceRules(object, slices, 'lab-1'))).toEqual(expected);
  });

  it('stick for as long as they say', () => {
    const sticky = (config: JsonObject) =>
      serviceRules(service({ sessionAffinity: 'ClientIP', ...config }), [], 'lab-1')[0]?.affinitySeconds;
    expect(sticky({})).toBe(10_800);
    expect(sticky({ sessionAffinityConfig: { clientIP: { timeoutSeconds: 60 } } })).toBe(60);
    expect(serviceRules(service({}), [], 'lab-1')[0]?.affinitySeconds).toBeUndefined();
  });
});
