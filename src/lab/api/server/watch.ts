/** One watch: what it has to say, in order, as fast as its reader takes it. */
import { get, type JsonObject } from '../json.ts';
import type { Resource } from '../resources.ts';
import { metadataOf } from '../field-values.ts';
import type { ObjectFilter } from '../store/selection.ts';
import { internalError } from './internal-error.ts';
import { bookmarkObject, type Shown, showObject } from './object-form.ts';
import type { SharedEvent } from './shared-event.ts';

/** Where the lines of a watch go. */
export interface WatchSink {
  /** `false`: it is full, and `onDrain` says when it is not. */
  write(text: string): boolean;
  onDrain(action: () => void): void;
  /** Everything was said. */
  end(): void;
  /** Cuts off a reader that is too slow. */
  destroy(): void;
}

export interface WatchSpec {
  readonly resource: Resource;
  /** `undefined` for all of them, `''` for what belongs to the cluster. */
  readonly namespace: string | undefined;
  readonly filter: ObjectFilter;
  readonly shown: Omit<Shown, 'nowMs'>;
  readonly bookmarks: boolean;
}

type Entry =
  | { readonly kind: 'event'; readonly event: SharedEvent; readonly type: 'ADDED' | 'DELETED' | 'MODIFIED' }
  | { readonly kind: 'present'; readonly object: JsonObject }
  | { readonly kind: 'bookmark'; readonly resourceVersion: string; readonly marksEnd: boolean }
  | { readonly kind: 'error'; readonly status: JsonObject };

/** Changes that may wait for a slow reader: it would not catch up, and reads everything anew instead. */
const mostWaiting = 5000;
/** Letters that go out in one piece. */
const pieceLength = 64 * 1024;

export class Watch {
  readonly spec: WatchSpec;
  private readonly sink: WatchSink;
  private readonly calendarMs: () => number;
  private readonly formKey: string;
  private waiting: Entry[] = [];
  /** What stands before this in `waiting` is sent. */
  private next = 0;
  /** Entries that a list at the beginning brought: they are not the reader's fault. */
  private initial = 0;
  private full = false;
  private hasColumns = false;
  private state: 'ended' | 'ending' | 'open' = 'open';
  /** The last change that it knows of. */
  private version = 0;

  constructor(spec: WatchSpec, sink: WatchSink, calendarMs: () => number) {
    this.spec = spec;
    this.sink = sink;
    this.calendarMs = calendarMs;
    const { form, rowObject } = spec.shown;
    const version = form.kind === 'object' ? '' : form.version;
    this.formKey = [spec.resource.version, form.kind, version, rowObject].join(' ');
  }

  get isOpen(): boolean {
    return this.state === 'open';
  }

  /** Begins with what there is. */
  begin(items: readonly JsonObject[], resourceVersion: string, marksEnd: boolean): void {
    this.version = Number(resourceVersion);
    for (const object of items) this.waiting.push({ kind: 'present', object });
    if (marksEnd) this.waiting.push({ kind: 'bookmark', resourceVersion, marksEnd });
    this.initial = this.waiting.length;
    this.pump();
  }

  /** Begins with what has changed since. */
  resume(events: readonly SharedEvent[], resourceVersion: string): void {
    this.version = Number(resourceVersion);
    for (const event of events) this.waiting.push(...this.entriesOf(event));
    this.initial = this.waiting.length;
    this.pump();
  }

  /** A change of this resource in any namespace; each only once, in order. */
  accept(event: SharedEvent): void {
    if (this.isOpen) for (const entry of this.entriesOf(event)) this.push(entry);
  }

  /** Says how far it is, unless there is something to say anyway. */
  bookmark(resourceVersion: string): void {
    if (!this.isOpen || !this.spec.bookmarks || this.next < this.waiting.length) return;
    this.push({ kind: 'bookmark', resourceVersion, marksEnd: false });
  }

  /** Says what went wrong, and ends. */
  fail(status: JsonObject): void {
    if (!this.isOpen) return;
    this.push({ kind: 'error', status });
    this.finish();
  }

