/** What an `apiVersion` and a `kind` stand for: something we read, something we skip, or a slip (M54). */
import { KINDS, type KindDefinition } from './kinds.ts';
import { editDistance } from './suggest.ts';

export type Classification =
  | { readonly type: 'known'; readonly definition: KindDefinition }
  /** `List`, or a typed list whose items may leave out their kind. */
  | { readonly type: 'list'; readonly items: KindDefinition | undefined }
  /** One of our kinds, written so that no server knows it. */
  | { readonly type: 'wrong'; readonly message: string; readonly help: string }
  | { readonly type: 'other' };

const BY_KIND: ReadonlyMap<string, KindDefinition> = new Map(KINDS.map((definition) => [definition.kind, definition]));
const BY_LOWER_KIND: ReadonlyMap<string, KindDefinition> = new Map(
  KINDS.map((definition) => [definition.kind.toLowerCase(), definition]),
);

const OTHER: Classification = { type: 'other' };

/** Groups that belong to Kubernetes without its domain name. */
const BUILT_IN_GROUPS: ReadonlySet<string> = new Set(['', 'apps', 'batch', 'extensions', 'policy', 'autoscaling']);

/** Longest kind whose spelling is worth a guess; also long enough for every kind of ours. */
const LONGEST_KIND = 40;

export function classify(apiVersion: string, kind: string): Classification {
  const exact = BY_KIND.get(kind);
  if (exact !== undefined) return classifyVersion(exact, apiVersion, kind);
  if (kind === 'List')
    return apiVersion === 'v1' ? { type: 'list', items: undefined } : wrong(apiVersion, kind, 'List', 'v1');
  const inList = kind.endsWith('List') ? BY_KIND.get(kind.slice(0, -'List'.length)) : undefined;
  if (inList !== undefined) {
    const found = classifyVersion(inList, apiVersion, kind);
    return found.type === 'known' ? { type: 'list', items: inList } : found;
  }
  const meant = BY_LOWER_KIND.get(kind.toLowerCase()) ?? misspelled(apiVersion, kind);
  if (meant === undefined || !looksLikeKubernetes(apiVersion, meant)) return OTHER;
  return wrong(apiVersion, kind, meant.kind, preferred(meant));
}

function classifyVersion(definition: KindDefinition, apiVersion: string, kind: string): Classification {
  if (definition.apiVersions.includes(apiVersion)) return { type: 'known', definition };
  // Istio has Gateways and Knative has Services: a foreign group makes it a foreign kind.
  if (!looksLikeKubernetes(apiVersion, definition)) return OTHER;
  return wrong(apiVersion, kind, kind, preferred(definition));
}

function wrong(apiVersion: string, kind: string, meantKind: string, meantVersion: string): Classification {
  const lines =
    meantKind === kind
      ? `write \`apiVersion: ${meantVersion}\``
      : `write \`apiVersion: ${meantVersion}\` and \`kind: ${meantKind}\``;
  return { type: 'wrong', message: `no matches for kind "${kind}" in version "${apiVersion}"`, help: lines };
}

function preferred(definition: KindDefinition): string {
  return definition.apiVersions[0] ?? '';
}

/** A long kind with a small slip, in a version that serves the kind which was meant. */
function misspelled(apiVersion: string, kind: string): KindDefinition | undefined {
  if (kind.length < 9 || kind.length > LONGEST_KIND) return undefined;
  const singular = kind.toLowerCase().replace(/ies$/, 'y').replace(/s$/, '');
  return KINDS.find(
    (definition) =>
      definition.kind.length >= 9 &&
      definition.apiVersions.includes(apiVersion) &&
      editDistance(singular, definition.kind.toLowerCase().replace(/s$/, ''), 3) < 3,
  );
}

function looksLikeKubernetes(apiVersion: string, definition: KindDefinition): boolean {
  const slash = apiVersion.indexOf('/');
  const group = slash < 0 ? '' : apiVersion.slice(0, slash);
  if (BUILT_IN_GROUPS.has(group)) return true;
  const own = preferred(definition).split('/')[0] ?? '';
  if (definition.apiVersions.some((version) => version.startsWith(`${group}/`))) return true;
  const isKubernetes =
    group === 'networking.k8s.io' || group === 'policy.networking.k8s.io' || group === 'gateway.networking.k8s.io';
  return isKubernetes || (group.length <= LONGEST_KIND && editDistance(group.toLowerCase(), own.toLowerCase(), 3) < 3);
}
