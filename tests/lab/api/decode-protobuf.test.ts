import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { JsonObject } from '../../../src/lab/api/json.ts';
import { messageNames } from '../../../src/lab/api/message-table.ts';
import { decodeMessage, openEnvelope } from '../../../src/lab/api/protobuf/decode-protobuf.ts';
import { messageOf } from '../../../src/lab/api/resources.ts';
import { StatusError } from '../../../src/lab/api/status-error.ts';
import { recordedBodies } from './recorded-bodies.ts';

function decode(body: Uint8Array): JsonObject {
  const { apiVersion, kind, raw } = openEnvelope(body);
  const message = messageOf(apiVersion, kind);
  if (message === undefined) throw new Error(`no message for ${apiVersion} ${kind}`);
  return { apiVersion, kind, ...decodeMessage(raw, message) };
}

const expected: Record<keyof typeof recordedBodies, unknown> = {
  'create namespace demo': { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'demo' }, spec: {}, status: {} },
  'create deployment web --image=nginx --replicas=0 --port=80': {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'web', labels: { app: 'web' } },
    spec: {
      replicas: 0,
      selector: { matchLabels: { app: 'web' } },
      template: {
        metadata: { labels: { app: 'web' } },
        spec: { containers: [{ name: 'nginx', image: 'nginx', ports: [{ containerPort: 80 }], resources: {} }] },
      },
      strategy: {},
    },
    status: {},
  },
  'create configmap c --from-literal=a=1 --from-literal=b=x': {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'c' },
    data: { a: '1', b: 'x' },
  },
  'create secret generic s --from-literal=p=geheim': {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 's' },
    data: { p: 'Z2VoZWlt' },
  },
  'create serviceaccount bot': { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'bot' } },
  'create service clusterip db --tcp=5432:5432': {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'db', labels: { app: 'db' } },
    spec: {
      ports: [{ name: '5432-5432', protocol: 'TCP', port: 5432, targetPort: 5432 }],
      selector: { app: 'db' },
      type: 'ClusterIP',
    },
    status: { loadBalancer: {} },
  },
  'create service nodeport n --tcp=80:8080 --node-port=30080': {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'n', labels: { app: 'n' } },
    spec: {
      ports: [{ name: '80-8080', protocol: 'TCP', port: 80, targetPort: 8080, nodePort: 30080 }],
      selector: { app: 'n' },
      type: 'NodePort',
    },
    status: { loadBalancer: {} },
  },
  'create job j --image=busybox -- date': {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { name: 'j' },
    spec: {
      template: {
        metadata: {},
        spec: {
          containers: [{ name: 'j', image: 'busybox', command: ['date'], resources: {} }],
          restartPolicy: 'Never',
        },
      },
    },
    status: {},
  },
  'auth can-i create pods': {
    apiVersion: 'authorization.k8s.io/v1',
    kind: 'SelfSubjectAccessReview',
    metadata: {},
    spec: { resourceAttributes: { namespace: 'default', verb: 'create', resource: 'pods' } },
    status: {},
  },
  'auth can-i --list': {
    apiVersion: 'authorization.k8s.io/v1',
    kind: 'SelfSubjectRulesReview',
    metadata: {},
    spec: { namespace: 'default' },
    status: {},
  },
  'auth whoami': {
    apiVersion: 'authentication.k8s.io/v1',
    kind: 'SelfSubjectReview',
    metadata: {},
    status: { userInfo: {} },
  },
};

describe('bodies that kubectl 1.32 sent', () => {
  test.each(Object.entries(recordedBodies))('%s', (command, body) => {
    expect(decode(Buffer.from(body, 'base64'))).toEqual(expected[command as keyof typeof recordedBodies]);
  });
});

/** A body by hand: `[number, payload]`, a number as varint (below 128), text or bytes with their length. */
type Part = readonly [number: number, payload: number | string | Uint8Array];

function wire(...parts: readonly Part[]): Uint8Array {
  return Buffer.concat(
    parts.map(([number, payload]) => {
      if (typeof payload === 'number') return Buffer.from([number << 3, payload]);
      const bytes = Buffer.from(payload);
      return Buffer.concat([Buffer.from([(number << 3) | 2, bytes.length]), bytes]);
    }),
  );
}

