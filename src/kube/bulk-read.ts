/**
 * Large JSON inputs (a `List` of everything, a `PodList`, a stream of objects) without a tree of nodes: pods become
 * objects at once, everything else is only found, to be decoded one by one.
 */
import type { SourceText } from '../base/source.ts';
import { JsonScanner } from '../yaml/json-scan.ts';
import { MemberNames } from '../yaml/member-names.ts';
import { isScanSignal, notExpected } from '../yaml/scan-signal.ts';
import { HelmFinder } from '../yaml/template.ts';
import { PodReader } from './bulk-pods.ts';
import type { LabelPool } from './label-pool.ts';
import type { PodObject } from './objects.ts';

/** Items in order, column by column: there may be hundreds of thousands. */
export interface BulkItems {
  /** The pod, or `undefined` for anything that is left to the decoder. */
  readonly pods: (PodObject | undefined)[];
  /** Where the name of a pod stands, or the whole of anything else. */
  readonly starts: number[];
  readonly ends: number[];
}

/** One value of the stream. Nothing has been reported or collected yet: whether it counts is the reader's decision. */
export interface BulkDocument {
  readonly start: number;
  readonly end: number;
  readonly apiVersion: string;
  readonly kind: string;
  /** The items of its field `items`, if it has one; or the pod that it is itself. */
  readonly items: BulkItems | undefined;
  readonly isPod: boolean;
}

const LIST = new MemberNames(['apiVersion', 'kind', 'items']);

/**
 * The documents of a text that is JSON from end to end; `undefined` when it is not, or holds anything that the parser
 * for all cases should see: it then gives the same objects, or says what is wrong.
 */
export function readBulk(
  source: SourceText,
  defaultNamespace: string,
  labels: LabelPool,
): readonly BulkDocument[] | undefined {
  const { text } = source;
  let start = text.charCodeAt(0) === 0xfeff ? 1 : 0;
  while (text.charCodeAt(start) <= 32) start++;
  if (text.charCodeAt(start) !== 123 || new HelmFinder(text).find(start, text.length) !== undefined) return undefined;
  const scanner = new JsonScanner(text, start, text.length);
  const pods = new PodReader(scanner, source, defaultNamespace, labels);
  const documents: BulkDocument[] = [];
  try {
    while (!scanner.atEnd()) {
      documents.push(readPod(scanner, pods) ?? readDocument(scanner, pods));
      scanner.ensure();
    }
  } catch (caught) {
    if (isScanSignal(caught)) return undefined;
    throw caught;
  }
  return documents;
}

function readPod(scanner: JsonScanner, pods: PodReader): BulkDocument | undefined {
  const start = scanner.offset;
  const items: BulkItems = { pods: [], starts: [], ends: [] };
  const isPod = scanner.attempt(() => {
    items.pods[0] = pods.read(false, 0);
  });
  if (!isPod) return undefined;
  items.starts.push(pods.nameStart);
  items.ends.push(pods.nameEnd);
  return { start, end: scanner.offset, apiVersion: 'v1', kind: 'Pod', items, isPod: true };
}

function readDocument(scanner: JsonScanner, pods: PodReader): BulkDocument {
  const { text } = scanner;
  const start = scanner.offset;
  let apiVersion: string | undefined;
  let kind: string | undefined;
  let items: BulkItems | undefined;
  if (!scanner.enterObject()) notExpected();
  do {
    scanner.ensure();
    switch (scanner.member(LIST)) {
      case 0:
        if (apiVersion !== undefined) notExpected();
        scanner.plainString();
        apiVersion = text.slice(scanner.stringStart, scanner.stringEnd);
        break;
      case 1:
        if (kind !== undefined) notExpected();
        scanner.plainString();
        kind = text.slice(scanner.stringStart, scanner.stringEnd);
        break;
      case 2:
        if (items !== undefined) notExpected();
        items = readItems(scanner, pods, apiVersion === 'v1' && kind === 'PodList');
        break;
      default:
        scanner.attempt(() => scanner.skip(1));
    }
    scanner.ensure();
  } while (scanner.nextMember());
  if (apiVersion === undefined || apiVersion === '' || kind === undefined || kind === '') notExpected();
  return { start, end: scanner.offset, apiVersion, kind, items, isPod: false };
}

function readItems(scanner: JsonScanner, reader: PodReader, arePods: boolean): BulkItems {
  const pods: (PodObject | undefined)[] = [];
  const starts: number[] = [];
  const ends: number[] = [];
  if (!scanner.enterArray()) return { pods, starts, ends };
  let pod: PodObject | undefined;
  const read = (): void => {
    pod = reader.read(arePods, 2);
  };
  const skip = (): void => scanner.skip(2);
  do {
    scanner.ensure();
    scanner.peek();
    const start = scanner.offset;
    if (scanner.attempt(read)) {
      pods.push(pod);
      starts.push(reader.nameStart);
      ends.push(reader.nameEnd);
    } else {
      scanner.attempt(skip);
      pods.push(undefined);
      starts.push(start);
      ends.push(scanner.offset);
    }
    scanner.ensure();
  } while (scanner.nextItem());
  return { pods, starts, ends };
}
