import { statSync } from 'node:fs';
import type { SourceText } from '../base/source.ts';
import { renderKustomization } from './kustomize.ts';
import { OperationalError } from './operational-error.ts';
import { maxInputBytes, readManifestFile } from './read-file.ts';
import { readStdin } from './read-stdin.ts';
import { systemErrorCode, systemErrorReason } from './system-error.ts';
import { walkFolder } from './walk-folder.ts';

/** One input as the person named it: `-f PATH` (`-` is standard input) or `-k FOLDER`. */
export type InputSpec =
  | { readonly type: 'path'; readonly path: string }
  | { readonly type: 'kustomize'; readonly path: string };

export interface ReadInputsEvents {
  /** After each text, with the totals so far. */
  readonly onProgress: (files: number, bytes: number) => void;
  /** Nothing comes from standard input. */
  readonly onStdinSilence: () => void;
}

export interface ReadInputsResult {
  /** In the order given; within a folder in name order. */
  readonly sources: readonly SourceText[];
  /** What could not be read; the caller decides whether to go on without it. */
  readonly failures: readonly OperationalError[];
  /** Folders that hold no manifest, as given. */
  readonly emptyFolders: readonly string[];
  readonly bytes: number;
}

/** All texts together: beyond it the parsed objects would not fit into an ordinary heap. */
const maxTotalBytes = 4 * maxInputBytes;

/**
 * Reads every input once; a file that is named twice, directly or through a folder or a link, counts once.
 * Faults of single inputs are returned, so that all of them can be shown together.
 */
export async function readInputs(specs: readonly InputSpec[], events: ReadInputsEvents): Promise<ReadInputsResult> {
  const sources: SourceText[] = [];
  const failures: OperationalError[] = [];
  const emptyFolders: string[] = [];
  const seen = new Set<string>();
  let bytes = 0;
  let stdinRead = false;

  const add = (source: SourceText, size: number): void => {
    sources.push(source);
    bytes += size;
    if (bytes > maxTotalBytes)
      throw new OperationalError('input-too-large', 'the inputs together are larger than 2 GiB');
    events.onProgress(sources.length, bytes);
  };
  const addFile = (path: string): void => {
    const content = readManifestFile(path, seen);
    if (content.type === 'text') add(content.source, content.bytes);
  };
  const collectFailure = (error: unknown): void => {
    if (!(error instanceof OperationalError) || error.code === 'input-too-large') throw error;
    failures.push(error);
  };

  for (const spec of specs) {
    try {
      if (spec.type === 'kustomize') {
        const source = await renderKustomization(spec.path);
        add(source, source.text.length);
      } else if (spec.path === '-') {
        if (stdinRead) continue;
        stdinRead = true;
        const source = await readStdin(events.onStdinSilence);
        add(source, source.text.length);
      } else if (isFolder(spec.path)) {
        const walk = walkFolder(spec.path);
        failures.push(...walk.failures);
        if (walk.files.length === 0 && walk.failures.length === 0) emptyFolders.push(spec.path);
        for (const file of walk.files) {
          try {
            addFile(file);
          } catch (error) {
            collectFailure(error);
          }
        }
      } else {
        addFile(spec.path);
      }
    } catch (error) {
      collectFailure(error);
    }
  }
  return { sources, failures, emptyFolders, bytes };
}

/** @throws OperationalError `input-unsupported`, `not-found`, `unreadable` */
function isFolder(path: string): boolean {
  if (path === '') throw new OperationalError('not-found', 'an empty path was given to -f', { exitCode: 2 });
  try {
    return statSync(path).isDirectory();
  } catch (error) {
    if (/^https?:\/\//i.test(path)) {
      throw new OperationalError('input-unsupported', `${path}: URLs are not read`, {
        hint: `fetch it first: curl -fsSL ${path} | sallyport map -f -`,
        exitCode: 2,
        cause: error,
      });
    }
    const missing = systemErrorCode(error) === 'ENOENT';
    throw new OperationalError(missing ? 'not-found' : 'unreadable', `${path}: ${systemErrorReason(error)}`, {
      cause: error,
      ...(missing && /[*?[]/.test(path)
        ? { hint: 'patterns are left to the shell: do not quote them, or give the folder' }
        : {}),
    });
  }
}
