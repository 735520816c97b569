import type { JsonObject } from '../../../src/lab/api/json.ts';
import { strategies } from '../../../src/lab/api/kinds/strategies.ts';
import { RestService } from '../../../src/lab/api/rest/rest-service.ts';
import type { ObjectTarget, RequestContext, Rest, Written } from '../../../src/lab/api/rest/rest.ts';
import { ObjectStore } from '../../../src/lab/api/store/object-store.ts';
import { nameOf } from '../../../src/lab/api/field-values.ts';
import { labNetworks } from '../../../src/lab/networks.ts';
import type { Clock } from '../../../src/io/kubernetes/clock.ts';

/** The real verbs; writes by components of the system are remembered, and may be refused. */
export class CountingRest extends RestService {
  /** `create pods web-abcde`, in order. */
  readonly writes: string[] = [];
  /** Throws what it likes before a write is done. */
  refuse: (write: string) => void = () => {};

  constructor(clock: Clock) {
    let ids = 0;
    const newUid = () => `00000000-0000-4000-8000-${(ids += 1).toString().padStart(12, '0')}`;
    let state = 1;
    // Any sequence will do that is the same each time.
    const random = () => (state = (state * 48_271) % 0x7fffffff) / 0x7fffffff;
    const store = new ObjectStore({ now: () => new Date(clock.calendarMs()), newUid });
    super({ store, networks: labNetworks(2, 'ipv4'), clock, random, newUid, strategies });
  }

  override create(target: Parameters<Rest['create']>[0], object: JsonObject, context: RequestContext): Written {
    const { resource, subresource = '', name = nameOf(object) } = target;
    return this.counted(context, `create ${resource.plural}${subresource && `/${subresource}`} ${name}`, () =>
      super.create(target, object, context),
    );
  }

  override update(target: ObjectTarget, object: JsonObject, context: RequestContext): Written {
    const { resource, subresource = '', name } = target;
    return this.counted(context, `update ${resource.plural}${subresource && `/${subresource}`} ${name}`, () =>
      super.update(target, object, context),
    );
  }

  override delete(target: ObjectTarget, request: Parameters<Rest['delete']>[1], context: RequestContext) {
    return this.counted(context, `delete ${target.resource.plural} ${target.name}`, () =>
      super.delete(target, request, context),
    );
  }

  private counted<T>(context: RequestContext, write: string, action: () => T): T {
    const before = this.store.resourceVersion;
    if (context.user.username.startsWith('system:')) this.refuse(write);
    const result = action();
    const isSystem = context.user.username.startsWith('system:') && context.fieldManager !== 'kubelet';
    if (isSystem && this.store.resourceVersion !== before) this.writes.push(write);
    return result;
  }
}
