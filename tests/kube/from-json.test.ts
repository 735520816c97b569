import { describe, expect, test } from 'vitest';
import { classify } from '../../src/kube/classify.ts';
import { type JsonValue, nodeFromJson } from '../../src/kube/from-json.ts';
import { LabelPool } from '../../src/kube/label-pool.ts';
import { type DecodedObject, decodeObject } from '../../src/kube/object.ts';
import { read } from './reading.ts';

function decode(value: JsonValue, apiVersion: string, kind: string, stored: boolean): DecodedObject {
  const found = classify(apiVersion, kind);
  if (found.type !== 'known') throw new Error(`unknown kind ${kind}`);
  return decodeObject(nodeFromJson(value), apiVersion, found.definition, {
    source: undefined,
    defaultNamespace: 'default',
    labels: new LabelPool(),
    stored,
  });
}

function policy(spec: JsonValue, stored = true): DecodedObject {
  return decode(
    { apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy', metadata: { name: 'p', namespace: 'shop' }, spec },
    'networking.k8s.io/v1',
    'NetworkPolicy',
    stored,
  );
}

describe('plain JSON values go through the decoders of text', () => {
  test('and give the same objects, only without places', () => {
    const value: JsonValue = {
      apiVersion: 'networking.k8s.io/v1',
      kind: 'NetworkPolicy',
      metadata: { name: 'p', namespace: 'shop', labels: { constructor: 'x' } },
      spec: {
        podSelector: { matchLabels: { a: 'b' } },
        ingress: [
          {
            from: [{ ipBlock: { cidr: '10.0.0.0/8', except: ['10.1.0.0/16'] } }, { podSelector: {} }],
            ports: [{ port: 80 }, { port: 'http' }],
          },
        ],
        policyTypes: ['Ingress'],
      },
    };
    const [fromText] = read(JSON.stringify(value)).objects.networkPolicies;
    const [fromValue] = decode(value, 'networking.k8s.io/v1', 'NetworkPolicy', false).objects;
    const withoutPlaces = (key: string, part: unknown) =>
      key === 'span' ? undefined : part instanceof Map ? [...part] : part;
    expect(JSON.stringify(fromValue, withoutPlaces)).toBe(JSON.stringify(fromText, withoutPlaces));
    expect(fromValue?.span).toBeUndefined();
  });

  test('errors have no place either', () => {
    const { diagnostics, rejected } = policy({ podSelector: { matchLabels: { a: 1 } } }, false);
    expect(rejected).toBe(true);
    expect(diagnostics).toEqual([
      {
        severity: 'error',
        code: 'wrong-type',
        message:
          'json: cannot unmarshal number into Go struct field LabelSelector.spec.podSelector.matchLabels of type string',
        object: 'NetworkPolicy shop/p',
        help: 'quote it: "1"',
      },
    ]);
  });

  test('depth that nobody reads costs nothing', () => {
    let deep: JsonValue = {};
    for (let i = 0; i < 100_000; i++) deep = { a: deep };
    const value: JsonValue = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'a' }, spec: { affinity: deep } };
    expect(decode(value, 'v1', 'Pod', true)).toMatchObject({ rejected: false, diagnostics: [] });
  });
});

describe('D11: stored objects that today’s validation would refuse are kept, and fail closed', () => {
  test('a CIDR that does not parse matches nothing, and isolation stays', () => {
    const { objects, rejected, diagnostics } = policy({
      podSelector: {},
      ingress: [{ from: [{ ipBlock: { cidr: 'nonsense' } }] }],
    });
    expect(rejected).toBe(false);
    expect(diagnostics.map(({ severity }) => severity)).toEqual(['warning']);
    expect(objects[0]).toMatchObject({
      isolates: { ingress: true },
      ingress: [{ peers: [{ type: 'ipBlock', cidr: undefined }] }],
    });
  });

  test('an empty peer matches nothing instead of everything', () => {
    expect(policy({ ingress: [{ from: [{}] }] }).objects[0]).toMatchObject({
      ingress: [{ peers: [{ type: 'ipBlock', cidr: undefined }] }],
    });
  });

  test('a selector of no meaning is marked invalid', () => {
    expect(policy({ podSelector: { matchExpressions: [{ key: 'a', operator: 'Near' }] } }).objects[0]).toMatchObject({
      podSelector: { invalid: true },
    });
  });

  test('an invalid value in an expression can never equal a label, so the selector still counts (S48)', () => {
    expect(
      policy({ podSelector: { matchExpressions: [{ key: 'a', operator: 'NotIn', values: ['b c'] }] } }).objects[0],
    ).toMatchObject({
      podSelector: { invalid: false, requirements: [{ key: 'a', operator: 'NotIn', values: ['b c'] }] },
    });
  });

  test('a protocol of no meaning does not become TCP', () => {
    const [object] = policy({ ingress: [{ ports: [{ protocol: 'tcp', port: 80 }] }] }).objects;
    expect(object?.kind === 'NetworkPolicy' && object.ingress[0]?.ports).toMatchObject([{ port: '\u0000' }]);
  });

  test('a peer of a newer cluster policy is unknown (S157)', () => {
    const value: JsonValue = {
      apiVersion: 'policy.networking.k8s.io/v1alpha2',
      kind: 'ClusterNetworkPolicy',
      metadata: { name: 'p' },
      spec: {
        tier: 'Admin',
        priority: 1,
        subject: { namespaces: {} },
        egress: [{ action: 'Deny', to: [{ planets: ['mars'] }], protocols: [{ quic: {} }] }],
      },
    };
    const { objects, rejected } = decode(value, 'policy.networking.k8s.io/v1alpha2', 'ClusterNetworkPolicy', true);
    expect(rejected).toBe(false);
    expect(objects[0]).toMatchObject({
      egress: [{ action: 'Deny', peers: [{ type: 'unknown' }], ports: [{ type: 'unknown' }] }],
    });
  });
});
