/**
 * Pods straight from JSON characters to `PodObject`, without nodes in between: what a cluster dump consists of.
 *
 * Only pods in which everything is as it should be are taken; anything unusual (a duplicate or unknown field, a wrong
 * type, an escape, a name that validation would refuse) is left to the decoder, which then says what is wrong. The
 * objects are those that the decoder would give; a property test holds that.
 */
import { parseIp } from '../base/inet-parse.ts';
import type { IpAddress } from '../base/inet.ts';
import type { SourceText } from '../base/source.ts';
import type { JsonScanner } from '../yaml/json-scan.ts';
import { MemberNames } from '../yaml/member-names.ts';
import { RememberedText } from '../yaml/remembered-text.ts';
import { notExpected } from '../yaml/scan-signal.ts';
import type { LabelPool } from './label-pool.ts';
import { MAX_ANNOTATION_BYTES, OBJECT_META, OWNER_REFERENCE } from './metadata.ts';
import type { ContainerPort, Labels, OwnerReference, PodObject, PodPhase, Protocol } from './objects.ts';
import { CONTAINER, CONTAINER_PORT, PHASES, POD, POD_SPEC, PROTOCOLS } from './pod.ts';
import type { Shape } from './shape.ts';
import {
  byteLength,
  dnsLabelProblems,
  labelKeyProblems,
  labelValueProblems,
  portNameProblems,
  portNumberProblems,
  subdomainProblems,
} from './syntax.ts';

/** Fields by number: those that are read come first and in the order given, so that a `switch` can name them. */
function members(shape: Shape, ...read: readonly string[]): MemberNames {
  return new MemberNames([...read, ...[...shape.fields].filter((name) => !read.includes(name))]);
}

const ROOT = members(POD, 'apiVersion', 'kind', 'metadata', 'spec', 'status');
const METADATA = members(
  OBJECT_META,
  'name',
  'namespace',
  'labels',
  'annotations',
  'ownerReferences',
  'deletionTimestamp',
  'generateName',
);
const OWNER = members(OWNER_REFERENCE, 'apiVersion', 'kind', 'name', 'controller');
const SPEC = members(
  POD_SPEC,
  'containers',
  'initContainers',
  'hostNetwork',
  'nodeName',
  'serviceAccountName',
  'serviceAccount',
);
const CONTAINER_FIELDS = members(CONTAINER, 'ports', 'restartPolicy');
const PORT = members(CONTAINER_PORT, 'name', 'hostPort', 'containerPort', 'protocol');
/** The decoder allows any field here, but not twice; a field that this table lacks makes a pod unusual, no more. */
const STATUS = new MemberNames(
  'phase podIP podIPs hostIP hostIPs conditions containerStatuses initContainerStatuses ephemeralContainerStatuses qosClass startTime message reason nominatedNodeName resize observedGeneration resourceClaimStatuses extendedResourceClaimStatus allocatedResources resources'.split(
    ' ',
  ),
);
const ADDRESS = new MemberNames(['ip']);

const NO_PORTS: readonly ContainerPort[] = [];
const NO_ADDRESSES: readonly IpAddress[] = [];

/** Distinct pieces of text whose meaning is remembered; beyond it everything is read anew. */
const MAX_REMEMBERED = 200_000;

/** Mappings whose fields are known stand at most so deep: pod, spec, container, port. */
const LEVELS = 4;

/** Characters of a DNS label. */
const DNS_CHARACTERS = new Uint8Array(128);
for (const char of 'abcdefghijklmnopqrstuvwxyz0123456789-') DNS_CHARACTERS[char.charCodeAt(0)] = 1;
const DASH = 45;

/** A value and the characters that it was read from: the next pod is often of the same workload. */
interface Memo<T> {
  readonly text: RememberedText;
  value: T;
}

