/** Names of images as container runtimes read them. */

export interface ImageName {
  /** With registry, repository and tag: `docker.io/library/nginx:latest`. */
  readonly full: string;
  /** Without registry, tag and digest, and without what Docker Hub adds: `nginx`, `e2e-test-images/agnhost`. */
  readonly repository: string;
  readonly tag: string;
}

const MAX_LENGTH = 1024;
const COMPONENT = /^[a-z0-9]+(?:[._-]+[a-z0-9]+)*$/;
const HOST = /^[A-Za-z0-9.-]+(?::\d{1,5})?$|^\[[0-9A-Fa-f:.]+\](?::\d{1,5})?$/;
const TAG = /^\w[\w.-]{0,127}$/;
const DIGEST = /^[A-Za-z][A-Za-z0-9+._-]*:[0-9A-Fa-f]{32,}$/;
/** Copies of Docker's own images elsewhere keep them below this. */
const OFFICIAL = ['docker/library/', 'library/'];

/** `undefined` for what no runtime would take. */
export function parseImageName(text: string): ImageName | undefined {
  if (text.length > MAX_LENGTH) return undefined;
  const at = text.indexOf('@');
  const digest = at < 0 ? undefined : text.slice(at + 1);
  if (digest !== undefined && !DIGEST.test(digest)) return undefined;
  let name = at < 0 ? text : text.slice(0, at);
  const colon = name.indexOf(':', name.lastIndexOf('/') + 1);
  const tag = colon < 0 ? undefined : name.slice(colon + 1);
  if (tag !== undefined && !TAG.test(tag)) return undefined;
  if (colon >= 0) name = name.slice(0, colon);

  const [first = '', ...rest] = name.split('/');
  const hasHost = rest.length > 0 && (/[.:]/.test(first) || first === 'localhost');
  if (hasHost && !HOST.test(first)) return undefined;
  const path = hasHost ? rest : [first, ...rest];
  if (!path.every((component) => COMPONENT.test(component))) return undefined;

  const registry = hasHost ? first : 'docker.io';
  const ofHub = registry === 'docker.io' || registry === 'index.docker.io';
  const place = ofHub && path.length === 1 ? `library/${path[0]}` : path.join('/');
  const version = digest === undefined ? `:${tag ?? 'latest'}` : `${tag === undefined ? '' : `:${tag}`}@${digest}`;
  const official = OFFICIAL.find((prefix) => place.startsWith(prefix)) ?? '';
  return { full: `${registry}/${place}${version}`, repository: place.slice(official.length), tag: tag ?? 'latest' };
}
