import { beforeEach, describe, expect, test } from 'vitest';
import type { JsonObject } from '../../../../src/lab/api/json.ts';
import { textAt, metadataOf } from '../../../../src/lab/api/field-values.ts';
import { LabRest } from './lab-rest.ts';

let lab: LabRest;

const web = (spec: JsonObject = {}): JsonObject => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'web', labels: { app: 'web' } },
  spec: { replicas: 2, ...spec },
});

beforeEach(() => {
  lab = new LabRest();
});

const managersOf = (object: JsonObject) =>
  (metadataOf(object)['managedFields'] as readonly JsonObject[]).map((entry) =>
    ['manager', 'operation', 'subresource'].flatMap((name) => (name in entry ? [textAt(entry, name)] : [])).join(' '),
  );

describe('patch', () => {
  beforeEach(() => {
    lab.create('deployments', web());
  });

  test.each<[type: 'json' | 'merge' | 'strategic', body: JsonObject | readonly JsonObject[]]>([
    ['json', [{ op: 'replace', path: '/spec/replicas', value: 5 }]],
    ['merge', { spec: { replicas: 5 } }],
    ['strategic', { spec: { replicas: 5, $patch: 'merge' } }],
  ])('%s', (type, body) => {
    const { object } = lab.patch('deployments', 'web', type, body, { fieldManager: 'patcher' });
    expect(object).toMatchObject({ spec: { replicas: 5 }, metadata: { generation: 2 } });
    expect(managersOf(object)).toEqual(['patcher Update', 'test Update']);
  });

  test.each<
    [
      what: string,
      type: 'json' | 'merge' | 'strategic',
      body: JsonObject | readonly JsonObject[],
      code: number,
      message: string,
    ]
  >([
    [
      'an unknown field',
      'strategic',
      { spec: { b: 1, a: [true] } },
      422,
      ' "" is invalid: patch: Invalid value: "map[spec:map[a:[true] b:1]]": strict decoding error: unknown field "spec.b", unknown field "spec.a"',
    ],
    ['an unknown field in a merge patch', 'merge', { spek: 1 }, 422, 'strict decoding error: unknown field "spek"'],
    [
      'a wrong type',
      'merge',
      { spec: { replicas: '1' } },
      422,
      'json: cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas of type int32',
    ],
    ['an old version', 'merge', { metadata: { resourceVersion: '1' } }, 409, 'the object has been modified'],
    [
      'another name',
      'merge',
      { metadata: { name: 'b' } },
      400,
      'the name of the object (b) does not match the name on the URL (web)',
    ],
    ['another kind', 'merge', { kind: 'Pod' }, 400, 'Pod in version "v1" cannot be handled as a Deployment'],
    ['a list', 'merge', [], 400, 'json: cannot unmarshal array into Go value of type map[string]interface {}'],
    [
      'what leaves no object',
      'json',
      [
        { op: 'replace', path: '', value: {} },
        { op: 'replace', path: '', value: 1 as unknown as JsonObject },
      ],
      422,
      'the patch leaves no object',
    ],
  ])('%s is refused', (_, type, body, code, message) => {
    expect(() => lab.patch('deployments', 'web', type, body)).toThrow(
      expect.objectContaining({ code, message: expect.stringContaining(message) as unknown }),
    );
  });

  test('warns of unknown fields and drops them', () => {
    const { object, warnings } = lab.patch(
      'deployments',
      'web',
      'strategic',
      { spec: { b: 1 } },
      { fieldValidation: 'Warn' },
    );
    expect(warnings).toEqual(['unknown field "spec.b"']);
    expect(object['spec']).not.toHaveProperty('b');
  });

  test('whoever patches last owns the field, and what is removed nobody owns', () => {
    lab.patch('deployments', 'web', 'merge', { metadata: { annotations: { a: '1', b: '1' } } }, { fieldManager: 'x' });
    lab.patch('deployments', 'web', 'merge', { metadata: { annotations: { a: '2' } } }, { fieldManager: 'y' });
    const { object } = lab.patch(
      'deployments',
      'web',
      'merge',
      { metadata: { annotations: { b: null } } },
      { fieldManager: 'z' },
    );
    expect(managersOf(object)).toEqual(['test Update', 'y Update']);
    expect(metadataOf(object)['annotations']).toEqual({ a: '2' });
  });

  test('owners can be forgotten, and are not lost by accident', () => {
    const kept = lab.patch('deployments', 'web', 'merge', { metadata: { managedFields: null } }).object;
    expect(managersOf(kept)).toEqual(['test Update']);
    const reset = lab.patch('deployments', 'web', 'merge', { metadata: { managedFields: [{}] } }).object;
    expect(metadataOf(reset)).not.toHaveProperty('managedFields');
  });

  test('however many managers write, owners stay few', () => {
    for (let i = 0; i < 30; i += 1) {
      lab.nowMs += 1000;
      const body = { metadata: { annotations: { [`a${i}`]: 'x' } } };
      lab.patch('deployments', 'web', 'merge', body, { fieldManager: `manager-${String(i).padStart(2, '0')}` });
    }
    const managers = managersOf(lab.get('deployments', 'web'));
    expect(managers).toHaveLength(10);
    expect(managers).toContain('ancient-changes Update');
    expect(managers).toContain('manager-29 Update');
  });
});

