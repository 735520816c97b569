import { describe, expect, it } from 'vitest';
import { type JsonObject, withFields } from '../../../../src/lab/api/json.ts';
import { objectAt } from '../../../../src/lab/api/field-values.ts';
import { KindCluster } from './kind-cluster.ts';

const template = {
  metadata: { labels: { app: 'web' } },
  spec: { containers: [{ name: 'web', image: 'nginx:1' }] },
};
const selector = { matchLabels: { app: 'web' } };

function workload(kind: string, spec: JsonObject, name = 'web'): JsonObject {
  const apiVersion = kind === 'Job' ? 'batch/v1' : 'apps/v1';
  return { apiVersion, kind, metadata: { name, namespace: 'shop' }, spec };
}

function specOf(object: JsonObject): JsonObject {
  return objectAt(object, 'spec');
}

const runsOnce = withFields(template, { spec: { ...template.spec, restartPolicy: 'Never' } });

describe('what is filled into workloads', () => {
  it.each<[kind: string, expected: JsonObject]>([
    [
      'Deployment',
      {
        replicas: 1,
        revisionHistoryLimit: 10,
        progressDeadlineSeconds: 600,
        strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: '25%', maxUnavailable: '25%' } },
      },
    ],
    ['ReplicaSet', { replicas: 1 }],
    [
      'StatefulSet',
      {
        replicas: 1,
        revisionHistoryLimit: 10,
        podManagementPolicy: 'OrderedReady',
        updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 0 } },
        persistentVolumeClaimRetentionPolicy: { whenDeleted: 'Retain', whenScaled: 'Retain' },
      },
    ],
    [
      'DaemonSet',
      {
        revisionHistoryLimit: 10,
        updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 0, maxUnavailable: 1 } },
      },
    ],
  ])('%s', (kind, expected) => {
    const { object, causes } = new KindCluster().create(workload(kind, { selector, template }));
    expect(causes).toEqual([]);
    const { selector: kept, template: filled, ...rest } = specOf(object);
    expect(rest).toEqual(expected);
    expect(kept).toEqual(selector);
    expect(filled).toEqual({
      metadata: { labels: { app: 'web' } },
      spec: {
        containers: [
          {
            name: 'web',
            image: 'nginx:1',
            imagePullPolicy: 'IfNotPresent',
            resources: {},
            terminationMessagePath: '/dev/termination-log',
            terminationMessagePolicy: 'File',
          },
        ],
        dnsPolicy: 'ClusterFirst',
        enableServiceLinks: true,
        restartPolicy: 'Always',
        schedulerName: 'default-scheduler',
        securityContext: {},
        terminationGracePeriodSeconds: 30,
      },
    });
  });

  it('Job, with a selector of its own', () => {
    const { object, causes } = new KindCluster().create(workload('Job', { template: runsOnce }));
    expect(causes).toEqual([]);
    const spec = specOf(object);
    expect(spec).toMatchObject({
      backoffLimit: 6,
      completionMode: 'NonIndexed',
      completions: 1,
      parallelism: 1,
      podReplacementPolicy: 'TerminatingOrFailed',
      suspend: false,
    });
    expect(spec['selector']).toEqual({ matchLabels: { 'batch.kubernetes.io/job-name': 'web' } });
    expect(objectAt(objectAt(spec, 'template'), 'metadata')['labels']).toEqual({
      app: 'web',
      'batch.kubernetes.io/job-name': 'web',
      'job-name': 'web',
    });
    expect(objectAt(object, 'metadata')['labels']).toEqual({ app: 'web' });
  });
});

const MISMATCH =
  'spec.template.metadata.labels: Invalid value: {"app":"web"}: `selector` does not match template `labels`';

