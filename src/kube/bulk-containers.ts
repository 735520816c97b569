/** The ports of a pod's containers for `bulk-pods.ts`. */
import type { JsonScanner } from '../yaml/json-scan.ts';
import { RememberedText } from '../yaml/remembered-text.ts';
import { notExpected } from '../yaml/scan-signal.ts';
import { FieldReader, MAX_REMEMBERED, type Memo, members } from './bulk-fields.ts';
import type { ContainerPort, Protocol } from './objects.ts';
import { CONTAINER, CONTAINER_PORT, PROTOCOLS } from './pod.ts';
import { portNameProblems, portNumberProblems } from './syntax.ts';

const CONTAINER_FIELDS = members(CONTAINER, 'ports', 'restartPolicy');
const PORT = members(CONTAINER_PORT, 'name', 'hostPort', 'containerPort', 'protocol');

export const NO_PORTS: readonly ContainerPort[] = [];

export class ContainerReader {
  readonly #scanner: JsonScanner;
  readonly #text: string;
  readonly #fields: FieldReader;
  readonly #portFields: FieldReader;
  /** The ports that stand in a piece of text. */
  readonly #portsOf = new Map<string, readonly ContainerPort[]>();
  readonly #lastContainers: Memo<readonly ContainerPort[]> = { text: new RememberedText(), value: NO_PORTS };

  constructor(scanner: JsonScanner) {
    this.#scanner = scanner;
    this.#text = scanner.text;
    this.#fields = new FieldReader(scanner, CONTAINER_FIELDS);
    this.#portFields = new FieldReader(scanner, PORT);
  }

  /**
   * The ports of `containers`.
   *
   * @param depth how many objects and arrays are open around a container's field
   */
  readContainers(depth: number): readonly ContainerPort[] {
    const scanner = this.#scanner;
    const last = this.#lastContainers;
    scanner.peek();
    if (scanner.accept(last.text)) return last.value;
    const start = scanner.offset;
    let ports = NO_PORTS;
    if (!scanner.enterArray()) return ports;
    do {
      if (!this.#fields.enter()) notExpected();
      do {
        if (this.#fields.next() === 0) {
          const more = this.#readPorts(depth);
          ports = ports.length === 0 ? more : [...ports, ...more];
        } else scanner.skip(depth);
      } while (scanner.nextMember());
    } while (scanner.nextItem());
    if (scanner.remember(start, last.text)) last.value = ports;
    return ports;
  }

  /** The ports of init containers that stay (D4). */
  readInitContainers(depth: number): ContainerPort[] {
    const scanner = this.#scanner;
    const ports: ContainerPort[] = [];
    if (!scanner.enterArray()) return ports;
    do {
      let own = NO_PORTS;
      let stays = false;
      if (!this.#fields.enter()) notExpected();
      do {
        const id = this.#fields.next();
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
    let name = '';
    let protocol: Protocol = 'TCP';
    let containerPort = 0;
    let hostPort = 0;
    if (!this.#portFields.enter()) notExpected();
    do {
      switch (this.#portFields.next()) {
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

  #string(): string {
    this.#scanner.plainString();
    return this.#scanner.pooledString();
  }
}
