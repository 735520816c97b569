/** Manifests as text to positioned documents: the door to this folder. */
import type { Diagnostic } from '../base/diagnostic.ts';
import type { SourceText } from '../base/source.ts';
import { YamlBudget } from './budget.ts';
import { composeYaml } from './compose.ts';
import { isEverydayText, parseEverydayYaml } from './everyday-parser.ts';
import { JsonParser } from './json.ts';
import { DEFAULT_YAML_LIMITS } from './limits.ts';
import type { YamlLimits } from './limits.ts';
import type { YamlNode } from './node.ts';
import { prescanKind } from './prescan.ts';
import { DocumentProblem } from './problem.ts';
import { rangeContent, splitDocuments } from './split.ts';
import { HelmFinder, templateHelp, templateMessage } from './template.ts';
import { TextPool } from './text-pool.ts';

export interface ManifestDocument {
  readonly root: YamlNode;
  /** Offsets in `source.text`, without markers and surrounding blank lines. */
  readonly start: number;
  readonly end: number;
  /** Counts the documents of the text from 0, those that failed or were skipped included. */
  readonly index: number;
}

/** Documents that `wants` refused. */
export interface SkippedKind {
  readonly apiVersion: string;
  readonly kind: string;
  readonly count: number;
}

/** Takes what a text gives, in text order, as soon as it is read. */
export interface ManifestVisitor {
  readonly onDocument: (manifest: ManifestDocument) => void;
  readonly onDiagnostic: (diagnostic: Diagnostic) => void;
}

export interface ParseOptions {
  /** Whether documents of this kind are of interest; others are counted and, where that is safe, not even parsed. */
  readonly wants?: (apiVersion: string, kind: string) => boolean;
  readonly limits?: Partial<YamlLimits>;
  /** Given, documents and diagnostics go there instead of the result: a large text then needs the memory of one document. */
  readonly visit?: ManifestVisitor;
}

export interface ParsedText {
  readonly documents: readonly ManifestDocument[];
  /** Sorted by apiVersion, then kind. */
  readonly skipped: readonly SkippedKind[];
  /** Codes `yaml-syntax`, `yaml-limit`, `template-leftover` (errors) and `yaml-ignored` (warning). */
  readonly diagnostics: readonly Diagnostic[];
}

/** Longer text that fails as JSON is not tried again as YAML, which takes a hundred times as long. */
const maxRetryLength = 8 * 1024 * 1024;

function scalarEntry(root: YamlNode, name: string): string | undefined {
  if (root.type !== 'mapping') return undefined;
  let found: string | undefined;
  for (const { key, value } of root.entries)
    if (key.value === name)
      found = value.type === 'scalar' && typeof value.value === 'string' ? value.value : undefined;
  return found;
}

class ManifestReader {
  readonly #source: SourceText;
  readonly #wants: ParseOptions['wants'];
  readonly #visit: ManifestVisitor | undefined;
  readonly #budget: YamlBudget;
  readonly #helm: HelmFinder;
  readonly #pool: TextPool;
  readonly #isEveryday: boolean;
  readonly #documents: ManifestDocument[] = [];
  readonly #skipped = new Map<string, { apiVersion: string; kind: string; count: number }>();
  readonly #diagnostics: Diagnostic[] = [];
  #index = 0;

  constructor(source: SourceText, options: ParseOptions) {
    this.#source = source;
    this.#wants = options.wants;
    this.#visit = options.visit;
    this.#pool = new TextPool(source.text);
    this.#isEveryday = isEverydayText(source.text);
    this.#helm = new HelmFinder(source.text);
    this.#budget = new YamlBudget({ ...DEFAULT_YAML_LIMITS, ...options.limits });
  }

