/** YAML text to nodes: js-yaml's parser events put together as Kubernetes tooling would read them. */
import { EVENT_ID, SCALAR_STYLE, YAMLException } from 'js-yaml';
import type { DocumentEvent, Event, MappingEvent, ScalarEvent, SequenceEvent } from 'js-yaml';
import type { YamlBudget } from './budget.ts';
import type { MappingEntry, ScalarNode, YamlNode } from './node.ts';
import { DocumentProblem, depthProblem, shown } from './problem.ts';
import { readEvents } from './read-events.ts';
import { isPlainString, keyText, resolvePlain, resolveTagged } from './scalar.ts';
import type { ResolvedScalar } from './scalar.ts';
import { scalarText } from './scalar-text.ts';
import { syntaxProblem } from './syntax-problem.ts';
import { markerPlace } from './template.ts';

const ABSENT = -1;
const LF = 10;
const CR = 13;
const TAB = 9;
const SPACE = 32;
const HASH = 35;
const COMMA = 44;
const COLON = 58;
const OPEN_BRACE = 123;

const yamlPrefix = 'tag:yaml.org,2002:';

interface Anchored {
  /** Absent while the collection is still being read: an alias to it would make it contain itself. */
  node: YamlNode | undefined;
  /** Nodes that a walk over `node` meets. */
  size: number;
}

interface Frame {
  readonly isMapping: boolean;
  readonly isFlow: boolean;
  readonly start: number;
  readonly anchor: Anchored | undefined;
  readonly sizeBefore: number;
  readonly items: YamlNode[];
  readonly entries: MappingEntry[];
  key: ScalarNode | undefined;
  /** The next value is merged into the mapping instead of being entered under a key. */
  keyIsMerge: boolean;
  /** Keys to their last place in `entries`; exists from the first merge key on. */
  index: Map<string, number> | undefined;
  /** Keys whose entry came from a merge: writing them again overrides and is no duplicate. */
  merged: Set<string> | undefined;
}

/** One document of a slice: the root is `undefined` for a document without content. */
export interface ComposedDocument {
  readonly root: YamlNode | undefined;
}

class Composer {
  readonly #text: string;
  /** Where `#text` starts in the source. */
  readonly #base: number;
  readonly #budget: YamlBudget;
  #anchors = new Map<string, Anchored>();
  #handles = new Map<string, string>();
  #frames: Frame[] = [];
  #root: YamlNode | undefined;
  /** The end of the last token, in `#text`. */
  #last = 0;

  constructor(text: string, base: number, budget: YamlBudget) {
    this.#text = text;
    this.#base = base;
    this.#budget = budget;
  }

  compose(events: readonly Event[]): ComposedDocument[] {
    const documents: ComposedDocument[] = [];
    for (const event of events) {
      switch (event.type) {
        case EVENT_ID.DOCUMENT:
          this.#openDocument(event);
          break;
        case EVENT_ID.SCALAR:
          this.#scalar(event);
          break;
        case EVENT_ID.ALIAS:
          this.#alias(event.anchorStart, event.anchorEnd);
          break;
        case EVENT_ID.MAPPING:
        case EVENT_ID.SEQUENCE:
          this.#open(event);
          break;
        case EVENT_ID.POP:
          if (this.#frames.length > 0) this.#close();
          else documents.push({ root: this.#root });
      }
    }
    return documents;
  }

  #openDocument(event: DocumentEvent): void {
    this.#anchors = new Map();
    this.#frames = [];
    this.#root = undefined;
    this.#handles = new Map([['!!', yamlPrefix]]);
    for (const directive of event.directives)
      if (directive.kind === 'tag') this.#handles.set(directive.handle, directive.prefix);
  }

  #fail(message: string, start: number, end: number, help?: string): never {
    throw new DocumentProblem('yaml-syntax', message, this.#base + start, this.#base + end, help);
  }

  #tagName(event: ScalarEvent): string | undefined {
    if (event.tagStart === ABSENT) return undefined;
    const raw = this.#text.slice(event.tagStart, event.tagEnd);
    if (raw === '!') return raw;
    if (raw.startsWith('!<')) return raw.slice(2, -1);
    const handleEnd = raw.indexOf('!', 1);
    const handle = handleEnd === -1 ? '!' : raw.slice(0, handleEnd + 1);
    return (this.#handles.get(handle) ?? handle) + raw.slice(handle.length);
  }

  #anchorName(event: ScalarEvent | MappingEvent | SequenceEvent): string | undefined {
    return event.anchorStart === ABSENT ? undefined : this.#text.slice(event.anchorStart, event.anchorEnd);
  }

  /** Skips white space, line breaks and comments (and commas, where asked) behind the last token. */
  #skipBlank(from: number, commas: boolean): number {
    const text = this.#text;
    let at = from;
    for (;;) {
      const code = text.charCodeAt(at);
      if (code === SPACE || code === LF || code === CR || code === TAB || (commas && code === COMMA)) at++;
      else if (code === HASH) {
        do at++;
        while (at < text.length && text.charCodeAt(at) !== LF && text.charCodeAt(at) !== CR);
      } else return at;
    }
  }