describe('what is refused in workloads', () => {
  it.each<[what: string, object: JsonObject, causes: readonly string[]]>([
    [
      'a Deployment without selector',
      workload('Deployment', { template }),
      ['spec.selector: Required value', MISMATCH],
    ],
    [
      'a Deployment that selects everything',
      workload('Deployment', { selector: {}, template }),
      ['spec.selector: Invalid value: {}: empty selector is invalid for deployment'],
    ],
    [
      'a Deployment that selects others',
      workload('Deployment', { selector: { matchLabels: { app: 'db' } }, template }),
      [MISMATCH],
    ],
    [
      'a Deployment with a selector that makes no sense',
      workload('Deployment', { selector: { matchExpressions: [{ key: 'app', operator: 'Is' }] }, template }),
      [
        'spec.selector.matchExpressions[0].operator: Invalid value: "Is": not a valid selector operator',
        'spec.selector: Invalid value: {"matchExpressions":[{"key":"app","operator":"Is"}]}: invalid label selector',
      ],
    ],
    [
      'a Deployment with pods that end',
      workload('Deployment', {
        selector,
        template: { ...template, spec: { ...template.spec, restartPolicy: 'Never', activeDeadlineSeconds: 5 } },
      }),
      [
        'spec.template.spec.restartPolicy: Unsupported value: "Never": supported values: "Always"',
        'spec.template.spec.activeDeadlineSeconds: Forbidden: activeDeadlineSeconds in ReplicaSet is not Supported',
      ],
    ],
    [
      'what is wrong with the pods of a Deployment',
      workload('Deployment', { selector, template: { ...template, spec: { containers: [{ name: 'web' }] } } }),
      ['spec.template.spec.containers[0].image: Required value'],
    ],
    [
      'numbers of a Deployment',
      workload('Deployment', {
        selector,
        template,
        replicas: -1,
        minReadySeconds: 600,
        strategy: { rollingUpdate: { maxSurge: 0, maxUnavailable: '0%' } },
      }),
      [
        'spec.replicas: Invalid value: -1: must be greater than or equal to 0',
        'spec.strategy.rollingUpdate.maxUnavailable: Invalid value: "0%": may not be 0 when `maxSurge` is 0',
        'spec.progressDeadlineSeconds: Invalid value: 600: must be greater than minReadySeconds',
      ],
    ],
    [
      'percents of a Deployment',
      workload('Deployment', {
        selector,
        template,
        strategy: { rollingUpdate: { maxSurge: '1', maxUnavailable: '101%' } },
      }),
      [
        "spec.strategy.rollingUpdate.maxSurge: Invalid value: \"1\": a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')",
        'spec.strategy.rollingUpdate.maxUnavailable: Invalid value: "101%": must not be greater than 100%',
      ],
    ],
    [
      'a Deployment that rolls and does not',
      workload('Deployment', { selector, template, strategy: { type: 'Recreate', rollingUpdate: { maxSurge: 1 } } }),
      ["spec.strategy.rollingUpdate: Forbidden: may not be specified when strategy `type` is 'Recreate'"],
    ],
    [
      'a StatefulSet',
      workload(
        'StatefulSet',
        { selector, template, podManagementPolicy: 'Any', updateStrategy: { type: 'Sometimes' }, replicas: -2 },
        'a.b',
      ),
      [
        expect.stringContaining('metadata.name: Invalid value: "a.b": a lowercase RFC 1123 label') as string,
        "spec.podManagementPolicy: Invalid value: \"Any\": must be 'OrderedReady' or 'Parallel'",
        'spec.updateStrategy: Invalid value: {"type":"Sometimes"}: must be \'RollingUpdate\' or \'OnDelete\'',
        'spec.replicas: Invalid value: -2: must be greater than or equal to 0',
      ],
    ],
    [
      'a DaemonSet',
      workload('DaemonSet', { template, updateStrategy: { rollingUpdate: { maxSurge: 1, maxUnavailable: 1 } } }),
      [
        MISMATCH,
        'spec.updateStrategy.rollingUpdate.maxSurge: Invalid value: 1: may not be set when maxUnavailable is non-zero',
      ],
    ],
    [
      'a Job that goes on for ever',
      workload('Job', { template }),
      ['spec.template.spec.restartPolicy: Required value: valid values: "OnFailure", "Never"'],
    ],
    [
      'a Job with wrong numbers',
      workload('Job', { template: runsOnce, parallelism: -1, completionMode: 'Indexed' }),
      [
        'spec.parallelism: Invalid value: -1: must be greater than or equal to 0',
        'spec.completions: Required value: when completion mode is Indexed',
      ],
    ],
  ])('%s', (_, object, causes) => {
    expect(new KindCluster().create(object).causes).toEqual(causes);
  });
});

describe('what may change in workloads', () => {
  const cluster = new KindCluster();
  it.each<[kind: string, spec: JsonObject, change: JsonObject, causes: readonly string[]]>([
    ['Deployment', { selector, template }, { replicas: 5 }, []],
    [
      'Deployment',
      { selector, template },
      { selector: { matchExpressions: [{ key: 'app', operator: 'Exists' }] } },
      ['spec.selector: Invalid value: {"matchExpressions":[{"key":"app","operator":"Exists"}]}: field is immutable'],
    ],
    ['StatefulSet', { selector, template }, { replicas: 2, minReadySeconds: 3 }, []],
    [
      'StatefulSet',
      { selector, template },
      { serviceName: 'other' },
      [
        "spec: Forbidden: updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden",
      ],
    ],
    ['Job', { template: runsOnce }, { parallelism: 3 }, []],
    ['Job', { template: runsOnce }, { completions: 3 }, ['spec.completions: Invalid value: 3: field is immutable']],
  ])('%s %j to %j', (kind, spec, change, causes) => {
    const { object } = cluster.create(workload(kind, spec));
    expect(cluster.updateSpec(object, change).causes).toEqual(causes);
  });
});
