/** What namespaces demand of the objects in them. */
import { objectAt, textAt } from '../field-values.ts';
import type { Resource } from '../resources.ts';
import { StatusError } from '../status-error.ts';
import { type ObjectStore, resourceKey } from '../store/object-store.ts';

const namespaces = { group: '', plural: 'namespaces', namespace: '' };

/** These are always there. */
export const immortalNamespaces: ReadonlySet<string> = new Set(['default', 'kube-public', 'kube-system']);

/** 403 as admission says it. */
export function forbidden(
  resource: Resource,
  name: string,
  why: string,
  causes?: StatusError['details']['causes'],
): StatusError {
  const { group, plural } = resource;
  const shown = name === '' ? '' : ` ${JSON.stringify(name)}`;
  return new StatusError('Forbidden', `${resourceKey(resource)}${shown} is forbidden: ${why}`, {
    ...(name === '' ? {} : { name }),
    ...(group === '' ? {} : { group }),
    kind: plural,
    ...(causes === undefined ? {} : { causes }),
  });
}

/** Throws 404 for a namespace that is not there, and 403 for one that is being emptied. */
export function requireOpenNamespace(store: ObjectStore, resource: Resource, namespace: string, name: string): void {
  const found = store.get({ ...namespaces, name: namespace });
  if (textAt(objectAt(found, 'status'), 'phase') !== 'Terminating') return;
  const why = `unable to create new content in namespace ${namespace} because it is being terminated`;
  throw forbidden(resource, name, why, [
    {
      reason: 'NamespaceTerminating',
      message: `namespace ${namespace} is being terminated`,
      field: 'metadata.namespace',
    },
  ]);
}
