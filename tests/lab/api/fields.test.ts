import { describe, expect, test } from 'vitest';
import { strictDecodingError, unknownFields, withDefaults } from '../../../src/lab/api/fields.ts';
import { firstApply } from './recorded-apply.ts';

describe('fields that nobody knows', () => {
  test('none in what kubectl applies', () => {
    expect(unknownFields(firstApply, 'Deployment')).toEqual([]);
  });

  test('at the top, inside lists, and not inside maps of text', () => {
    const policy = {
      metadata: { labels: { anything: 'x' }, lables: {} },
      spec: { podSelectr: {}, ingress: [{}, { form: [], ports: [{ prot: 1, port: 'http' }] }] },
      toString: 1,
    };
    const unknown = unknownFields(policy, 'NetworkPolicy');
    expect(unknown).toEqual([
      'metadata.lables',
      'spec.podSelectr',
      'spec.ingress[1].form',
      'spec.ingress[1].ports[0].prot',
      'toString',
    ]);
    expect(strictDecodingError(unknown.slice(0, 2))).toBe(
      'strict decoding error: unknown field "metadata.lables", unknown field "spec.podSelectr"',
    );
  });

  test('inline messages are known by their fields, custom JSON by anything', () => {
    expect(unknownFields({ spec: { volumes: [{ name: 'a', emptyDir: {}, VolumeSource: {} }] } }, 'Pod')).toEqual([
      'spec.volumes[0].VolumeSource',
    ]);
    const schema = { openAPIV3Schema: { properties: { a: { default: { x: 1 }, typ: 'string' } } } };
    expect(unknownFields({ spec: { versions: [{ schema }] } }, 'CustomResourceDefinition')).toEqual([
      'spec.versions[0].schema.openAPIV3Schema.properties.a.typ',
    ]);
  });

  test('a hundred are enough', () => {
    const many = Object.fromEntries(Array.from({ length: 500 }, (_, n) => [`x${n}`, 1]));
    expect(unknownFields(many, 'Pod')).toHaveLength(100);
  });
});

describe('defaults', () => {
  test('go as deep as there are objects, and overwrite nothing', () => {
    const deployment = {
      spec: { replicas: 0, template: { spec: { containers: [{ name: 'a', ports: [{ containerPort: 1 }] }] } } },
    };
    expect(withDefaults(deployment, 'Deployment')).toEqual({
      spec: {
        replicas: 0,
        revisionHistoryLimit: 10,
        progressDeadlineSeconds: 600,
        strategy: { type: 'RollingUpdate' },
        template: {
          spec: {
            restartPolicy: 'Always',
            terminationGracePeriodSeconds: 30,
            dnsPolicy: 'ClusterFirst',
            schedulerName: 'default-scheduler',
            enableServiceLinks: true,
            securityContext: {},
            containers: [
              {
                name: 'a',
                resources: {},
                terminationMessagePath: '/dev/termination-log',
                terminationMessagePolicy: 'File',
                ports: [{ containerPort: 1, protocol: 'TCP' }],
              },
            ],
          },
        },
      },
    });
  });

  test('null is absent, and twice is once', () => {
    const once = withDefaults({ spec: { ports: [{ port: 1, protocol: null }] } }, 'Service');
    expect(once).toMatchObject({ spec: { ports: [{ protocol: 'TCP' }], type: 'ClusterIP', sessionAffinity: 'None' } });
    expect(withDefaults(once, 'Service')).toEqual(once);
  });
});
