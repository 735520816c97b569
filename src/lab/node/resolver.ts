/** The resolv.conf of a pod. */
import { CLUSTER_DOMAIN, type LabNetworks } from '../networks.ts';
import type { JsonObject } from '../api/json.ts';
import { isTrueAt, objectsAt, textAt, textsAt } from '../api/field-values.ts';
import type { SandboxSpec } from '../runtime/runtime.ts';

export type Resolver = Pick<SandboxSpec, 'nameservers' | 'resolverOptions' | 'searches'>;

const MAX_NAMESERVERS = 3;
const MAX_SEARCHES = 32;
/** The C library reads no more of a line. */
const MAX_SEARCH_CHARACTERS = 2048;

/**
 * By the DNS policy of the pod and its DNS config. The lab has one name server, which knows the world outside as well;
 * so `Default`, and what the host network makes of `ClusterFirst`, asks the same one, without the search path.
 */
export function resolverOf(pod: JsonObject, networks: LabNetworks): Resolver {
  const policy = textAt(pod, 'spec', 'dnsPolicy') || 'ClusterFirst';
  const inCluster =
    policy === 'ClusterFirstWithHostNet' || (policy === 'ClusterFirst' && !isTrueAt(pod, 'spec', 'hostNetwork'));
  const namespace = textAt(pod, 'metadata', 'namespace');
  const searches = inCluster ? [`${namespace}.svc.${CLUSTER_DOMAIN}`, `svc.${CLUSTER_DOMAIN}`, CLUSTER_DOMAIN] : [];
  const options = new Map<string, string | undefined>(inCluster ? [['ndots', '5']] : []);
  for (const option of objectsAt(pod, 'spec', 'dnsConfig', 'options'))
    options.set(textAt(option, 'name'), textAt(option, 'value') || undefined);
  const more = (name: string) => textsAt(pod, 'spec', 'dnsConfig', name).filter(isOneWord);
  return {
    nameservers: [...new Set([...(policy === 'None' ? [] : networks.dnsService), ...more('nameservers')])].slice(
      0,
      MAX_NAMESERVERS,
    ),
    searches: withinLine([...new Set([...searches, ...more('searches')])].slice(0, MAX_SEARCHES)),
    resolverOptions: [...options]
      .map(([name, value]) => (value === undefined ? name : `${name}:${value}`))
      .filter(isOneWord),
  };
}

/** Whatever else would begin another line or word of the file. */
function isOneWord(text: string): boolean {
  return /^[\x21-\x7e]{1,255}$/.test(text);
}

function withinLine(searches: readonly string[]): readonly string[] {
  let left = MAX_SEARCH_CHARACTERS;
  return searches.filter((search) => {
    left -= search.length + 1;
    return left >= 0;
  });
}

/** What `hostname` says in the pod. */
export function hostnameOf(pod: JsonObject, nodeName: string): string {
  if (isTrueAt(pod, 'spec', 'hostNetwork')) return nodeName;
  const name = textAt(pod, 'spec', 'hostname') || textAt(pod, 'metadata', 'name');
  // A host name is at most 63 characters long; what is cut off may leave dots and dashes at the end.
  let end = Math.min(name.length, 63);
  while (end > 0 && (name[end - 1] === '-' || name[end - 1] === '.')) end -= 1;
  return name.slice(0, end);
}

/** More lines of /etc/hosts: the aliases of the pod, and its full name when it has a subdomain. */
export function hostAliasesOf(pod: JsonObject, addresses: readonly string[]): SandboxSpec['hostAliases'] {
  const subdomain = textAt(pod, 'spec', 'subdomain');
  const hostname = hostnameOf(pod, '');
  const fullName = `${hostname}.${subdomain}.${textAt(pod, 'metadata', 'namespace')}.svc.${CLUSTER_DOMAIN}`;
  const own =
    subdomain === '' || hostname === '' ? [] : addresses.map((address) => ({ address, names: [fullName, hostname] }));
  const aliases = objectsAt(pod, 'spec', 'hostAliases').flatMap((alias) => {
    const address = textAt(alias, 'ip');
    const names = textsAt(alias, 'hostnames').filter(isOneWord);
    return isOneWord(address) && names.length > 0 ? [{ address, names }] : [];
  });
  return [...own, ...aliases];
}
