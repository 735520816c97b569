/** What a pod's containers find in /etc about names, and what may be put into their file system. */
import { RuntimeError, type ContainerSpec, type SandboxSpec } from '../runtime.ts';

/** Of all files of a container together. */
const MAX_FILE_BYTES = 32 * 1024 * 1024;
const MAX_FILES = 10_000;
const MAX_PATH_BYTES = 4000;
const CLOSED_FOLDERS: ReadonlySet<string> = new Set(['dev', 'proc', 'sys']);

export function resolverFile({ nameservers, searches, resolverOptions }: SandboxSpec): string {
  return [
    ...(searches.length === 0 ? [] : [`search ${searches.map(oneWord).join(' ')}`]),
    ...nameservers.map((address) => `nameserver ${oneWord(address)}`),
    ...(resolverOptions.length === 0 ? [] : [`options ${resolverOptions.map(oneWord).join(' ')}`]),
    '',
  ].join('\n');
}

export function hostsFile({ addresses, hostname, hostAliases }: SandboxSpec): string {
  return [
    '# Kubernetes-managed hosts file.',
    '127.0.0.1\tlocalhost',
    '::1\tlocalhost ip6-localhost ip6-loopback',
    'fe00::0\tip6-localnet',
    'fe00::0\tip6-mcastprefix',
    'fe00::1\tip6-allnodes',
    'fe00::2\tip6-allrouters',
    ...addresses.map((address) => `${oneWord(address)}\t${oneWord(hostname)}`),
    ...hostAliases.map(({ address, names }) => `${oneWord(address)}\t${names.map(oneWord).join('\t')}`),
    '',
  ].join('\n');
}

/** A value cannot begin a line of its own. */
function oneWord(text: string): string {
  return text.replace(/[\s#]+/g, '');
}

/** @throws RuntimeError unless all of it may be put there */
export function checkFiles({ files, folders }: ContainerSpec): void {
  const refuse = (why: string): never => {
    throw new RuntimeError('failed', why);
  };
  if (files.length + folders.length > MAX_FILES) refuse(`more than ${MAX_FILES} files`);
  let bytes = 0;
  for (const path of [...folders, ...files.map((file) => file.path)]) {
    const parts = path.split('/').slice(1);
    const proper = path.startsWith('/') && !path.includes('\0') && !parts.includes('..') && !parts.includes('.');
    if (!proper || Buffer.byteLength(path) > MAX_PATH_BYTES) refuse(`no path to put files at: ${JSON.stringify(path)}`);
    if (CLOSED_FOLDERS.has(parts[0] ?? '')) refuse(`nothing can be put below /${parts[0] ?? ''}`);
    bytes += Buffer.byteLength(path);
  }
  for (const { content } of files) bytes += content.length;
  if (bytes > MAX_FILE_BYTES) refuse(`files of more than ${MAX_FILE_BYTES / 1024 / 1024} MiB`);
}
