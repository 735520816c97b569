/** What the path of a request points at. Whether there is such a thing is decided by who answers. */
import { badRequest } from '../status-error.ts';

export interface ResourceRoute {
  readonly kind: 'resource';
  /** `''` for the core group. */
  readonly group: string;
  readonly version: string;
  /** As the path has it; `undefined` without `namespaces/NAME` before the resource. */
  readonly namespace: string | undefined;
  readonly plural: string;
  /** `undefined` for the collection. */
  readonly name: string | undefined;
  readonly subresource: string | undefined;
}

export type Route =
  | ResourceRoute
  | { readonly kind: 'group-version'; readonly group: string; readonly version: string }
  | { readonly kind: 'group'; readonly group: string }
  | { readonly kind: 'openapi3'; readonly root: string | undefined }
  | { readonly kind: 'api' | 'apis' | 'health' | 'openapi2' | 'unknown' | 'version' };

const unknown: Route = { kind: 'unknown' };

/** @throws StatusError 400 for a path that is no text */
export function parseRoute(path: string): Route {
  const segments = path.split('/').slice(1).map(decode);
  // Clients of old write `/api/`.
  if (segments.length > 1 && segments.at(-1) === '') segments.pop();
  if (segments.includes('')) return unknown;
  const [first, ...rest] = segments;
  switch (first) {
    case 'api':
      return apiRoute(rest);
    case 'apis':
      return apisRoute(rest);
    case 'openapi':
      return openApiRoute(rest);
    case 'version':
      return rest.length === 0 ? { kind: 'version' } : unknown;
    case 'healthz':
    case 'livez':
    case 'readyz':
      return rest.length === 0 ? { kind: 'health' } : unknown;
    default:
      return unknown;
  }
}

function apiRoute([version, ...rest]: readonly string[]): Route {
  if (version === undefined) return { kind: 'api' };
  return rest.length === 0 ? { kind: 'group-version', group: '', version } : resourceRoute('', version, rest);
}

function apisRoute([group, version, ...rest]: readonly string[]): Route {
  if (group === undefined) return { kind: 'apis' };
  if (version === undefined) return { kind: 'group', group };
  return rest.length === 0 ? { kind: 'group-version', group, version } : resourceRoute(group, version, rest);
}

function openApiRoute([version, ...rest]: readonly string[]): Route {
  if (version === 'v2' && rest.length === 0) return { kind: 'openapi2' };
  if (version !== 'v3') return unknown;
  return { kind: 'openapi3', root: rest.length === 0 ? undefined : rest.join('/') };
}

/** These below a namespace are parts of it; everything else below one is a resource in it. */
const partsOfNamespaces: ReadonlySet<string> = new Set(['finalize', 'status']);

function resourceRoute(group: string, version: string, segments: readonly string[]): Route {
  const [first, second, third] = segments;
  const isInNamespace =
    first === 'namespaces' && second !== undefined && third !== undefined && !partsOfNamespaces.has(third);
  const [plural, name, subresource, ...more] = isInNamespace ? segments.slice(2) : segments;
  if (plural === undefined || more.length > 0) return unknown;
  return { kind: 'resource', group, version, namespace: isInNamespace ? second : undefined, plural, name, subresource };
}

function decode(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    throw badRequest('the path is not valid UTF-8 in percent encoding');
  }
}
