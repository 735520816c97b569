import type { OptionNode } from '../command-tree.ts';

/** What a shell offers for the value of an option. */
export type ValueKind = 'words' | 'files' | 'folders' | 'anything';

export function valueKind({ value, choices }: OptionNode): ValueKind | undefined {
  if (value === undefined) return undefined;
  if (choices.length > 0) return 'words';
  if (value === 'path') return 'files';
  return value === 'folder' ? 'folders' : 'anything';
}

/** `-f` and `--filename`. */
export function spellings({ short, long }: OptionNode): readonly string[] {
  return short === undefined ? [long] : [short, long];
}
