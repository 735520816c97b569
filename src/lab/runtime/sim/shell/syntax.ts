/** The part of the shell's language that the simulation understands. */
export type Piece =
  | { readonly kind: 'text'; readonly text: string; readonly quoted: boolean }
  | {
      readonly kind: 'variable';
      readonly name: string;
      readonly operator: '' | '-' | '+' | '=';
      readonly word: Word;
      readonly quoted: boolean;
    }
  | { readonly kind: 'command'; readonly list: List; readonly quoted: boolean }
  | { readonly kind: 'sum'; readonly text: string; readonly quoted: boolean };

export type Word = readonly Piece[];

export interface Redirect {
  readonly fd: 0 | 1 | 2;
  readonly kind: 'append' | 'both' | 'copy' | 'read' | 'write';
  /** A file, or the number of what is copied. */
  readonly target: Word;
}

export type Command =
  | {
      readonly kind: 'simple';
      readonly assignments: readonly (readonly [name: string, value: Word])[];
      readonly words: readonly Word[];
      readonly redirects: readonly Redirect[];
    }
  | { readonly kind: 'group'; readonly list: List; readonly own: boolean; readonly redirects: readonly Redirect[] }
  | {
      readonly kind: 'while';
      readonly until: boolean;
      readonly condition: List;
      readonly body: List;
      readonly redirects: readonly Redirect[];
    }
  | {
      readonly kind: 'for';
      readonly name: string;
      readonly words: readonly Word[];
      readonly body: List;
      readonly redirects: readonly Redirect[];
    }
  | {
      readonly kind: 'if';
      readonly branches: readonly { readonly condition: List; readonly body: List }[];
      readonly otherwise: List;
      readonly redirects: readonly Redirect[];
    };

export interface Pipeline {
  readonly negated: boolean;
  readonly commands: readonly Command[];
}

export interface ListItem {
  readonly pipeline: Pipeline;
  /** What stands before it. */
  readonly after: '&&' | '||' | ';';
  readonly background: boolean;
}

export type List = readonly ListItem[];

/** What is no shell, or more of it than there is here. */
export class ShellError extends Error {
  override readonly name = 'ShellError';
  /** 2: it is wrong; 127: the simulation cannot. */
  readonly exitCode: 2 | 127;

  constructor(exitCode: 2 | 127, message: string) {
    super(message);
    this.exitCode = exitCode;
  }
}
