/** `status` for `bulk-pods.ts`: phase and addresses of the last one read. */
import { parseIp } from '../base/inet-parse.ts';
import type { IpAddress } from '../base/inet.ts';
import type { JsonScanner } from '../yaml/json-scan.ts';
import { MemberNames } from '../yaml/member-names.ts';
import { notExpected } from '../yaml/scan-signal.ts';
import { FieldReader, MAX_REMEMBERED } from './bulk-fields.ts';
import type { PodPhase } from './objects.ts';
import { PHASES } from './pod.ts';

/** The decoder allows any field here, but not twice; a field that this table lacks makes a pod unusual, no more. */
const STATUS = new MemberNames(
  'phase podIP podIPs hostIP hostIPs conditions containerStatuses initContainerStatuses ephemeralContainerStatuses qosClass startTime message reason nominatedNodeName resize observedGeneration resourceClaimStatuses extendedResourceClaimStatus allocatedResources resources'.split(
    ' ',
  ),
);
const ADDRESS = new MemberNames(['ip']);

const NO_ADDRESSES: readonly IpAddress[] = [];

export class StatusReader {
  phase: PodPhase = '';
  ips: readonly IpAddress[] = NO_ADDRESSES;
  hostIps: readonly IpAddress[] = NO_ADDRESSES;

  readonly #scanner: JsonScanner;
  readonly #text: string;
  readonly #fields: FieldReader;
  readonly #addressesOf = new Map<string, readonly IpAddress[]>();

  constructor(scanner: JsonScanner) {
    this.#scanner = scanner;
    this.#text = scanner.text;
    this.#fields = new FieldReader(scanner, STATUS);
  }

  /** Forgets what was read: an object without the field has nothing of it. */
  reset(): void {
    this.phase = '';
    this.ips = NO_ADDRESSES;
    this.hostIps = NO_ADDRESSES;
  }

  /** @param depth how many objects and arrays are open around a field's value */
  read(depth: number): void {
    const scanner = this.#scanner;
    let podIp = NO_ADDRESSES;
    let podIps = NO_ADDRESSES;
    let hostIp = NO_ADDRESSES;
    let hostIps = NO_ADDRESSES;
    if (!this.#fields.enter()) return;
    do {
      switch (this.#fields.next()) {
        case 0:
          scanner.plainString();
          this.phase = PHASES.find((known) => scanner.stringIs(known)) ?? notExpected();
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
    this.ips = podIps.length > 0 ? podIps : podIp;
    this.hostIps = hostIps.length > 0 ? hostIps : hostIp;
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
