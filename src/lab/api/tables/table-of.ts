/** Objects as a `meta.k8s.io/v1` Table: what `kubectl get` prints. */
import type { JsonObject, JsonValue } from '../json.ts';
import type { Resource } from '../resources.ts';
import { metadataOf } from '../field-values.ts';
import { resourceKey } from '../store/object-store.ts';
import {
  configMapPrinter,
  definitionPrinter,
  eventPrinter,
  leasePrinter,
  namespacePrinter,
  networkPolicyPrinter,
  plainPrinter,
  secretPrinter,
  serviceAccountPrinter,
} from './core-printers.ts';
import { customPrinter } from './custom-printer.ts';
import { nodePrinter } from './node-printer.ts';
import { podPrinter } from './pod-printer.ts';
import type { Printer } from './printer.ts';
import { endpointSlicePrinter, endpointsPrinter, servicePrinter } from './service-printer.ts';
import {
  controllerRevisionPrinter,
  daemonSetPrinter,
  deploymentPrinter,
  jobPrinter,
  replicaSetPrinter,
  statefulSetPrinter,
} from './workload-printers.ts';

export interface TableOptions {
  readonly resource: Resource;
  readonly objects: readonly JsonObject[];
  /** What a row carries of its object: nothing, its metadata, or all of it. */
  readonly includeObject: 'None' | 'Metadata' | 'Object';
  /** Milliseconds since 1970, for ages. */
  readonly nowMs: number;
  /** `additionalPrinterColumns` of a custom resource. */
  readonly columns?: readonly JsonValue[] | undefined;
  /** Of the list, or of the one object. */
  readonly resourceVersion?: string | undefined;
}

const priority = { name: 'Priority', type: 'string', jsonPath: '.spec.priority' };
const created = { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' };

const printers: ReadonlyMap<string, Printer> = new Map([
  ['configmaps', configMapPrinter],
  ['endpoints', endpointsPrinter],
  ['events', eventPrinter],
  ['namespaces', namespacePrinter],
  ['nodes', nodePrinter],
  ['pods', podPrinter],
  ['secrets', secretPrinter],
  ['serviceaccounts', serviceAccountPrinter],
  ['services', servicePrinter],
  ['controllerrevisions.apps', controllerRevisionPrinter],
  ['daemonsets.apps', daemonSetPrinter],
  ['deployments.apps', deploymentPrinter],
  ['replicasets.apps', replicaSetPrinter],
  ['statefulsets.apps', statefulSetPrinter],
  ['jobs.batch', jobPrinter],
  ['networkpolicies.networking.k8s.io', networkPolicyPrinter],
  ['endpointslices.discovery.k8s.io', endpointSlicePrinter],
  ['leases.coordination.k8s.io', leasePrinter],
  ['customresourcedefinitions.apiextensions.k8s.io', definitionPrinter],
  [
    'clusternetworkpolicies.policy.networking.k8s.io',
    customPrinter([{ name: 'Tier', type: 'string', jsonPath: '.spec.tier' }, priority, created]),
  ],
  ['adminnetworkpolicies.policy.networking.k8s.io', customPrinter([priority, created])],
  ['baselineadminnetworkpolicies.policy.networking.k8s.io', customPrinter([created])],
]);

export function tableOf(options: TableOptions): JsonObject {
  const { resource, objects, includeObject, nowMs, columns, resourceVersion } = options;
  const printer =
    columns === undefined ? (printers.get(resourceKey(resource)) ?? plainPrinter) : customPrinter(columns);
  return {
    kind: 'Table',
    apiVersion: 'meta.k8s.io/v1',
    metadata: resourceVersion === undefined ? {} : { resourceVersion },
    columnDefinitions: printer.columns.map((column) => ({ ...column })),
    rows: objects.map((object) => {
      const conditions = printer.conditions?.(object) ?? [];
      return {
        cells: printer.cells(object, nowMs),
        ...(conditions.length === 0 ? {} : { conditions }),
        object: rowObject(object, includeObject),
      };
    }),
  };
}

function rowObject(object: JsonObject, includeObject: TableOptions['includeObject']): JsonValue {
  switch (includeObject) {
    case 'None':
      return null;
    case 'Metadata':
      return { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata: metadataOf(object) };
    case 'Object':
      return object;
  }
}
