/** Which kinds a reading of a live cluster asks for, and in which versions: what the server says that it has. */
import { classify } from '../../kube/classify.ts';
import { kindsDecidedElsewhere } from '../../kube/not-evaluated.ts';
import type { JsonValue } from '../../kube/from-json.ts';
import type { ApiClient } from './api-client.ts';
import { ApiError } from './api-error.ts';
import { isJsonObject, type JsonObject, textOf } from './api-object.ts';
import { readApiList } from './discovery.ts';
import { apiVersionOf, type KubeResource } from './resource.ts';
import { enforcedKinds, watchedKinds } from './watched-kinds.ts';

/**
 * - `needed`: without it every answer may be wrong
 * - `wanted`: without it names, nodes or doors are missing, and the reader is told
 */
export type KindNeed = 'needed' | 'wanted';

export interface LiveKind {
  readonly resource: KubeResource;
  readonly need: KindNeed;
  /** A kind that clusters do without; then it has no objects. */
  readonly optional: boolean;
}

export interface LiveKinds {
  readonly kinds: readonly LiveKind[];
  /** What decides over connections too and is only counted. */
  readonly foreign: readonly KubeResource[];
}

/** Groups that come with custom resources. */
const addedGroups: ReadonlySet<string> = new Set(['policy.networking.k8s.io', 'gateway.networking.k8s.io']);

interface ServedGroup {
  readonly preferred: string;
  readonly versions: readonly string[];
}

/**
 * Asks the server what it serves. One that keeps that to itself (403, 404) is taken to have everything, in the
 * versions that we would ask for.
 *
 * @throws what {@link ApiClient.getJson} throws
 */
export async function findLiveKinds(client: ApiClient, signal: AbortSignal): Promise<LiveKinds> {
  const groups = await servedGroups(client, signal);
  const served = new ServedResources(client, signal);
  const kinds: LiveKind[] = [];
  for (const wanted of watchedKinds) {
    const optional = addedGroups.has(wanted.group);
    const resource =
      groups === undefined || !optional ? wanted : await servedVersion(wanted, groups.get(wanted.group), served);
    if (resource !== undefined) kinds.push({ resource, need: needOf(wanted), optional });
  }
  return { kinds, foreign: groups === undefined ? [] : await foreignKinds(groups, served) };
}

function needOf(resource: KubeResource): KindNeed {
  return enforcedKinds.includes(resource) && resource.kind !== 'Node' ? 'needed' : 'wanted';
}

async function servedGroups(
  client: ApiClient,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, ServedGroup> | undefined> {
  let groups: readonly JsonObject[];
  try {
    groups = await readApiList(client, '/apis', 'APIGroupList', 'groups', signal);
  } catch (error) {
    if (isKeptSecret(error)) return undefined;
    throw error;
  }
  return new Map(
    groups.map((group) => {
      const versions = versionsOf(group['versions']);
      const [preferred = versions[0] ?? ''] = versionsOf([group['preferredVersion'] ?? null]);
      return [textOf(group['name']), { preferred, versions }];
    }),
  );
}

function versionsOf(value: JsonValue | undefined): readonly string[] {
  const entries = Array.isArray(value) ? (value as readonly JsonValue[]) : [];
  return entries.map((entry) => (isJsonObject(entry) ? textOf(entry['version']) : '')).filter((text) => text !== '');
}

function isKeptSecret(error: unknown): boolean {
  return error instanceof ApiError && (error.status === 403 || error.status === 404);
}

/** The version that we would ask for, else another that we can read. */
async function servedVersion(
  wanted: KubeResource,
  group: ServedGroup | undefined,
  served: ServedResources,
): Promise<KubeResource | undefined> {
  const versions = [wanted.version, ...(group?.versions ?? []).filter((version) => version !== wanted.version)];
  for (const version of versions) {
    if (group?.versions.includes(version) !== true) continue;
    const resource = { ...wanted, version };
    if (classify(apiVersionOf(resource), resource.kind).type !== 'known') continue;
    const entries = await served.of(resource);
    if (entries === undefined || entries.some((entry) => entry['name'] === resource.plural)) return resource;
  }
  return undefined;
}

async function foreignKinds(
  groups: ReadonlyMap<string, ServedGroup>,
  served: ServedResources,
): Promise<readonly KubeResource[]> {
  const found: KubeResource[] = [];
  for (const [group, { preferred }] of groups) {
    // Calico's own API server shows what its custom resources hold once more, and the policies of Kubernetes too.
    if (group === 'projectcalico.org' && groups.has('crd.projectcalico.org')) continue;
    const kinds = kindsDecidedElsewhere(group);
    if (kinds.length === 0) continue;
    for (const entry of (await served.of({ group, version: preferred })) ?? []) {
      const kind = textOf(entry['kind']);
      const plural = textOf(entry['name']);
      if (!kinds.includes(kind) || plural.includes('/')) continue;
      found.push({ group, version: preferred, plural, kind, namespaced: entry['namespaced'] === true });
    }
  }
  return found;
}

/** What each version of a group has, asked once. */
class ServedResources {
  readonly #client: ApiClient;
  readonly #signal: AbortSignal;
  readonly #known = new Map<string, readonly JsonObject[] | undefined>();

  constructor(client: ApiClient, signal: AbortSignal) {
    this.#client = client;
    this.#signal = signal;
  }

  /** `undefined` when the server does not say. */
  async of({ group, version }: Pick<KubeResource, 'group' | 'version'>): Promise<readonly JsonObject[] | undefined> {
    const path = `/apis/${group}/${version}`;
    if (this.#known.has(path)) return this.#known.get(path);
    let entries: readonly JsonObject[] | undefined;
    try {
      entries = await readApiList(this.#client, path, 'APIResourceList', 'resources', this.#signal);
    } catch (error) {
      if (!isKeptSecret(error)) throw error;
    }
    this.#known.set(path, entries);
    return entries;
  }
}