  read(): ParsedText {
    const { text } = this.#source;
    const start = text.charCodeAt(0) === 0xfeff ? 1 : 0;
    for (const slice of splitDocuments(text, start, text.length)) {
      if (rangeContent(text, slice.start, slice.end) !== 'nothing') this.#readSlice(slice.start, slice.end);
      if (this.#visit !== undefined) this.#budget.release();
      if (slice.ignored !== undefined) this.#warnIgnored(slice.ignored.start, slice.ignored.end);
    }
    const skipped = [...this.#skipped.values()].sort(
      (a, b) => compareText(a.apiVersion, b.apiVersion) || compareText(a.kind, b.kind),
    );
    return { documents: this.#documents, skipped, diagnostics: this.#diagnostics };
  }

  #warnIgnored(start: number, end: number): void {
    const { text } = this.#source;
    const newline = text.indexOf('\n', start);
    this.#tell({
      severity: 'warning',
      code: 'yaml-ignored',
      message: 'text after the document end marker `...` is ignored, as kubectl ignores it',
      span: { source: this.#source, start, end: newline === -1 || newline > end ? end : newline },
      help: 'start the next document with a line `---`',
    });
  }

  #readSlice(start: number, end: number): void {
    const { text } = this.#source;
    let documentStart = start;
    let contentStart = text.startsWith('---', start) ? start + 3 : start;
    while (contentStart < end && text.charCodeAt(contentStart) <= 32) contentStart++;
    if (text.charCodeAt(contentStart) === 0xfeff) {
      // Pieces of a concatenated stream may each have brought their byte order mark.
      contentStart++;
      documentStart = contentStart;
    }
    let contentEnd = end;
    while (contentEnd > contentStart && text.charCodeAt(contentEnd - 1) <= 32) contentEnd--;
    if (contentEnd - contentStart > this.#budget.limits.maxDocumentLength) {
      this.#index++;
      this.#report(
        new DocumentProblem(
          'yaml-limit',
          `the document is longer than ${this.#budget.limits.maxDocumentLength} characters`,
          contentStart,
          contentStart,
          'split the input into smaller files',
        ),
      );
      return;
    }
    const first = text.charCodeAt(contentStart);
    if ((first === 123 || first === 91) && this.#readJson(contentStart, contentEnd)) return;
    this.#readYaml(documentStart, end, contentStart, contentEnd);
  }

  /** Whether the text was dealt with; otherwise it may be YAML that merely starts like JSON. */
  #readJson(start: number, end: number): boolean {
    const mark = this.#budget.mark();
    const parser = new JsonParser(this.#source.text, start, end, this.#budget, this.#pool);
    const values: YamlNode[] = [];
    let problem: DocumentProblem | undefined;
    try {
      for (let value = parser.read(); value !== undefined; value = parser.read()) values.push(value);
    } catch (error) {
      if (!(error instanceof DocumentProblem)) throw error;
      problem = error;
      // A text that merely ends too soon cannot be YAML either.
      if (error.code === 'yaml-syntax' && end - start <= maxRetryLength && error.start < end) {
        this.#budget.rewind(mark);
        if (values.length === 0) return false;
        const retry = this.#tryYaml(start, end);
        if (Array.isArray(retry)) {
          for (const root of retry) this.#accept(root, root.start, root.end);
          return true;
        }
        if (retry.code === 'yaml-limit') problem = retry;
      }
    }
    for (const value of values) this.#accept(value, value.start, value.end);
    if (problem !== undefined) {
      this.#index++;
      this.#report(problem);
    }
    return true;
  }

  #tryYaml(start: number, end: number): YamlNode[] | DocumentProblem {
    try {
      return this.#parseYaml(start, end);
    } catch (error) {
      if (error instanceof DocumentProblem) return error;
      throw error;
    }
  }

  #parseYaml(start: number, end: number): YamlNode[] {
    try {
      return this.#parseAnyYaml(start, end);
    } catch (error) {
      // A scalar or tag of megabytes can exhaust the stack of a regular expression, also inside the YAML library.
      if (!(error instanceof RangeError)) throw error;
      throw new DocumentProblem('yaml-limit', 'a value of this document is too long to be read', start, start);
    }
  }

  #parseAnyYaml(start: number, end: number): YamlNode[] {
    const { text } = this.#source;
    const everyday = this.#isEveryday ? parseEverydayYaml(text, start, end, this.#budget, this.#pool) : undefined;
    if (everyday !== undefined) return everyday.root === undefined ? [] : [everyday.root];
    const { maxEventLength } = this.#budget.limits;
    if (end - start > maxEventLength)
      throw new DocumentProblem(
        'yaml-limit',
        `the document is longer than ${maxEventLength} characters and not written plainly enough to be read at that size`,
        start,
        start,
        'it has anchors, tags, texts over several lines or a syntax error; split it into smaller documents',
      );
    return composeYaml(text, start, end, this.#budget).flatMap(({ root }) => root ?? []);
  }

  #readYaml(start: number, end: number, contentStart: number, contentEnd: number): void {
    const { text } = this.#source;
    if (this.#wants !== undefined) {
      const guess = prescanKind(text, start, end);
      if (guess !== undefined && !this.#wants(guess.apiVersion, guess.kind)) {
        this.#index++;
        this.#skip(guess.apiVersion, guess.kind);
        return;
      }
    }
    try {
      const roots = this.#parseYaml(start, end);
      const [only] = roots;
      if (roots.length === 1 && only !== undefined) this.#accept(only, contentStart, contentEnd);
      // Lone carriage returns can hide markers from the splitter.
      else for (const root of roots) this.#accept(root, root.start, root.end);
    } catch (error) {
      if (!(error instanceof DocumentProblem)) throw error;
      this.#index++;
      this.#report(error);
    }
  }

  #skip(apiVersion: string, kind: string): void {
    const name = `${apiVersion}\0${kind}`;
    const known = this.#skipped.get(name);
    if (known === undefined) this.#skipped.set(name, { apiVersion, kind, count: 1 });
    else known.count++;
  }

  #accept(root: YamlNode, start: number, end: number): void {
    if (root.type === 'scalar' && root.value === null) return;
    const index = this.#index++;
    if (this.#wants !== undefined) {
      const apiVersion = scalarEntry(root, 'apiVersion');
      const kind = scalarEntry(root, 'kind');
      if (apiVersion !== undefined && kind !== undefined && !this.#wants(apiVersion, kind)) {
        this.#skip(apiVersion, kind);
        return;
      }
    }
    const leftover = this.#helm.find(start, end);
    if (leftover !== undefined) {
      this.#report(new DocumentProblem('template-leftover', '', leftover.start, leftover.end));
      return;
    }
    const manifest = { root, start, end, index };
    if (this.#visit === undefined) this.#documents.push(manifest);
    else this.#visit.onDocument(manifest);
  }

  #tell(diagnostic: Diagnostic): void {
    if (this.#visit === undefined) this.#diagnostics.push(diagnostic);
    else this.#visit.onDiagnostic(diagnostic);
  }

  #report(problem: DocumentProblem): void {
    const isTemplate = problem.code === 'template-leftover';
    const span = { source: this.#source, start: problem.start, end: problem.end };
    const excerpt = isTemplate ? this.#source.text.slice(problem.start, problem.end) : '';
    const help = isTemplate ? templateHelp : problem.help;
    const message = isTemplate
      ? `${templateMessage}: ${excerpt}`
      : problem.code === 'yaml-syntax'
        ? `not valid ${problem.language}: ${problem.message}`
        : problem.message;
    this.#tell({
      severity: 'error',
      code: problem.code,
      message,
      span,
      ...(help === undefined ? {} : { help }),
    });
  }
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/**
 * Reads a text of YAML documents and JSON values as `kubectl apply -f` reads it (semantics T3, S23).
 *
 * Documents are independent: one that cannot be read becomes a diagnostic and the others are still given. Empty
 * and comments-only documents give nothing. Never throws for any input.
 */
export function parseManifests(source: SourceText, options: ParseOptions = {}): ParsedText {
  return new ManifestReader(source, options).read();
}