  /** The place of a scalar that has no characters: behind the indicator (`:`, `-`, `?`) that calls for it. */
  #emptyPlace(event: ScalarEvent): number {
    const property = Math.max(event.anchorEnd, event.tagEnd);
    if (property > this.#last) return property;
    const at = this.#skipBlank(this.#last, false);
    const code = this.#text.charCodeAt(at);
    return code === COLON || code === 45 || code === 63 ? at + 1 : Math.min(this.#last, this.#text.length);
  }

  /** Where the `|` or `>` of a block scalar stands. */
  #blockHeader(event: ScalarEvent): number {
    let at = this.#skipBlank(Math.max(this.#last, event.anchorEnd, event.tagEnd), false);
    const limit = event.valueStart;
    while (at < limit) {
      const code = this.#text.charCodeAt(at);
      if (code === 124 || code === 62) return at;
      at = this.#skipBlank(at + 1, false);
    }
    return limit;
  }

  #trimmedEnd(at: number): number {
    let end = at;
    while (end > 0 && this.#text.charCodeAt(end - 1) <= SPACE) end--;
    return end;
  }

  #scalar(event: ScalarEvent): void {
    const text = this.#text;
    const { style } = event;
    const frame = this.#frames.at(-1);
    const isKey = frame !== undefined && frame.isMapping && frame.key === undefined && !frame.keyIsMerge;
    this.#budget.node(this.#base + Math.max(event.valueStart, 0));

    let start: number;
    let end: number;
    if (event.valueStart === ABSENT) {
      start = this.#emptyPlace(event);
      end = start;
    } else if (style === SCALAR_STYLE.PLAIN) {
      start = event.valueStart;
      end = event.valueEnd;
    } else if (style === SCALAR_STYLE.SINGLE_QUOTED || style === SCALAR_STYLE.DOUBLE_QUOTED) {
      start = event.valueStart - 1;
      end = event.valueEnd + 1;
    } else {
      start = this.#blockHeader(event);
      end = event.valueEnd;
      // The line break behind the last line belongs to what follows, so that excerpts end where the text ends.
      while (end > event.valueStart && text.charCodeAt(end - 1) <= SPACE) end--;
      if (end === event.valueStart) end = Math.max(start, this.#trimmedEnd(event.valueStart));
    }
    const before = this.#last;
    this.#last = Math.max(end, before);

    const raw = scalarText(text, event);
    const quoted = style !== SCALAR_STYLE.PLAIN;
    if (style === SCALAR_STYLE.DOUBLE_QUOTED && !event.fast && /\\u[dD][89a-fA-F]/.test(text.slice(start, end)))
      this.#fail(
        'found invalid Unicode character escape code',
        start,
        end,
        'write the character itself, or \\U with eight digits',
      );

    let value: ScalarNode['value'] = raw;
    let resolved: ResolvedScalar | undefined;
    if (event.tagStart !== ABSENT) {
      const tag = this.#tagName(event) ?? '!';
      if (isKey && raw === '<<' && (tag === `${yamlPrefix}merge` || (tag === '!' && !quoted)))
        resolved = { tag: 'merge', value: raw };
      else {
        const outcome = resolveTagged(tag, raw);
        if (!outcome.ok) this.#fail(outcome.message, event.tagStart, Math.max(end, event.tagEnd));
        resolved = outcome.scalar;
      }
      value = resolved.value;
    } else if (!quoted && (raw === '' || !isPlainString(raw.charCodeAt(0)))) {
      resolved = resolvePlain(raw);
      value = resolved.value;
    }

