/** Where the decoding of one object keeps what it found wrong, and how it words that. */
import type { Diagnostic, Severity } from '../base/diagnostic.ts';
import type { SourceText, Span } from '../base/source.ts';
import type { YamlNode } from '../yaml/node.ts';
import { type FieldPath, formatPath } from './path.ts';

/**
 * How the API server reads a kind: `go` for built-in kinds, which decode into Go structs, and `schema` for kinds that a
 * CustomResourceDefinition's OpenAPI schema describes.
 */
export type Dialect = 'go' | 'schema';

export interface DecodeRules {
  readonly dialect: Dialect;
  /** Policies are strict (S22); for other kinds an unknown field may simply be newer than this program. */
  readonly unknownFields: Extract<Severity, 'error' | 'warning'>;
  /**
   * The object is stored in a cluster already: what today's validation would refuse is only a warning (S42, D11).
   * Decoders give a result that fails closed for every such value.
   */
  readonly stored?: boolean;
}

/** The types of `field.Error`, with the words and the code that each gets. */
const FIELD_ERRORS = {
  invalid: { words: 'Invalid value', code: 'invalid-value' },
  unsupported: { words: 'Unsupported value', code: 'unsupported-value' },
  required: { words: 'Required value', code: 'required-value' },
  forbidden: { words: 'Forbidden', code: 'forbidden-value' },
  duplicate: { words: 'Duplicate value', code: 'duplicate-value' },
  tooMany: { words: 'Too many', code: 'too-many' },
  tooLong: { words: 'Too long', code: 'too-long' },
} as const;

export type FieldErrorType = keyof typeof FIELD_ERRORS;

export interface FieldErrorParts {
  readonly type: FieldErrorType;
  readonly path: FieldPath | undefined;
  /** Where to point: the offending value, or what lacks it. */
  readonly at: YamlNode;
  /** Printed between type and detail; left out for `required`, `forbidden` and `tooLong` (S30). */
  readonly value?: unknown;
  readonly detail?: string;
  readonly help?: string;
}

const REFUSED = 'the API server refuses this object; what policy needs of it is clear and counts';

/** One object is worth this many messages; the rest is a number. */
const MAX_PER_OBJECT = 100;

/** Longer values are cut in messages: they would drown what is said about them. */
const MAX_SHOWN_VALUE = 1000;

/** What a decoder reports to. `label` names the object for its messages and is asked only when there is one. */
export class ObjectDecoder {
  readonly source: SourceText | undefined;
  readonly rules: DecodeRules;
  readonly #label: () => string;
  readonly #decodeErrors: Diagnostic[] = [];
  readonly #invalid: Diagnostic[] = [];
  readonly #warnings: Diagnostic[] = [];
  #dropped = 0;

  constructor(source: SourceText | undefined, rules: DecodeRules, label: () => string) {
    this.source = source;
    this.rules = rules;
    this.#label = label;
  }

  get rejected(): boolean {
    return this.#decodeErrors.length > 0 || this.#invalid.length > 0;
  }

  /** The API server validates only what it could decode, so decode errors hide validation errors. */
  diagnostics(at: YamlNode): readonly Diagnostic[] {
    const errors = this.#decodeErrors.length > 0 ? this.#decodeErrors : this.#invalid;
    const all = this.#warnings.length === 0 ? errors : [...errors, ...this.#warnings];
    if (this.#dropped === 0) return all;
    const message = `${this.#dropped} more problems of this object are not shown`;
    const severity = errors.length > 0 ? 'error' : 'warning';
    return [...all, this.#diagnostic(severity, 'more-problems', message, at)];
  }

  span(node: YamlNode): Span | undefined {
    return this.source === undefined ? undefined : { source: this.source, start: node.start, end: node.end };
  }

  /** The text cannot become this kind of object at all. */
  decodeError(code: string, at: YamlNode, message: string, help?: string, related?: Diagnostic['related']): void {
    this.#add(this.#decodeErrors, this.#diagnostic('error', code, message, at, help, related));
  }

  /** `<field path>: <Type>: <value>: <detail>` (S30). */
  fieldError(parts: FieldErrorParts): void {
    const { code } = FIELD_ERRORS[parts.type];
    const message = fieldMessage(parts);
    if (this.rules.stored === true) this.warn(code, parts.at, message, parts.help);
    else this.#add(this.#invalid, this.#diagnostic('error', code, message, parts.at, parts.help));
  }

  /**
   * The API server refuses the object, but nothing that policy needs is in doubt: fragments of manifests are analysed
   * every day, so the object counts and the person is told.
   */
  refused(parts: FieldErrorParts): void {
    this.warn(FIELD_ERRORS[parts.type].code, parts.at, fieldMessage(parts), parts.help ?? REFUSED);
  }

  /** One `Invalid value` for every complaint of a check from `syntax.ts`. */
  invalid(path: FieldPath, at: YamlNode, value: string | number, problems: readonly string[], help?: string): void {
    for (const detail of problems) {
      this.fieldError({ type: 'invalid', path, at, value, detail, ...(help === undefined ? {} : { help }) });
    }
  }

  warn(code: string, at: YamlNode, message: string, help?: string): void {
    this.#add(this.#warnings, this.#diagnostic('warning', code, message, at, help));
  }

  #add(list: Diagnostic[], diagnostic: Diagnostic): void {
    if (list.length < MAX_PER_OBJECT) list.push(diagnostic);
    else this.#dropped++;
  }

  #diagnostic(
    severity: Severity,
    code: string,
    message: string,
    at: YamlNode,
    help?: string,
    related?: Diagnostic['related'],
  ): Diagnostic {
    const span = this.span(at);
    return {
      severity,
      code,
      message,
      ...(span === undefined ? {} : { span }),
      object: this.#label(),
      ...(help === undefined ? {} : { help }),
      ...(related === undefined ? {} : { related }),
    };
  }
}

function fieldMessage(parts: FieldErrorParts): string {
  const value = 'value' in parts && parts.value !== undefined ? `: ${showValue(parts.value)}` : '';
  const detail = parts.detail === undefined || parts.detail === '' ? '' : `: ${parts.detail}`;
  return `${formatPath(parts.path)}: ${FIELD_ERRORS[parts.type].words}${value}${detail}`;
}

/** Strings quoted, numbers bare, the rest as JSON, as Go's `field.Error` prints values. */
function showValue(value: unknown): string {
  const text = typeof value === 'number' ? String(value) : (JSON.stringify(value) ?? String(value));
  return text.length <= MAX_SHOWN_VALUE ? text : `${text.slice(0, MAX_SHOWN_VALUE)}…`;
}
