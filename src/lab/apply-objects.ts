/** Manifests into the store of a lab, as `kubectl apply --server-side --force-conflicts` would. */
import type { JsonObject } from './api/json.ts';
import { systemContext, type Rest, type Written } from './api/rest/rest.ts';
import { splitApiVersion, type Resource } from './api/resources.ts';
import { StatusError } from './api/status-error.ts';
import { resourceKey } from './api/store/object-store.ts';
import { nameOf, textAt, metadataOf } from './api/field-values.ts';
import type { AppliedObject, LabObject, RefusedObject } from './lab.ts';
import type { Change } from './settlement.ts';

export interface Applied {
  readonly applied: readonly AppliedObject[];
  readonly refused: readonly RefusedObject[];
  readonly changes: readonly Change[];
}

const context = { ...systemContext('sallyport'), fieldManager: 'sallyport', fieldValidation: 'Strict' as const };

/** Kinds that others need stand first. */
const FIRST = ['Namespace', 'CustomResourceDefinition', 'ServiceAccount', 'ConfigMap', 'Secret', 'Service'];

export function applyObjects(rest: Rest, objects: readonly LabObject[]): Applied {
  const applied: AppliedObject[] = [];
  const refused: RefusedObject[] = [];
  const changes: Change[] = [];
  const rank = ({ object }: LabObject): number => {
    const at = FIRST.indexOf(textAt(object, 'kind'));
    return at === -1 ? FIRST.length : at;
  };
  for (const { object, place } of objects.toSorted((a, b) => rank(a) - rank(b))) {
    try {
      const resource = resourceOf(rest, object);
      const namespace = resource.namespaced ? namespaceFor(object) : '';
      if (namespace !== '') changes.push(...ensureNamespace(rest, namespace));
      const { name, action, written } = applyOne(rest, resource, namespace, object);
      applied.push({
        place,
        name: [...(namespace === '' ? [] : [namespace]), resourceKey(resource), name].join('/'),
        action,
        warnings: written.warnings,
      });
      if (action !== 'unchanged') changes.push({ resource, resourceVersion: versionOf(written.object) });
    } catch (error) {
      if (!(error instanceof StatusError)) throw error;
      refused.push({ place, message: error.message });
    }
  }
  return { applied, refused, changes };
}

function applyOne(rest: Rest, resource: Resource, namespace: string, object: JsonObject) {
  const name = nameOf(object);
  if (name === '') {
    // As `kubectl create` does with generateName.
    const written = rest.create({ resource, namespace }, object, context);
    return { name: nameOf(written.object), action: 'created' as const, written };
  }
  const before = rest.store.find({ ...resource, namespace, name });
  const written: Written = rest.patch(
    { resource, namespace, name },
    { type: 'apply', body: withNamespace(object, namespace), force: true },
    context,
  );
  const same = before !== undefined && versionOf(before) === versionOf(written.object);
  const action = written.created ? ('created' as const) : same ? ('unchanged' as const) : ('configured' as const);
  return { name, action, written };
}

function resourceOf(rest: Rest, object: JsonObject): Resource {
  const [apiVersion, kind] = [textAt(object, 'apiVersion'), textAt(object, 'kind')];
  const [group, version] = splitApiVersion(apiVersion);
  const found = rest.resources.find(
    (resource) => resource.group === group && resource.version === version && resource.kind === kind,
  );
  if (found !== undefined) return found;
  const message = `no matches for kind ${JSON.stringify(kind)} in version ${JSON.stringify(apiVersion)}: the lab does not serve it`;
  throw new StatusError('NotFound', message);
}

/** Files often leave out the namespaces that a platform team makes. */
function ensureNamespace(rest: Rest, name: string): readonly Change[] {
  const resource = rest.find('', 'v1', 'namespaces');
  if (resource === undefined || rest.store.find({ ...resource, namespace: '', name }) !== undefined) return [];
  const object = { apiVersion: 'v1', kind: 'Namespace', metadata: { name } };
  const written = rest.create({ resource, namespace: '' }, object, context);
  return [{ resource, resourceVersion: versionOf(written.object) }];
}

function namespaceFor(object: JsonObject): string {
  const namespace = textAt(object, 'metadata', 'namespace');
  return namespace === '' ? 'default' : namespace;
}

function withNamespace(object: JsonObject, namespace: string): JsonObject {
  return namespace === '' ? object : { ...object, metadata: { ...metadataOf(object), namespace } };
}

function versionOf(object: JsonObject): string {
  return textAt(object, 'metadata', 'resourceVersion');
}