describe('what the table says of fields', () => {
  test('inline messages are opened: the source of a volume and the handler of a probe', () => {
    const volume = wire([1, 'v'], [2, wire([2, wire()])]);
    expect(decodeMessage(volume, 'Volume')).toEqual({ name: 'v', emptyDir: {} });
    const probe = wire([1, wire([2, wire([1, '/healthy'], [2, wire([1, 1], [2, 0], [3, 'http'])])])], [2, 5]);
    expect(decodeMessage(probe, 'Probe')).toEqual({
      httpGet: { path: '/healthy', port: 'http' },
      initialDelaySeconds: 5,
    });
  });

  test('zero is dropped where Go omits it, and kept where it is a pointer', () => {
    expect(decodeMessage(wire([4, 0], [11, 0]), 'PodSpec')).toEqual({ terminationGracePeriodSeconds: 0 });
  });

  test('an empty selector of a peer stays: it selects everything', () => {
    expect(decodeMessage(wire([1, wire()]), 'NetworkPolicyPeer')).toEqual({ podSelector: {} });
  });

  test('times, quantities, and numbers packed or not', () => {
    const metadata = wire([8, Uint8Array.from([8, 0x80, 0x8c, 0x8d, 0xaf, 0x06])]);
    expect(decodeMessage(metadata, 'ObjectMeta')).toEqual({ creationTimestamp: '2024-03-02T15:30:08Z' });
    expect(decodeMessage(wire([1, wire([1, 'cpu'], [2, wire([1, '100m'])])]), 'ResourceRequirements')).toEqual({
      limits: { cpu: '100m' },
    });
    expect(decodeMessage(wire([4, 7], [4, 8]), 'PodSecurityContext')).toEqual({ supplementalGroups: [7, 8] });
    expect(decodeMessage(wire([4, Uint8Array.from([7, 8])]), 'PodSecurityContext')).toEqual({
      supplementalGroups: [7, 8],
    });
  });

  test('names of Object.prototype are labels like others', () => {
    const label = (key: string) => wire([1, key], [2, 'x']);
    const decoded = decodeMessage(wire([11, label('__proto__')], [11, label('constructor')]), 'ObjectMeta');
    expect(JSON.stringify(decoded)).toBe('{"labels":{"__proto__":"x","constructor":"x"}}');
  });
});

describe('hostile bytes', () => {
  test.each([
    ['no envelope', wire([1, 'x'])],
    ['nothing', new Uint8Array()],
    ['a length beyond the end', Uint8Array.from([0x6b, 0x38, 0x73, 0, 0x12, 0x7f, 1])],
    ['a number without end', Uint8Array.from([0x6b, 0x38, 0x73, 0, ...new Array<number>(11).fill(0xff)])],
    ['field number 0', Uint8Array.from([0x6b, 0x38, 0x73, 0, 0x02, 0])],
    ['a group', Uint8Array.from([0x6b, 0x38, 0x73, 0, 0x0b])],
  ])('%s is a 400', (_what, body) => {
    expect(() => openEnvelope(body)).toThrow(expect.objectContaining({ reason: 'BadRequest', code: 400 }));
  });

  test('a body beyond 3 MiB is a 413', () => {
    expect(() => openEnvelope(new Uint8Array(3 * 1024 * 1024 + 1))).toThrow(expect.objectContaining({ code: 413 }));
  });

  test('a schema nested a thousand times is a 400', () => {
    let schema = Buffer.alloc(0);
    for (let depth = 0; depth < 1000; depth += 1) {
      const length = [];
      for (let rest = schema.length; ; rest >>= 7) {
        length.push(rest > 127 ? (rest & 127) | 128 : rest);
        if (rest <= 127) break;
      }
      schema = Buffer.concat([Buffer.from([0xe2, 0x01, ...length]), schema]);
    }
    expect(() => decodeMessage(schema, 'JSONSchemaProps')).toThrow(/nested too deeply/);
  });

  test('any bytes decode or are refused, whatever the message', () => {
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 60 }),
      fc.tuple(fc.constantFrom(...Object.values(recordedBodies)), fc.nat(400), fc.nat(255)).map(([body, at, byte]) => {
        const raw = Uint8Array.from(Buffer.from(body, 'base64').subarray(4));
        raw[at % raw.length] = byte;
        return raw;
      }),
    );
    fc.assert(
      fc.property(fc.constantFrom(...messageNames), bytes, (name, raw) => {
        try {
          expect(JSON.parse(JSON.stringify(decodeMessage(raw, name)))).toBeTypeOf('object');
        } catch (error) {
          expect(error).toBeInstanceOf(StatusError);
        }
      }),
      { numRuns: 300 },
    );
  });
});
