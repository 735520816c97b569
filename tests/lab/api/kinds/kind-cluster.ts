/** A cluster without a server: objects go through their strategy and into the store, as the server sends them. */
import { withDefaults } from '../../../../src/lab/api/fields.ts';
import { type JsonObject, withFields } from '../../../../src/lab/api/json.ts';
import { objectAt, textAt, metadataOf } from '../../../../src/lab/api/field-values.ts';
import { strategies } from '../../../../src/lab/api/kinds/strategies.ts';
import type { ClusterView } from '../../../../src/lab/api/kinds/strategy.ts';
import { messageOf, builtInResources } from '../../../../src/lab/api/resources.ts';
import type { StatusCause } from '../../../../src/lab/api/status-error.ts';
import { ObjectStore } from '../../../../src/lab/api/store/object-store.ts';
import { type IpFamily, labNetworks } from '../../../../src/lab/networks.ts';

export const START_MS = Date.parse('2026-01-01T00:00:00Z');

export interface Admitted {
  readonly object: JsonObject;
  /** `field: message` each. */
  readonly causes: readonly string[];
  readonly warnings: readonly string[];
}

export class KindCluster {
  readonly view: ClusterView;

  constructor(family: IpFamily = 'ipv4') {
    let uids = 0;
    const store = new ObjectStore({ now: () => new Date(START_MS), newUid: () => `uid-${++uids}` });
    const clock = { nowMs: () => 0, calendarMs: () => START_MS, after: () => () => undefined };
    this.view = { store, networks: labNetworks(1, family), clock, random: () => 0.5 };
  }

  create(given: JsonObject): Admitted {
    const strategy = strategies.get(textAt(given, 'kind')) ?? {};
    const filled = withTypeDefaults(given);
    const object = strategy.prepareCreate?.(filled, this.view) ?? filled;
    const causes = strategy.validate?.(object, this.view) ?? [];
    return { object, causes: causes.map(causeText), warnings: strategy.warnings?.(object) ?? [] };
  }

  /** Creates it and stores it, whatever is wrong with it. */
  store(given: JsonObject): JsonObject {
    const { object } = this.create(given);
    const { group, plural } = resourceOf(object);
    const metadata = metadataOf(object);
    const key = { group, plural, namespace: textAt(metadata, 'namespace'), name: textAt(metadata, 'name') };
    return this.view.store.create(key, object);
  }

  update(before: JsonObject, given: JsonObject): Admitted {
    const strategy = strategies.get(textAt(given, 'kind')) ?? {};
    const filled = withTypeDefaults(given);
    const object = strategy.prepareUpdate?.(filled, before, this.view) ?? filled;
    const causes = [
      ...(strategy.validate?.(object, this.view) ?? []),
      ...(strategy.validateUpdate?.(object, before, this.view) ?? []),
    ];
    return { object, causes: causes.map(causeText), warnings: strategy.warnings?.(object) ?? [] };
  }

  /** The same with other fields in `spec`. */
  updateSpec(before: JsonObject, spec: JsonObject): Admitted {
    return this.update(before, withFields(before, { spec: withFields(objectAt(before, 'spec'), spec) }));
  }
}

function causeText({ field, message }: StatusCause): string {
  return `${field}: ${message}`;
}

function withTypeDefaults(object: JsonObject): JsonObject {
  const message = messageOf(textAt(object, 'apiVersion'), textAt(object, 'kind'));
  if (message === undefined) throw new Error(`no type of ${textAt(object, 'kind')}`);
  return withDefaults(object, message);
}

export function resourceOf(object: JsonObject) {
  const resource = builtInResources.find(({ kind }) => kind === textAt(object, 'kind'));
  if (resource === undefined) throw new Error(`no resource of ${textAt(object, 'kind')}`);
  return resource;
}

export function podOf(spec: JsonObject, metadata: JsonObject = {}): JsonObject {
  return { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'web', namespace: 'shop', ...metadata }, spec };
}

export function serviceOf(spec: JsonObject, name = 'web'): JsonObject {
  return { apiVersion: 'v1', kind: 'Service', metadata: { name, namespace: 'shop' }, spec };
}