    if (isKey) {
      if (resolved?.tag === 'merge') {
        frame.keyIsMerge = true;
        return;
      }
      const key = resolved === undefined ? raw : keyText(resolved, raw);
      if (key === undefined)
        this.#fail(
          raw === '' ? 'a mapping key is missing' : `\`${shown(raw)}\` cannot be a mapping key`,
          start,
          Math.max(end, start),
          'quote the key to make it a string',
        );
      frame.key = this.#scalarNode(start, end, key, raw, quoted);
      this.#remember(event, frame.key, 1, {
        type: 'scalar',
        start: this.#base + start,
        end: this.#base + end,
        value,
        raw,
        quoted,
      });
      return;
    }
    if (typeof value === 'number' && !Number.isFinite(value))
      this.#fail(`unsupported value: \`${shown(raw)}\` is not a number that JSON can hold`, start, end);
    const node = this.#scalarNode(start, end, value, raw, quoted);
    this.#remember(event, node, 1);
    this.#add(node);
  }

  #scalarNode(start: number, end: number, value: ScalarNode['value'], raw: string, quoted: boolean): ScalarNode {
    return { type: 'scalar', start: this.#base + start, end: this.#base + end, value, raw, quoted };
  }

  #remember(event: ScalarEvent, node: YamlNode, size: number, asValue: YamlNode = node): void {
    const anchor = this.#anchorName(event);
    if (anchor !== undefined) this.#anchors.set(anchor, { node: asValue, size });
  }

  #alias(nameStart: number, nameEnd: number): void {
    const name = this.#text.slice(nameStart, nameEnd);
    const start = nameStart - 1;
    this.#last = Math.max(nameEnd, this.#last);
    const target = this.#anchors.get(name);
    if (target === undefined)
      this.#fail(`unknown anchor '${shown(name)}' referenced`, start, nameEnd, `define it first with &${shown(name)}`);
    if (target.node === undefined) this.#fail(`anchor '${shown(name)}' value contains itself`, start, nameEnd);
    this.#budget.alias(target.size, this.#base + start, this.#base + nameEnd);
    const frame = this.#frames.at(-1);
    if (frame !== undefined && frame.isMapping && frame.key === undefined && !frame.keyIsMerge) {
      const { node } = target;
      if (node.type !== 'scalar') this.#complexKey(start, nameEnd);
      const resolved = node.quoted ? undefined : resolvePlain(node.raw);
      const key = typeof node.value === 'string' ? node.value : resolved && keyText(resolved, node.raw);
      if (key === undefined)
        this.#fail(
          `\`*${shown(name)}\` cannot be a mapping key`,
          start,
          nameEnd,
          'a key must be text, a number or a boolean',
        );
      frame.key = this.#scalarNode(start, nameEnd, key, node.raw, node.quoted);
      return;
    }
    this.#add(target.node);
  }

  #complexKey(start: number, end: number): never {
    const at = this.#skipBlank(start, false);
    if (this.#text.charCodeAt(at) === OPEN_BRACE && this.#text.charCodeAt(at - 1) === OPEN_BRACE) {
      const place = markerPlace(this.#text, at - 1, '}}', this.#text.length);
      throw new DocumentProblem('template-leftover', '', this.#base + place.start, this.#base + place.end);
    }
    this.#fail('invalid map key: only text, numbers and booleans can be keys', start, end);
  }

  #open(event: MappingEvent | SequenceEvent): void {
    const parent = this.#frames.at(-1);
    const { start } = event;
    if (parent !== undefined && parent.isMapping && parent.key === undefined && !parent.keyIsMerge)
      this.#complexKey(start, start + 1);
    if (this.#frames.length >= this.#budget.limits.maxDepth)
      throw depthProblem(this.#base + start, this.#budget.limits);
    const anchorName = this.#anchorName(event);
    let anchor: Anchored | undefined;
    if (anchorName !== undefined) {
      anchor = { node: undefined, size: 0 };
      this.#anchors.set(anchorName, anchor);
    }
    this.#budget.node(this.#base + start);
    this.#last = Math.max(start, this.#last);
    const isFlow = event.style === 2;
    // The bracket itself is a token; a block collection starts with its first child.
    if (isFlow && (this.#text.charCodeAt(start) === OPEN_BRACE || this.#text.charCodeAt(start) === 91))
      this.#last = Math.max(start + 1, this.#last);
    this.#frames.push({
      isMapping: event.type === EVENT_ID.MAPPING,
      isFlow,
      start,
      anchor,
      sizeBefore: this.#budget.walked - 1,
      items: [],
      entries: [],
      key: undefined,
      keyIsMerge: false,
      index: undefined,
      merged: undefined,
    });
  }

  #close(): void {
    const frame = this.#frames.pop();
    if (frame === undefined) return;
    let end = Math.max(this.#last, frame.start);
    const opener = this.#text.charCodeAt(frame.start);
    if (frame.isFlow && opener === (frame.isMapping ? OPEN_BRACE : 91)) {
      // Behind the last child only blanks, a comma, and the colon of an empty value can stand.
      let at = this.#skipBlank(end, true);
      while (this.#text.charCodeAt(at) === COLON || this.#text.charCodeAt(at) === 63)
        at = this.#skipBlank(at + 1, true);
      end = Math.min(at + 1, this.#text.length);
    }
    this.#last = end;
    const start = this.#base + frame.start;
    const node: YamlNode = frame.isMapping
      ? { type: 'mapping', start, end: this.#base + end, entries: frame.entries }
      : { type: 'sequence', start, end: this.#base + end, items: frame.items };
    if (frame.anchor !== undefined) {
      frame.anchor.node = node;
      frame.anchor.size = this.#budget.walked - frame.sizeBefore;
    }
    this.#add(node);
  }

  #add(node: YamlNode): void {
    const frame = this.#frames.at(-1);
    if (frame === undefined) this.#root = node;
    else if (!frame.isMapping) frame.items.push(node);
    else if (frame.keyIsMerge) {
      frame.keyIsMerge = false;
      this.#merge(frame, node);
    } else if (frame.key !== undefined) {
      const { key } = frame;
      frame.key = undefined;
      if (frame.index === undefined) frame.entries.push({ key, value: node });
      else this.#enter(frame, { key, value: node }, false);
    }
  }

  /** With merges in play the last writer of a key wins, as in go-yaml; only two written keys are duplicates. */
  #enter(frame: Frame, entry: MappingEntry, fromMerge: boolean): void {
    const { index, merged } = frame;
    if (index === undefined || merged === undefined) return;
    const name = String(entry.key.value);
    const at = index.get(name);
    if (at !== undefined && (fromMerge || merged.has(name))) frame.entries[at] = entry;
    else {
      index.set(name, frame.entries.length);
      frame.entries.push(entry);
    }
    if (fromMerge) merged.add(name);
    else merged.delete(name);
  }

  #merge(frame: Frame, value: YamlNode): void {
    if (frame.index === undefined) {
      frame.index = new Map();
      frame.merged = new Set();
      for (const [at, entry] of frame.entries.entries()) frame.index.set(String(entry.key.value), at);
    }
    const sources = value.type === 'sequence' ? value.items : [value];
    // Backwards: earlier sources take precedence.
    for (let i = sources.length - 1; i >= 0; i--) {
      const source = sources[i];
      if (source?.type !== 'mapping')
        throw new DocumentProblem(
          'yaml-syntax',
          'map merge requires map or sequence of maps as the value',
          value.start,
          value.end,
          'give `<<` an alias of a mapping (`<<: *name`) or a list of such aliases',
        );
      this.#budget.alias(source.entries.length, value.start, value.end);
      for (const entry of source.entries) this.#enter(frame, entry, true);
    }
  }
}

/**
 * Parses `source[start, end)` and gives its documents.
 *
 * @throws DocumentProblem when the text is not what Kubernetes tooling would accept, or exceeds a limit
 */
export function composeYaml(source: string, start: number, end: number, budget: YamlBudget): ComposedDocument[] {
  const text = start === 0 && end === source.length ? source : source.slice(start, end);
  let events: Event[];
  try {
    events = readEvents(text, budget);
  } catch (error) {
    if (error instanceof YAMLException) throw syntaxProblem(error, source, start, end, budget);
    throw error;
  }
  return new Composer(text, start, budget).compose(events);
}
