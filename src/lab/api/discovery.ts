/** What the lab serves, as clients ask for it: the aggregated documents and the older ones, one by group version. */
import type { JsonObject } from './json.ts';
import type { Resource } from './resources.ts';

/** Must stand in the answer's Content-Type too, or clients read the aggregated document as an older one. */
export const aggregatedContentType = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList';

/** `GET /api` and `GET /apis` for clients that accept {@link aggregatedContentType}. */
export function aggregatedDiscovery(resources: readonly Resource[], root: 'api' | 'apis'): JsonObject {
  return {
    kind: 'APIGroupDiscoveryList',
    apiVersion: 'apidiscovery.k8s.io/v2',
    metadata: {},
    items: groupsOf(resources, root).map(({ group, versions }) => ({
      metadata: group === '' ? {} : { name: group },
      versions: versions.map(({ version, members }) => ({
        version,
        resources: members.map(aggregatedResource),
        freshness: 'Current',
      })),
    })),
  };
}

function aggregatedResource(resource: Resource): JsonObject {
  const { group, version, kind } = resource;
  return {
    resource: resource.plural,
    responseKind: { group, version, kind },
    scope: resource.namespaced ? 'Namespaced' : 'Cluster',
    singularResource: resource.singular,
    verbs: resource.verbs,
    ...(resource.shortNames.length === 0 ? {} : { shortNames: resource.shortNames }),
    ...(resource.categories.length === 0 ? {} : { categories: resource.categories }),
    ...(resource.subresources.length === 0
      ? {}
      : {
          subresources: resource.subresources.map((sub) => ({
            subresource: sub.name,
            responseKind: { group: sub.group, version: sub.version, kind: sub.kind },
            verbs: sub.verbs,
          })),
        }),
  };
}

/** `GET /api` for older clients. */
export const coreVersions: JsonObject = {
  kind: 'APIVersions',
  versions: ['v1'],
  serverAddressByClientCIDRs: [],
};

/** `GET /apis` for older clients. */
export function groupList(resources: readonly Resource[]): JsonObject {
  const groups = groupsOf(resources, 'apis').map(({ group }) => apiGroup(resources, group) ?? {});
  return { kind: 'APIGroupList', apiVersion: 'v1', groups };
}

/** `GET /apis/GROUP`; `undefined` for a group that the lab does not serve. */
export function groupDocument(resources: readonly Resource[], group: string): JsonObject | undefined {
  const found = apiGroup(resources, group);
  return found === undefined ? undefined : { kind: 'APIGroup', apiVersion: 'v1', ...found };
}

function apiGroup(resources: readonly Resource[], name: string): JsonObject | undefined {
  const found = groupsOf(resources, 'apis').find(({ group }) => group === name);
  if (found === undefined) return undefined;
  const versions = found.versions.map(({ version }) => ({ groupVersion: `${name}/${version}`, version }));
  return { name, versions, preferredVersion: versions[0] };
}

/** `GET /api/v1` and `GET /apis/GROUP/VERSION`; `undefined` for what the lab does not serve. */
export function resourceList(resources: readonly Resource[], group: string, version: string): JsonObject | undefined {
  const members = resources.filter((resource) => resource.group === group && resource.version === version);
  if (members.length === 0) return undefined;
  return {
    kind: 'APIResourceList',
    apiVersion: 'v1',
    groupVersion: group === '' ? version : `${group}/${version}`,
    resources: members.flatMap((resource) => [
      {
        name: resource.plural,
        singularName: resource.singular,
        namespaced: resource.namespaced,
        kind: resource.kind,
        verbs: resource.verbs,
        ...(resource.shortNames.length === 0 ? {} : { shortNames: resource.shortNames }),
        ...(resource.categories.length === 0 ? {} : { categories: resource.categories }),
      },
      ...resource.subresources.map((sub) => ({
        name: `${resource.plural}/${sub.name}`,
        singularName: '',
        namespaced: resource.namespaced,
        ...(sub.group === group && sub.version === version ? {} : { group: sub.group, version: sub.version }),
        kind: sub.kind,
        verbs: sub.verbs,
      })),
    ]),
  };
}

interface GroupVersion {
  readonly version: string;
  readonly members: readonly Resource[];
}

/** In the order of the resources: the first version of a group is the preferred one. */
function groupsOf(
  resources: readonly Resource[],
  root: 'api' | 'apis',
): readonly { readonly group: string; readonly versions: readonly GroupVersion[] }[] {
  const groups = new Map<string, Map<string, Resource[]>>();
  for (const resource of resources) {
    if ((resource.group === '') !== (root === 'api')) continue;
    const versions = groups.get(resource.group) ?? new Map<string, Resource[]>();
    groups.set(resource.group, versions);
    versions.set(resource.version, [...(versions.get(resource.version) ?? []), resource]);
  }
  return [...groups].map(([group, versions]) => ({
    group,
    versions: [...versions].map(([version, members]) => ({ version, members })),
  }));
}
