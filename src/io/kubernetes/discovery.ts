import type { JsonValue } from '../../kube/from-json.ts';
import type { ApiClient } from './api-client.ts';
import { malformedError } from './api-error.ts';
import { isJsonObject } from './api-object.ts';
import { apiVersionOf, type KubeResource } from './resource.ts';

/**
 * Whether the server knows the resource at all. A 404 alone does not tell: something between us and the server may
 * have answered, and taking that for an empty list would drop every policy.
 *
 * @throws what {@link ApiClient.getJson} throws
 */
export async function isServed(client: ApiClient, resource: KubeResource, signal: AbortSignal): Promise<boolean> {
  const version = apiVersionOf(resource);
  if (resource.group !== '') {
    const groups = list(await client.getJson('/apis', {}, signal), '/apis', 'APIGroupList', 'groups');
    const versions = groups.find((group) => group['name'] === resource.group)?.['versions'];
    const known = Array.isArray(versions) ? (versions as readonly JsonValue[]) : [];
    if (!known.some((entry) => isJsonObject(entry) && entry['groupVersion'] === version)) return false;
  }
  const path = resource.group === '' ? `/api/${version}` : `/apis/${version}`;
  const resources = list(await client.getJson(path, {}, signal), path, 'APIResourceList', 'resources');
  return resources.some((entry) => entry['name'] === resource.plural);
}

function list(
  value: JsonValue,
  path: string,
  kind: string,
  field: string,
): readonly { readonly [key: string]: JsonValue }[] {
  const items = isJsonObject(value) && value['kind'] === kind ? value[field] : undefined;
  if (!Array.isArray(items)) throw malformedError(`GET ${path}`, `the answer is no ${kind}`);
  return (items as readonly JsonValue[]).filter(isJsonObject);
}