describe('server-side apply', () => {
  const kubectl = { fieldManager: 'kubectl' };

  test('creates what is not there, and changes nothing the second time', () => {
    const first = lab.apply('deployments', 'web', web(), kubectl);
    expect(first.created).toBe(true);
    expect(managersOf(first.object)).toEqual(['kubectl Apply']);
    const version = lab.store.resourceVersion;
    lab.nowMs += 60_000;
    expect(lab.apply('deployments', 'web', web(), kubectl).created).toBe(false);
    expect(lab.store.resourceVersion).toBe(version);
  });

  test('two managers, one field: a conflict, unless forced', () => {
    lab.apply('deployments', 'web', web(), kubectl);
    lab.patch('deployments', 'web', 'merge', { spec: { replicas: 5 } }, { fieldManager: 'scaler' });
    expect(() => lab.apply('deployments', 'web', web(), kubectl)).toThrow(
      expect.objectContaining({
        code: 409,
        message: 'Apply failed with 1 conflict: conflict with "scaler" using apps/v1: .spec.replicas',
        details: {
          causes: [
            {
              reason: 'FieldManagerConflict',
              message: 'conflict with "scaler" using apps/v1',
              field: '.spec.replicas',
            },
          ],
        },
      }),
    );
    const { object } = lab.apply('deployments', 'web', web(), kubectl, true);
    expect(object).toMatchObject({ spec: { replicas: 2 } });
    expect(managersOf(object)).toEqual(['kubectl Apply']);
  });

  test('conflicts name the subresource that was written', () => {
    lab.apply('deployments', 'web', web(), kubectl);
    lab.patch('deployments', 'web', 'merge', { spec: { replicas: 5 } }, { fieldManager: 'x' }, 'scale');
    expect(() => lab.apply('deployments', 'web', web(), kubectl)).toThrow(
      'conflict with "x" with subresource "scale" using apps/v1: .spec.replicas',
    );
  });

  test('what is no longer applied goes back to its default', () => {
    lab.apply('deployments', 'web', web({ minReadySeconds: 9 }), kubectl);
    const { object } = lab.apply('deployments', 'web', { ...web(), spec: { paused: true } }, kubectl);
    expect(object).toMatchObject({ spec: { replicas: 1, paused: true } });
    expect(object['spec']).not.toHaveProperty('minReadySeconds');
  });

  test('from client-side apply, as kubectl does it', () => {
    const last = 'kubectl.kubernetes.io/last-applied-configuration';
    const clientSide = { fieldManager: 'kubectl-client-side-apply' };
    const { object } = lab.create(
      'deployments',
      { ...web(), metadata: { name: 'web', annotations: { [last]: '{}' } } },
      clientSide,
    );
    const [entry] = metadataOf(object)['managedFields'] as readonly JsonObject[];
    const migrated = [{ ...entry, manager: 'kubectl', operation: 'Apply' }];
    const version = metadataOf(object)['resourceVersion'] ?? null;
    const moved = lab.patch('deployments', 'web', 'json', [
      { op: 'replace', path: '/metadata/managedFields', value: migrated },
      { op: 'replace', path: '/metadata/resourceVersion', value: version },
    ]);
    expect(managersOf(moved.object)).toEqual(['kubectl Apply']);
    lab.apply(
      'deployments',
      'web',
      { ...web({ replicas: 3 }), metadata: { name: 'web', annotations: { [last]: '{}' } } },
      kubectl,
    );
    const annotated = {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'web', annotations: { [last]: '{"x":1}' } },
    };
    const done = lab.apply('deployments', 'web', annotated, { fieldManager: 'kubectl-last-applied' }, true);
    expect(managersOf(done.object)).toEqual(['kubectl Apply', 'kubectl-last-applied Apply']);
  });

  test('the status, through its own door', () => {
    lab.apply('deployments', 'web', { ...web(), status: { replicas: 1 } }, kubectl);
    expect(lab.get('deployments', 'web')['status']).toBeUndefined();
    const target = lab.target('deployments', 'web', 'status');
    const body = { ...web({ replicas: 9 }), status: { replicas: 1 } };
    const { object } = lab.rest.patch(
      target,
      { type: 'apply', body, force: false },
      {
        user: { username: 'u', uid: '', groups: [] },
        fieldManager: 'controller',
        dryRun: false,
        fieldValidation: 'Strict',
      },
    );
    expect(object).toMatchObject({ spec: { replicas: 2 }, status: { replicas: 1 } });
  });

  test.each<[what: string, body: JsonObject, context: JsonObject, code: number, message: string]>([
    [
      'no manager',
      web(),
      { fieldManager: '' },
      422,
      'PatchOptions.meta.k8s.io "" is invalid: fieldManager: Required value: is required for apply patch',
    ],
    ['owners', { ...web(), metadata: { managedFields: [{}] } }, {}, 400, 'metadata.managedFields must be nil'],
    [
      'an unknown field',
      web({ b: 1 }),
      { fieldValidation: 'Ignore' },
      400,
      'failed to create typed patch object (demo/web; apps/v1, Kind=Deployment): .spec.b: field not declared in schema',
    ],
    [
      'a wrong type',
      web({ replicas: 'x' }),
      {},
      400,
      'failed to create typed patch object (demo/web; apps/v1, Kind=Deployment): json: cannot unmarshal string',
    ],
    ['a field twice', web(), { duplicateFields: ['spec.replicas'] }, 400, 'duplicate field "spec.replicas"'],
    [
      'an old version',
      { ...web(), metadata: { resourceVersion: '1' } },
      {},
      400,
      'resourceVersion should not be set on objects to be created',
    ],
  ])('%s is refused', (_, body, context, code, message) => {
    expect(() => lab.apply('deployments', 'web', body, { ...kubectl, ...context })).toThrow(
      expect.objectContaining({ code, message: expect.stringContaining(message) as unknown }),
    );
  });
});
