/** What is there from the start, before any controller has run. */
import type { JsonObject } from '../json.ts';
import type { Resource } from '../resources.ts';
import { BugError } from '../../../base/assert.ts';
import { policyDefinitions } from './custom-resources/policy-definitions.ts';
import { type Rest, systemContext } from './rest.ts';
import { textAt, metadataOf } from '../field-values.ts';

export interface Seed {
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  readonly object: JsonObject;
}

const namespaces = ['default', 'kube-node-lease', 'kube-public', 'kube-system'];

/** The namespaces of every cluster, and the definitions of the cluster policies. */
export function systemSeeds(): readonly Seed[] {
  return [
    ...namespaces.map((name) => ({ group: '', version: 'v1', plural: 'namespaces', object: namespace(name) })),
    ...policyDefinitions().map((object) => ({
      group: 'apiextensions.k8s.io',
      version: 'v1',
      plural: 'customresourcedefinitions',
      object,
    })),
  ];
}

function namespace(name: string): JsonObject {
  return {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name, labels: { 'kubernetes.io/metadata.name': name } },
    spec: { finalizers: ['kubernetes'] },
  };
}

/** Creates those seeds that are not there. */
export function seedSystem(rest: Rest): void {
  const context = systemContext('kube-apiserver');
  for (const { object, ...seed } of systemSeeds()) {
    const resource: Resource | undefined = rest.find(seed.group, seed.version, seed.plural);
    if (resource === undefined) throw new BugError(`no resource ${seed.plural}`);
    const name = textAt(metadataOf(object), 'name');
    if (rest.store.find({ ...resource, namespace: '', name }) === undefined)
      rest.create({ resource, namespace: '' }, object, context);
  }
}
