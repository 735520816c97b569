/** Why a document could not be read, on its way from a parser to the diagnostic of its document. */

import type { YamlLimits } from './limits.ts';

export type ProblemCode = 'yaml-syntax' | 'yaml-limit' | 'template-leftover';

/**
 * Thrown by the parsers of this folder and caught in `parse.ts`, which turns it into a diagnostic: a document
 * fails as a whole, so unwinding is the point. Never leaves the folder.
 */
export class DocumentProblem extends Error {
  override readonly name = 'DocumentProblem';
  readonly code: ProblemCode;
  readonly start: number;
  readonly end: number;
  readonly help: string | undefined;
  /** What the text failed to be. */
  readonly language: 'YAML' | 'JSON';

  constructor(
    code: ProblemCode,
    message: string,
    start: number,
    end: number,
    help?: string,
    language: 'YAML' | 'JSON' = 'YAML',
  ) {
    super(message);
    this.code = code;
    this.start = start;
    this.end = end;
    this.help = help;
    this.language = language;
  }
}

export function depthProblem(at: number, limits: YamlLimits): DocumentProblem {
  return new DocumentProblem(
    'yaml-limit',
    `nesting exceeded the limit of levels (${limits.maxDepth})`,
    at,
    at + 1,
    'Kubernetes objects are nested far less deeply',
  );
}

/** A piece of the input for a message: whole when it is short. */
export function shown(piece: string): string {
  return piece.length <= 60 ? piece : `${piece.slice(0, 57)}...`;
}