export class PodReader {
  readonly #scanner: JsonScanner;
  readonly #source: SourceText;
  readonly #defaultNamespace: string;
  readonly #labelPool: LabelPool;
  readonly #text: string;
  /** The labels that stand in a piece of text; likewise ports, owners by name, node addresses. */
  readonly #labelsOf = new Map<string, Labels>();
  readonly #portsOf = new Map<string, readonly ContainerPort[]>();
  readonly #ownerOf = new Map<string, OwnerReference>();
  readonly #addressesOf = new Map<string, readonly IpAddress[]>();
  readonly #validNamespaces = new Set<string>();
  readonly #validLabelKeys = new Set<string>();
  readonly #validAnnotationKeys = new Set<string>();
  /** Which fields the mapping at each depth has had: marks of the pass that saw them. */
  readonly #seen: readonly Int32Array[] = Array.from({ length: LEVELS }, () => new Int32Array(64));
  #pass = 0;
  readonly #lastLabels: Memo<Labels>;
  readonly #lastOwner: Memo<OwnerReference | undefined> = { text: new RememberedText(), value: undefined };
  readonly #lastContainers: Memo<readonly ContainerPort[]> = { text: new RememberedText(), value: NO_PORTS };

  /** Where the name of the pod that was read last stands, with its quotes. */
  nameStart = 0;
  nameEnd = 0;

  // The pod being read.
  #name = '';
  #namespace = '';
  #labels: Labels;
  #annotations: Labels;
  #owner: OwnerReference | undefined;
  #terminating = false;
  #hostNetwork = false;
  #ports: readonly ContainerPort[] = NO_PORTS;
  #nodeName = '';
  #serviceAccountName: string | undefined;
  #serviceAccount = '';
  #phase: PodPhase = '';
  #ips: readonly IpAddress[] = NO_ADDRESSES;
  #hostIps: readonly IpAddress[] = NO_ADDRESSES;

  constructor(scanner: JsonScanner, source: SourceText, defaultNamespace: string, labelPool: LabelPool) {
    this.#scanner = scanner;
    this.#source = source;
    this.#defaultNamespace = defaultNamespace;
    this.#labelPool = labelPool;
    this.#text = source.text;
    this.#labels = labelPool.empty;
    this.#annotations = labelPool.empty;
    this.#lastLabels = { text: new RememberedText(), value: labelPool.empty };
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
    const seen = this.#mark(0);
    const pass = this.#pass;
    let kinds = 0;
    let hasSpec = false;
    if (!scanner.enterObject()) notExpected();
    do {
      const id = this.#member(ROOT, pass, seen);
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
          this.#readMetadata(depth + 2);
          break;
        case 3:
          this.#readSpec(depth + 2);
          hasSpec = true;
          break;
        default:
          this.#readStatus(depth + 2);
      }
    } while (scanner.nextMember());
    if (this.#name === '' || !hasSpec || (kinds !== 2 && !(isPod && kinds === 0))) notExpected();
    const labels = this.#labels;
    return {
      kind: 'Pod',
      apiVersion: 'v1',
      meta: {
        name: this.#name,
        namespace: this.#namespace === '' ? this.#defaultNamespace : this.#namespace,
        labels,
        annotations: this.#annotations,
        owner: this.#owner,
      },
      span: { source: this.#source, start, end: scanner.offset },
      pod: {
        labels,
        hostNetwork: this.#hostNetwork,
        ports: this.#ports,
        nodeName: this.#nodeName,
        serviceAccountName: this.#serviceAccountName ?? this.#serviceAccount,
      },
      phase: this.#phase,
      ips: this.#ips,
      hostIps: this.#hostIps,
      terminating: this.#terminating,
    };
  }

  #reset(): void {
    this.#name = '';
    this.#namespace = '';
    this.#labels = this.#labelPool.empty;
    this.#annotations = this.#labelPool.empty;
    this.#owner = undefined;
    this.#terminating = false;
    this.#hostNetwork = false;
    this.#ports = NO_PORTS;
    this.#nodeName = '';
    this.#serviceAccountName = undefined;
    this.#serviceAccount = '';
    this.#phase = '';
    this.#ips = NO_ADDRESSES;
    this.#hostIps = NO_ADDRESSES;
  }

