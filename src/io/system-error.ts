/** The `code` of an error of the operating system (`ENOENT`, ...), `''` for any other error. */
export function systemErrorCode(error: unknown): string {
  if (!(error instanceof Error) || !('code' in error)) return '';
  return typeof error.code === 'string' ? error.code : '';
}

const reasons: ReadonlyMap<string, string> = new Map([
  ['ENOENT', 'no such file or folder'],
  ['EACCES', 'permission denied'],
  ['EPERM', 'operation not permitted'],
  ['ENOTDIR', 'a part of the path is not a folder'],
  ['EISDIR', 'it is a folder'],
  ['ELOOP', 'too many symbolic links (a loop?)'],
  ['ENAMETOOLONG', 'the name is too long'],
  ['EMFILE', 'too many open files'],
  ['ENFILE', 'too many open files on this machine'],
  ['EIO', 'the device reported an error'],
  ['ENXIO', 'there is no such device'],
  ['ENOSPC', 'no space left on the device'],
  ['ENOMEM', 'not enough memory'],
  ['EINVAL', 'the operating system refused to read it'],
]);

/** Why a call of the operating system failed, in words and without the path that Node's own messages repeat. */
export function systemErrorReason(error: unknown): string {
  const code = systemErrorCode(error);
  const known = reasons.get(code);
  if (known !== undefined) return known;
  if (code !== '') return code;
  return error instanceof Error ? error.message : String(error);
}
