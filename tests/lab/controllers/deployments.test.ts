import { beforeEach, describe, expect, test } from 'vitest';
import { objectAt, objectsAt, textAt } from '../../../src/lab/controllers/reading.ts';
import { Cluster, deployment } from './cluster.ts';

let cluster: Cluster;

beforeEach(async () => {
  cluster = new Cluster();
  await cluster.settle();
});

const status = (name = 'web') => objectAt(cluster.get('deployments', name), 'status');
const progressing = () =>
  objectsAt(status(), 'conditions').find((each) => textAt(each, 'type') === 'Progressing') ?? {};

describe('a new Deployment', () => {
  test('has a ReplicaSet with the hash of its template, and as many pods as it asks for', async () => {
    cluster.create('deployments', deployment('web', 3));
    await cluster.settle();
    expect(cluster.names('pods')).toHaveLength(3);
    expect(status()).toMatchObject({
      observedGeneration: 1,
      replicas: 3,
      updatedReplicas: 3,
      readyReplicas: 3,
      availableReplicas: 3,
    });
    expect(textAt(progressing(), 'reason')).toBe('NewReplicaSetAvailable');
    expect(await cluster.settle()).toBe(0);
  });
});
