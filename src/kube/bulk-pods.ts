/**
 * Pods straight from JSON characters to `PodObject`, without nodes in between: what a cluster dump consists of.
 *
 * Only pods in which everything is as it should be are taken; anything unusual (a duplicate or unknown field, a wrong
 * type, an escape, a name that validation would refuse) is left to the decoder, which then says what is wrong. The
 * objects are those that the decoder would give; a property test holds that.
 */
import type { SourceText } from '../base/source.ts';
import type { JsonScanner } from '../yaml/json-scan.ts';
import { notExpected } from '../yaml/scan-signal.ts';
import { ContainerReader, NO_PORTS } from './bulk-containers.ts';
import { FieldReader, members } from './bulk-fields.ts';
import { MetadataReader } from './bulk-metadata.ts';
import { StatusReader } from './bulk-status.ts';
import type { LabelPool } from './label-pool.ts';
import type { ContainerPort, PodObject } from './objects.ts';
import { POD, POD_SPEC } from './pod.ts';

const ROOT = members(POD, 'apiVersion', 'kind', 'metadata', 'spec', 'status');
const SPEC = members(
  POD_SPEC,
  'containers',
  'initContainers',
  'hostNetwork',
  'nodeName',
  'serviceAccountName',
  'serviceAccount',
);

export class PodReader {
  readonly #scanner: JsonScanner;
  readonly #source: SourceText;
  readonly #defaultNamespace: string;
  readonly #fields: FieldReader;
  readonly #metadata: MetadataReader;
  readonly #specFields: FieldReader;
  readonly #containers: ContainerReader;
  readonly #status: StatusReader;

  // The spec of the pod being read.
  #hostNetwork = false;
  #ports: readonly ContainerPort[] = NO_PORTS;
  #nodeName = '';
  #serviceAccountName: string | undefined;
  #serviceAccount = '';

  constructor(scanner: JsonScanner, source: SourceText, defaultNamespace: string, labelPool: LabelPool) {
    this.#scanner = scanner;
    this.#source = source;
    this.#defaultNamespace = defaultNamespace;
    this.#fields = new FieldReader(scanner, ROOT);
    this.#metadata = new MetadataReader(scanner, labelPool);
    this.#specFields = new FieldReader(scanner, SPEC);
    this.#containers = new ContainerReader(scanner);
    this.#status = new StatusReader(scanner);
  }

  /** Where the name of the pod that was read last stands, with its quotes. */
  get nameStart(): number {
    return this.#metadata.nameStart;
  }

  get nameEnd(): number {
    return this.#metadata.nameEnd;
  }

  /**
   * Reads the pod that starts at the scanner's place.
   *
   * @param isPod its list says that it is a `v1` Pod, so it need not
   * @param depth how many objects and arrays are open around it; below, how many are open around a member's value
   * @throws the scanner's signals
   */
  read(isPod: boolean, depth: number): PodObject {
    const scanner = this.#scanner;
    scanner.peek();
    const start = scanner.offset;
    this.#reset();
    const metadata = this.#metadata;
    const status = this.#status;
    let kinds = 0;
    let hasSpec = false;
    if (!this.#fields.enter()) notExpected();
    do {
      const id = this.#fields.next();
      switch (id) {
        case 0:
          scanner.plainString();
          if (!scanner.stringIs('v1')) notExpected();
          kinds++;
          break;
        case 1:
          scanner.plainString();
          if (!scanner.stringIs('Pod')) notExpected();
          kinds++;
          break;
        case 2:
          metadata.read(depth + 2);
          break;
        case 3:
          this.#readSpec(depth + 2);
          hasSpec = true;
          break;
        default:
          status.read(depth + 2);
      }
    } while (scanner.nextMember());
    if (metadata.name === '' || !hasSpec || (kinds !== 2 && !(isPod && kinds === 0))) notExpected();
    const { labels } = metadata;
    return {
      kind: 'Pod',
      apiVersion: 'v1',
      meta: {
        name: metadata.name,
        namespace: metadata.namespace === '' ? this.#defaultNamespace : metadata.namespace,
        labels,
        annotations: metadata.annotations,
        owner: metadata.owner,
      },
      span: { source: this.#source, start, end: scanner.offset },
      pod: {
        labels,
        hostNetwork: this.#hostNetwork,
        ports: this.#ports,
        nodeName: this.#nodeName,
        serviceAccountName: this.#serviceAccountName ?? this.#serviceAccount,
      },
      phase: status.phase,
      ips: status.ips,
      hostIps: status.hostIps,
      terminating: metadata.terminating,
    };
  }

  #reset(): void {
    this.#metadata.reset();
    this.#status.reset();
    this.#hostNetwork = false;
    this.#ports = NO_PORTS;
    this.#nodeName = '';
    this.#serviceAccountName = undefined;
    this.#serviceAccount = '';
  }

  #readSpec(depth: number): void {
    const scanner = this.#scanner;
    let sidecars: ContainerPort[] | undefined;
    if (!this.#specFields.enter()) notExpected();
    do {
      switch (this.#specFields.next()) {
        case 0:
          this.#ports = this.#containers.readContainers(depth + 2);
          break;
        case 1:
          sidecars = this.#containers.readInitContainers(depth + 2);
          break;
        case 2:
          this.#hostNetwork = scanner.boolean();
          break;
        case 3:
          this.#nodeName = this.#string();
          break;
        case 4:
          this.#serviceAccountName = this.#string();
          break;
        case 5:
          this.#serviceAccount = this.#string();
          break;
        default:
          scanner.skip(depth);
      }
    } while (scanner.nextMember());
    // Whatever their order in the text, containers come first.
    if (sidecars !== undefined && sidecars.length > 0) this.#ports = [...this.#ports, ...sidecars];
  }

  #string(): string {
    this.#scanner.plainString();
    return this.#scanner.pooledString();
  }
}
