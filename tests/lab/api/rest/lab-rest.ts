/** A Rest of its own for a test: time stands still until it is moved, and chance is a list. */
import type { JsonObject } from '../../../../src/lab/api/json.ts';
import type { Strategy } from '../../../../src/lab/api/kinds/strategy.ts';
import type { Resource } from '../../../../src/lab/api/resources.ts';
import { RestService } from '../../../../src/lab/api/rest/rest-service.ts';
import type { RequestContext } from '../../../../src/lab/api/rest/rest.ts';
import { ObjectStore } from '../../../../src/lab/api/store/object-store.ts';
import { labNetworks } from '../../../../src/lab/networks.ts';

export const user = { username: 'kubernetes-admin', uid: '', groups: ['system:masters', 'system:authenticated'] };

export const strict: RequestContext = {
  user,
  fieldManager: 'test',
  dryRun: false,
  fieldValidation: 'Strict',
};

export class LabRest {
  readonly store: ObjectStore;
  readonly rest: RestService;
  nowMs = Date.parse('2026-01-02T03:04:05.678Z');
  /** Taken one after the other, 0 when there are none left. */
  readonly chances: number[] = [];

  constructor(strategies: ReadonlyMap<string, Strategy> = new Map()) {
    let uids = 0;
    const newUid = () => `uid-${(uids += 1)}`;
    this.store = new ObjectStore({ now: () => new Date(this.nowMs), newUid });
    const clock = { nowMs: () => this.nowMs, calendarMs: () => this.nowMs, after: () => () => {} };
    const random = () => this.chances.shift() ?? 0;
    this.rest = new RestService({
      store: this.store,
      networks: labNetworks(1, 'ipv4'),
      clock,
      random,
      newUid,
      strategies,
    });
    this.create('namespaces', { metadata: { name: 'demo' } });
  }

  resource(plural: string): Resource {
    const found = this.rest.resources.find((resource) => resource.plural === plural);
    if (found === undefined) throw new Error(`no resource ${plural}`);
    return found;
  }

  target(plural: string, name: string, subresource?: string) {
    const resource = this.resource(plural);
    return { resource, namespace: resource.namespaced ? 'demo' : '', name, subresource };
  }

  create(plural: string, object: JsonObject, context: Partial<RequestContext> = {}) {
    const resource = this.resource(plural);
    return this.rest.create({ resource, namespace: resource.namespaced ? 'demo' : '' }, object, {
      ...strict,
      ...context,
    });
  }

  get(plural: string, name: string, subresource?: string): JsonObject {
    return this.rest.get(this.target(plural, name, subresource));
  }

  update(
    plural: string,
    name: string,
    object: JsonObject,
    context: Partial<RequestContext> = {},
    subresource?: string,
  ) {
    return this.rest.update(this.target(plural, name, subresource), object, { ...strict, ...context });
  }

  patch(
    plural: string,
    name: string,
    type: 'json' | 'merge' | 'strategic',
    body: JsonObject | readonly JsonObject[],
    context: Partial<RequestContext> = {},
    subresource?: string,
  ) {
    return this.rest.patch(this.target(plural, name, subresource), { type, body }, { ...strict, ...context });
  }

  apply(plural: string, name: string, body: JsonObject, context: Partial<RequestContext> = {}, force = false) {
    return this.rest.patch(this.target(plural, name), { type: 'apply', body, force }, { ...strict, ...context });
  }
}
