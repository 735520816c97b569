import { beforeEach, describe, expect, test } from 'vitest';
import type { JsonObject } from '../../../../src/lab/api/json.ts';
import { metadataOf } from '../../../../src/lab/api/field-values.ts';
import { LabRest } from './lab-rest.ts';

let lab: LabRest;

beforeEach(() => {
  lab = new LabRest();
});

const isShort = (list: readonly unknown[]) => list.length === 200;

const named = (name: string, more: JsonObject = {}): JsonObject => ({ metadata: { name, ...more } });

describe('create', () => {
  test('what the table gives by default, without the status of the client, and owned by who asked', () => {
    const { object, created, warnings } = lab.create('deployments', {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'web', labels: { app: 'web' }, uid: 'mine' },
      spec: { selector: { matchLabels: { app: 'web' } }, template: {} },
      status: { replicas: 5 },
    });
    expect(created).toBe(true);
    expect(warnings).toEqual([]);
    expect(object).toMatchObject({
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'web', namespace: 'demo', generation: 1, creationTimestamp: '2026-01-02T03:04:05Z' },
      spec: { replicas: 1, revisionHistoryLimit: 10, strategy: { type: 'RollingUpdate' } },
    });
    expect(object['status']).toBeUndefined();
    expect(metadataOf(object)['uid']).not.toBe('mine');
    expect(metadataOf(object)['managedFields']).toMatchObject([
      {
        manager: 'test',
        operation: 'Update',
        apiVersion: 'apps/v1',
        time: '2026-01-02T03:04:05Z',
        fieldsType: 'FieldsV1',
        fieldsV1: { 'f:metadata': { 'f:labels': { 'f:app': {} } }, 'f:spec': { 'f:replicas': {}, 'f:selector': {} } },
      },
    ]);
  });

  test.each<[what: string, plural: string, object: JsonObject, code: number, message: string]>([
    [
      'another kind',
      'deployments',
      { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'a' } },
      400,
      'Pod in version "v1" cannot be handled as a Deployment: converting (v1.Pod) to (apps.Deployment): unknown conversion',
    ],
    [
      'another version',
      'configmaps',
      { apiVersion: 'v2', kind: 'ConfigMap', metadata: { name: 'a' } },
      400,
      'the API version in the data (v2) does not match the expected API version (v1)',
    ],
    [
      'another namespace',
      'configmaps',
      named('a', { namespace: 'other' }),
      400,
      'the namespace of the provided object does not match the namespace sent on the request',
    ],
    [
      'a resourceVersion',
      'configmaps',
      named('a', { resourceVersion: '7' }),
      400,
      'resourceVersion should not be set on objects to be created',
    ],
    [
      'an unknown field',
      'networkpolicies',
      { ...named('a'), spec: { podSelectr: {} } },
      400,
      'NetworkPolicy in version "v1" cannot be handled as a NetworkPolicy: strict decoding error: unknown field "spec.podSelectr"',
    ],
    [
      'a wrong type',
      'deployments',
      { ...named('a'), spec: { replicas: 'two' } },
      400,
      'Deployment in version "v1" cannot be handled as a Deployment: json: cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas of type int32',
    ],
    [
      'a label that is no text',
      'configmaps',
      named('a', { labels: { a: 1 } }),
      400,
      'json: cannot unmarshal number into Go struct field ObjectMeta.metadata.labels of type string',
    ],
    [
      'no list',
      'pods',
      { ...named('a'), spec: { containers: { name: 'x' } } },
      400,
      'json: cannot unmarshal object into Go struct field PodSpec.spec.containers of type []v1.Container',
    ],
    [
      'a number with a fraction',
      'deployments',
      { ...named('a'), spec: { replicas: 1.5 } },
      400,
      'json: cannot unmarshal number 1.5 into Go struct field DeploymentSpec.spec.replicas of type int32',
    ],
    [
      'no quantity',
      'pods',
      { ...named('a'), spec: { containers: [{ resources: { limits: { cpu: 'much' } } }] } },
      400,
      "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'",
    ],
    ['no base64', 'secrets', { ...named('a'), data: { a: '*' } }, 400, 'illegal base64 data'],
    [
      'too many annotations',
      'configmaps',
      named('a', { annotations: { a: 'x'.repeat(256 * 1024) } }),
      422,
      'metadata.annotations: Too long: may not be more than 262144 bytes',
    ],
    [
      'two controllers',
      'configmaps',
      named('a', {
        ownerReferences: ['x', 'y'].map((name) => ({
          apiVersion: 'v1',
          kind: 'Pod',
          name,
          uid: name,
          controller: true,
        })),
      }),
      422,
      'Only one reference can have Controller set to true. Found "true" in references for Pod/x and Pod/y',
    ],
    [
      'no name',
      'configmaps',
      {},
      422,
      'ConfigMap "" is invalid: metadata.name: Required value: name or generateName is required',
    ],
    [
      'a bad label',
      'configmaps',
      named('a', { labels: { 'a/b/c': 'x', ok: '-' } }),
      422,
      'ConfigMap "a" is invalid: [metadata.labels: Invalid value: "a/b/c": a valid label key must consist of',
    ],
  ])('%s is refused', (_, plural, object, code, message) => {
    expect(() => lab.create(plural, object)).toThrow(
      expect.objectContaining({ code, message: expect.stringContaining(message) as unknown }),
    );
  });

  test('what is wrong in many places is told in few', () => {
    const labels = Object.fromEntries(Array.from({ length: 50_000 }, (_, i) => [`-${i}`, '-']));
    expect(() => lab.create('configmaps', named('a', { labels }))).toThrow(
      expect.objectContaining({
        details: { name: 'a', kind: 'ConfigMap', causes: expect.toSatisfy(isShort) as unknown },
      }),
    );
  });
});
