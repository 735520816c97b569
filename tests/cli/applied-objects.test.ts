import { describe, expect, it } from 'vitest';
import { appliedObjects } from '../../src/cli/applied-objects.ts';
import type { KubeObjects } from '../../src/kube/objects.ts';
import { readManifests } from '../../src/kube/read.ts';
import { buildCluster } from '../../src/model/cluster.ts';
import { deployment, namespace, policy } from './manifests.ts';

function objectsOf(...documents: readonly string[]): KubeObjects {
  const { objects, diagnostics } = readManifests([{ name: 'x.yaml', text: documents.join('\n---\n') }]);
  expect(diagnostics.filter(({ severity }) => severity === 'error')).toEqual([]);
  return objects;
}

const replicaSet = `{apiVersion: apps/v1, kind: ReplicaSet, metadata: {name: web-1, namespace: shop, ownerReferences: [{apiVersion: apps/v1, kind: Deployment, name: web, controller: true, uid: u}]}, spec: {selector: {matchLabels: {app: web}}, template: {metadata: {labels: {app: web}}, spec: {containers: [{name: main, image: x}]}}}}`;
const pod = `{apiVersion: v1, kind: Pod, metadata: {name: web-1-a, namespace: shop, labels: {app: web}, ownerReferences: [{apiVersion: apps/v1, kind: ReplicaSet, name: web-1, controller: true, uid: u}]}, spec: {containers: [{name: main, image: x}]}, status: {phase: Running, podIP: 10.0.0.1}}`;
const live = objectsOf(
  namespace('shop'),
  deployment('shop', 'web', 8080),
  replicaSet,
  pod,
  policy('shop', 'kept', 'podSelector: {}'),
  policy('shop', 'edited', 'podSelector: {}'),
);

const policies = ({ networkPolicies }: KubeObjects): string[] =>
  networkPolicies.map(({ meta, ingress }) => `${meta.name} ${ingress.length}`).toSorted();

describe('objects after applying manifests', () => {
  it('are the manifests’ where both have one, and nothing is pruned', () => {
    const given = objectsOf(
      policy('shop', 'edited', 'podSelector: {}\ningress: [{}]'),
      policy('shop', 'new', 'podSelector: {}'),
    );
    expect(policies(appliedObjects(live, given))).toEqual(['edited 1', 'kept 0', 'new 0']);
  });
  it('keep the pods of a workload whose template stays', () => {
    const after = appliedObjects(live, objectsOf(deployment('shop', 'web', 8080)));
    expect(buildCluster(after).workloads.map(({ id, podCount }) => `${id} ${podCount}`)).toEqual([
      'shop/Deployment/web 1',
    ]);
    expect(after.pods.map(({ meta }) => meta.name)).toEqual(['web-1-a']);
  });
  it('have the new template in place of the pods otherwise', () => {
    const after = appliedObjects(live, objectsOf(deployment('shop', 'web', 9090)));
    expect(after.pods).toEqual([]);
    const cluster = buildCluster(after);
    expect(cluster.workloadById('shop/Deployment/web')?.podCount).toBe(2);
    expect(cluster.pods.ports[cluster.workloadById('shop/Deployment/web')?.pods[0] ?? -1]?.[0]?.containerPort).toBe(
      9090,
    );
  });
});
