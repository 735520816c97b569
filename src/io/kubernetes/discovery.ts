import type { JsonValue } from '../../kube/from-json.ts';
import type { ApiClient } from './api-client.ts';
import { malformedError } from './api-error.ts';
import { isJsonObject, type JsonObject } from './api-object.ts';
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
    const groups = await readApiList(client, '/apis', 'APIGroupList', 'groups', signal);
    const versions = groups.find((group) => group['name'] === resource.group)?.['versions'];
    const known = Array.isArray(versions) ? (versions as readonly JsonValue[]) : [];
    if (!known.some((entry) => isJsonObject(entry) && entry['groupVersion'] === version)) return false;
  }
  const path = resource.group === '' ? `/api/${version}` : `/apis/${version}`;
  const resources = await readApiList(client, path, 'APIResourceList', 'resources', signal);
  return resources.some((entry) => entry['name'] === resource.plural);
}

/**
 * One of the lists in which a server says what it has.
 *
 * @throws what {@link ApiClient.getJson} throws; `api-malformed` for anything else
 */
export async function readApiList(
  client: ApiClient,
  path: string,
  kind: 'APIGroupList' | 'APIResourceList',
  field: string,
  signal: AbortSignal,
): Promise<readonly JsonObject[]> {
  const value = await client.getJson(path, {}, signal);
  const items = isJsonObject(value) && value['kind'] === kind ? value[field] : undefined;
  if (!Array.isArray(items)) throw malformedError(`GET ${path}`, `the answer is no ${kind}`);
  return (items as readonly JsonValue[]).filter(isJsonObject);
}