  /** Says what there is left to say, and ends. */
  finish(): void {
    if (!this.isOpen) return;
    this.state = 'ending';
    this.pump();
  }

  /** The reader is gone. */
  abandon(): void {
    this.state = 'ended';
    this.waiting = [];
    this.next = 0;
  }

  /** None or one. */
  private entriesOf(event: SharedEvent): readonly Entry[] {
    const { resourceVersion, object } = event.event;
    if (resourceVersion <= this.version) return [];
    this.version = resourceVersion;
    const { namespace, filter } = this.spec;
    if (namespace !== undefined && (get(metadataOf(object), 'namespace') ?? '') !== namespace) return [];
    const type = event.typeFor(filter);
    return type === undefined ? [] : [{ kind: 'event', event, type }];
  }

  private push(entry: Entry): void {
    if (this.waiting.length - this.next >= mostWaiting + Math.max(0, this.initial - this.next)) {
      this.abandon();
      this.sink.destroy();
      return;
    }
    this.waiting.push(entry);
    this.pump();
  }

  private pump(): void {
    while (!this.full && this.next < this.waiting.length) this.writePiece();
    if (this.state === 'ending' && this.next >= this.waiting.length) {
      this.abandon();
      this.sink.end();
    }
  }

  private writePiece(): void {
    let piece = '';
    for (let entry = this.waiting[this.next]; entry !== undefined; entry = this.waiting[this.next]) {
      this.next += 1;
      piece += `${this.lineOrError(entry)}\n`;
      if (piece.length >= pieceLength) break;
    }
    this.forgetSent();
    this.full = !this.sink.write(piece);
    if (!this.full) return;
    this.sink.onDrain(() => {
      this.full = false;
      this.pump();
    });
  }

  /** In big steps only: one entry a time would be quadratic. */
  private forgetSent(): void {
    if (this.next < this.waiting.length && this.next < 1024) return;
    this.waiting = this.waiting.slice(this.next);
    this.initial = Math.max(0, this.initial - this.next);
    this.next = 0;
  }

  /** One object that cannot be shown ends the watch that would show it, and nothing else. */
  private lineOrError(entry: Entry): string {
    try {
      return this.line(entry);
    } catch (error) {
      this.waiting = [];
      this.next = 0;
      if (this.state === 'open') this.state = 'ending';
      return JSON.stringify({ type: 'ERROR', object: internalError(error).toStatus() });
    }
  }

  private line(entry: Entry): string {
    switch (entry.kind) {
      case 'event': {
        const { event, type } = entry;
        return this.tells(`${type} ${this.formKey}`, event, () => this.eventText(type, event.event.object));
      }
      case 'present':
        return this.eventText('ADDED', entry.object);
      case 'bookmark': {
        const { resource } = this.spec;
        const object = bookmarkObject(resource, entry.resourceVersion, entry.marksEnd, this.shown());
        return JSON.stringify({ type: 'BOOKMARK', object: this.withColumnsOnce(object) });
      }
      case 'error':
        return JSON.stringify({ type: 'ERROR', object: entry.status });
    }
  }

  /** The columns of a table are in the first event of a watch alone, so that one is never shared. */
  private tells(key: string, event: SharedEvent, make: () => string): string {
    const isFirst = this.spec.shown.form.kind === 'table' && !this.hasColumns;
    return isFirst ? make() : event.text(key, make);
  }

  private eventText(type: string, object: JsonObject): string {
    const shown = showObject(this.spec.resource, object, this.shown());
    return JSON.stringify({ type, object: this.withColumnsOnce(shown) });
  }

  private withColumnsOnce(object: JsonObject): JsonObject {
    if (this.spec.shown.form.kind !== 'table') return object;
    if (this.hasColumns) return { ...object, columnDefinitions: null };
    this.hasColumns = true;
    return object;
  }

  private shown(): Shown {
    return { ...this.spec.shown, nowMs: this.calendarMs() };
  }
}