  /** Begins a mapping at a nesting level of its own. */
  #mark(level: number): Int32Array {
    this.#pass++;
    return this.#seen[level] ?? notExpected();
  }

  /** The next member of a mapping that knows its fields; strangers and repetitions are unusual. */
  #member(names: MemberNames, pass: number, seen: Int32Array): number {
    const id = this.#scanner.member(names);
    if (id === -1 || seen[id] === pass) notExpected();
    seen[id] = pass;
    return id;
  }

  #string(): string {
    const scanner = this.#scanner;
    scanner.plainString();
    return scanner.pooledString();
  }

  #readMetadata(depth: number): void {
    const scanner = this.#scanner;
    const seen = this.#mark(1);
    const pass = this.#pass;
    if (!scanner.enterObject()) notExpected();
    do {
      switch (this.#member(METADATA, pass, seen)) {
        case 0:
          this.#readName();
          break;
        case 1:
          this.#readNamespace();
          break;
        case 2:
          this.#readLabels();
          break;
        case 3:
          this.#readAnnotations();
          break;
        case 4:
          this.#readOwners(depth + 2);
          break;
        case 5:
          this.#terminating = !scanner.isNull();
          if (this.#terminating) scanner.skip(depth);
          break;
        case 6: {
          const prefix = this.#string();
          if (prefix !== '' && subdomainProblems(prefix.endsWith('-') ? `${prefix}x` : prefix).length > 0)
            notExpected();
          break;
        }
        default:
          scanner.skip(depth);
      }
    } while (scanner.nextMember());
  }

  #readName(): void {
    const scanner = this.#scanner;
    scanner.plainString();
    const { stringStart, stringEnd } = scanner;
    const name = this.#text.slice(stringStart, stringEnd);
    const length = stringEnd - stringStart;
    // Nearly every name is a single DNS label, which takes no function that can say what is wrong.
    const isLabel =
      length > 0 &&
      length <= 63 &&
      scanner.stringConsistsOf(DNS_CHARACTERS) &&
      name.charCodeAt(0) !== DASH &&
      name.charCodeAt(length - 1) !== DASH;
    if (!isLabel && (name === '' || subdomainProblems(name).length > 0)) notExpected();
    this.#name = name;
    this.nameStart = stringStart - 1;
    this.nameEnd = stringEnd + 1;
  }

  #readNamespace(): void {
    const namespace = this.#string();
    if (namespace !== '' && !this.#validNamespaces.has(namespace)) {
      if (dnsLabelProblems(namespace).length > 0) notExpected();
      this.#validNamespaces.add(namespace);
    }
    this.#namespace = namespace;
  }

  #readLabels(): void {
    const scanner = this.#scanner;
    const last = this.#lastLabels;
    scanner.peek();
    if (scanner.accept(last.text)) {
      this.#labels = last.value;
      return;
    }
    const start = scanner.offset;
    const guess = scanner.flatEnd();
    if (guess !== -1) {
      const text = this.#text.slice(start, guess);
      const known = this.#labelsOf.get(text);
      if (known !== undefined) {
        scanner.moveTo(guess);
        if (scanner.remember(start, last.text)) last.value = known;
        this.#labels = known;
        return;
      }
    }
    let labels = this.#labelPool.empty;
    if (scanner.enterObject()) {
      const read = new Map<string, string>();
      let count = 0;
      do {
        scanner.memberText();
        const key = scanner.pooledString();
        const value = this.#string();
        if (!this.#isLabel(key, value)) notExpected();
        read.set(key, value);
        count++;
      } while (scanner.nextMember());
      if (read.size !== count) notExpected();
      labels = read;
    }
    const text = this.#text.slice(start, scanner.offset);
    if (this.#labelsOf.size < MAX_REMEMBERED) this.#labelsOf.set(text, labels);
    if (scanner.remember(start, last.text)) last.value = labels;
    this.#labels = labels;
  }

  #isLabel(key: string, value: string): boolean {
    if (labelValueProblems(value).length > 0) return false;
    if (this.#validLabelKeys.has(key)) return true;
    if (labelKeyProblems(key).length > 0) return false;
    this.#validLabelKeys.add(key);
    return true;
  }

  #readAnnotations(): void {
    const scanner = this.#scanner;
    if (!scanner.enterObject()) return;
    const annotations = new Map<string, string>();
    let count = 0;
    let bytes = 0;
    do {
      scanner.memberText();
      const key = scanner.pooledString();
      if (!this.#validAnnotationKeys.has(key)) {
        if (labelKeyProblems(key.toLowerCase()).length > 0) notExpected();
        this.#validAnnotationKeys.add(key);
      }
      const escaped = scanner.anyString();
      const value = escaped
        ? (JSON.parse(this.#text.slice(scanner.stringStart - 1, scanner.stringEnd + 1)) as string)
        : scanner.pooledString();
      bytes += byteLength(key) + byteLength(value);
      annotations.set(key, value);
      count++;
    } while (scanner.nextMember());
    if (annotations.size !== count || bytes > MAX_ANNOTATION_BYTES) notExpected();
    this.#annotations = annotations;
  }

  #readOwners(depth: number): void {
    const scanner = this.#scanner;
    const last = this.#lastOwner;
    scanner.peek();
    if (scanner.accept(last.text)) {
      this.#owner = last.value;
      return;
    }
    const start = scanner.offset;
    if (!scanner.enterArray()) return;
    let count = 0;
    let first: OwnerReference | undefined;
    let controller: OwnerReference | undefined;
    do {
      const seen = this.#mark(2);
      const pass = this.#pass;
      let apiVersion = '';
      let kind = '';
      let name = '';
      let controls = false;
      if (!scanner.enterObject()) notExpected();
      do {
        switch (this.#member(OWNER, pass, seen)) {
          case 0:
            apiVersion = this.#string();
            break;
          case 1:
            kind = this.#string();
            break;
          case 2:
            name = this.#string();
            break;
          case 3:
            controls = scanner.boolean();
            break;
          default:
            scanner.skip(depth);
        }
      } while (scanner.nextMember());
      const owner = this.#ownerReference(apiVersion, kind, name);
      if (controls) controller ??= owner;
      if (count++ === 0) first = owner;
    } while (scanner.nextItem());
    this.#owner = controller ?? (count === 1 ? first : undefined);
    if (scanner.remember(start, last.text)) last.value = this.#owner;
  }

  #ownerReference(apiVersion: string, kind: string, name: string): OwnerReference {
    const known = this.#ownerOf.get(name);
    if (known !== undefined && known.kind === kind && known.apiVersion === apiVersion) return known;
    const owner = { apiVersion, kind, name };
    if (this.#ownerOf.size < MAX_REMEMBERED) this.#ownerOf.set(name, owner);
    return owner;
  }

  #readSpec(depth: number): void {
    const scanner = this.#scanner;
    const seen = this.#mark(1);
    const pass = this.#pass;
    let sidecars: ContainerPort[] | undefined;
    if (!scanner.enterObject()) notExpected();
    do {
      switch (this.#member(SPEC, pass, seen)) {
        case 0:
          this.#ports = this.#readContainers(depth + 2);
          break;
        case 1:
          sidecars = this.#readInitContainers(depth + 2);
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

  #readContainers(depth: number): readonly ContainerPort[] {
    const scanner = this.#scanner;
    const last = this.#lastContainers;
    scanner.peek();
    if (scanner.accept(last.text)) return last.value;
    const start = scanner.offset;
    let ports = NO_PORTS;
    if (!scanner.enterArray()) return ports;
    do {
      const seen = this.#mark(2);
      const pass = this.#pass;
      if (!scanner.enterObject()) notExpected();
      do {
        if (this.#member(CONTAINER_FIELDS, pass, seen) === 0) {
          const more = this.#readPorts(depth);
          ports = ports.length === 0 ? more : [...ports, ...more];
        } else scanner.skip(depth);
      } while (scanner.nextMember());
    } while (scanner.nextItem());
    if (scanner.remember(start, last.text)) last.value = ports;
    return ports;
  }

  /** The ports of init containers that stay (D4). */
  #readInitContainers(depth: number): ContainerPort[] {
    const scanner = this.#scanner;
    const ports: ContainerPort[] = [];
    if (!scanner.enterArray()) return ports;
    do {
      const seen = this.#mark(2);
      const pass = this.#pass;
      let own = NO_PORTS;
      let stays = false;
      if (!scanner.enterObject()) notExpected();
      do {
        const id = this.#member(CONTAINER_FIELDS, pass, seen);
        if (id === 0) own = this.#readPorts(depth);
        else if (id === 1) stays = this.#string() === 'Always';
        else scanner.skip(depth);
      } while (scanner.nextMember());
      if (stays) ports.push(...own);
    } while (scanner.nextItem());
    return ports;
  }

  #readPorts(depth: number): readonly ContainerPort[] {
    const scanner = this.#scanner;
    scanner.peek();
    const start = scanner.offset;
    scanner.skip(depth);
    const end = scanner.offset;
    const text = this.#text.slice(start, end);
    const known = this.#portsOf.get(text);
    if (known !== undefined) return known;
    scanner.moveTo(start);
    const ports: ContainerPort[] = [];
    if (scanner.enterArray()) {
      const names = new Set<string>();
      do ports.push(this.#readPort(depth + 2, names));
      while (scanner.nextItem());
    }
    if (this.#portsOf.size < MAX_REMEMBERED) this.#portsOf.set(text, ports);
    return ports;
  }

  #readPort(depth: number, names: Set<string>): ContainerPort {
    const scanner = this.#scanner;
    const seen = this.#mark(3);
    const pass = this.#pass;
    let name = '';
    let protocol: Protocol = 'TCP';
    let containerPort = 0;
    let hostPort = 0;
    if (!scanner.enterObject()) notExpected();
    do {
      switch (this.#member(PORT, pass, seen)) {
        case 0:
          name = this.#string();
          if (name !== '' && (portNameProblems(name).length > 0 || names.has(name))) notExpected();
          names.add(name);
          break;
        case 1:
          hostPort = scanner.smallInteger();
          if (hostPort !== 0 && portNumberProblems(hostPort).length > 0) notExpected();
          break;
        case 2:
          containerPort = scanner.smallInteger();
          break;
        case 3:
          scanner.plainString();
          protocol = PROTOCOLS.find((known) => scanner.stringIs(known)) ?? notExpected();
          break;
        default:
          scanner.skip(depth);
      }
    } while (scanner.nextMember());
    if (portNumberProblems(containerPort).length > 0) notExpected();
    return { name, protocol, containerPort, hostPort };
  }

  #readStatus(depth: number): void {
    const scanner = this.#scanner;
    const seen = this.#mark(1);
    const pass = this.#pass;
    let podIp = NO_ADDRESSES;
    let podIps = NO_ADDRESSES;
    let hostIp = NO_ADDRESSES;
    let hostIps = NO_ADDRESSES;
    if (!scanner.enterObject()) return;
    do {
      switch (this.#member(STATUS, pass, seen)) {
        case 0:
          scanner.plainString();
          this.#phase = PHASES.find((known) => scanner.stringIs(known)) ?? notExpected();
          break;
        case 1:
          podIp = this.#readAddress();
          break;
        case 2:
          podIps = this.#readAddressList(false);
          break;
        case 3:
          hostIp = this.#readNodeAddress();
          break;
        case 4:
          hostIps = this.#readAddressList(true);
          break;
        default:
          scanner.skip(depth);
      }
    } while (scanner.nextMember());
    this.#ips = podIps.length > 0 ? podIps : podIp;
    this.#hostIps = hostIps.length > 0 ? hostIps : hostIp;
  }

  #readAddressList(ofNode: boolean): readonly IpAddress[] {
    const scanner = this.#scanner;
    let addresses = NO_ADDRESSES;
    if (!scanner.enterArray()) return addresses;
    do {
      if (!scanner.enterObject()) notExpected();
      if (scanner.member(ADDRESS) !== 0) notExpected();
      const own = ofNode ? this.#readNodeAddress() : this.#readAddress();
      if (own.length === 0 || scanner.nextMember()) notExpected();
      addresses = addresses.length === 0 ? own : [...addresses, ...own];
    } while (scanner.nextItem());
    return addresses;
  }

  #readAddress(): readonly IpAddress[] {
    const scanner = this.#scanner;
    scanner.plainString();
    if (scanner.stringStart === scanner.stringEnd) return NO_ADDRESSES;
    const value = scanner.stringAsIpv4();
    if (value !== -1) return [{ family: 4, value }];
    const parsed = parseIp(this.#text.slice(scanner.stringStart, scanner.stringEnd));
    return parsed === undefined ? notExpected() : [parsed.ip];
  }

  /** Nodes are few, and each of their addresses stands in many pods. */
  #readNodeAddress(): readonly IpAddress[] {
    const scanner = this.#scanner;
    scanner.plainString();
    const text = scanner.pooledString();
    if (text === '') return NO_ADDRESSES;
    const known = this.#addressesOf.get(text);
    if (known !== undefined) return known;
    const parsed = parseIp(text);
    const addresses = parsed === undefined ? notExpected() : [parsed.ip];
    if (this.#addressesOf.size < MAX_REMEMBERED) this.#addressesOf.set(text, addresses);
    return addresses;
  }
}
