/** Shapes by what some terms can tell apart about them, in numbers: tens of thousands of shapes in milliseconds. */
import type { ContainerPort, NamespaceObject } from '../kube/objects.ts';
import { matches } from '../kube/selectors.ts';
import { namespaceLabels } from '../model/namespaces.ts';
import type { Shape } from './peer-shapes.ts';
import type { NamedPods, PeerTerms } from './peer-terms.ts';

/** Namespaces in which the same pods are named. */
interface NamespaceKind {
  readonly id: number;
  readonly named: readonly { readonly id: number; readonly selection: number }[];
  /** Its labels are unknown (D14): nobody can say who is named there, so it is alone. */
  readonly unknown: boolean;
}

/** Labels that are selected alike. */
interface LabelKind {
  readonly id: number;
  /** By the index of the selection: 1 where it matches. */
  readonly selected: Uint8Array;
}

/** Keeps numbers below this for each part of a key, so that keys stay exact integers. */
const WIDTH = 0x10000;

export class ShapeSorter {
  private readonly terms: PeerTerms;
  private readonly namespaceObject: (name: string) => NamespaceObject | undefined;
  private readonly namespaces = new Map<string, NamespaceKind>();
  private readonly namespaceKinds = new Map<string, NamespaceKind>();
  private readonly labelKinds = new Map<string, LabelKind>();
  private readonly portKinds = new WeakMap<readonly ContainerPort[], number>();
  private readonly portTexts = new Numbers();
  /** By namespace kind and label kind. */
  private readonly namings = new Map<number, number>();
  private readonly namingTexts = new Numbers();
  private readonly kinds = new Numbers();

  constructor(terms: PeerTerms, namespaceObject: (name: string) => NamespaceObject | undefined) {
    this.terms = terms;
    this.namespaceObject = namespaceObject;
  }

  /** Equal for shapes that are treated alike where their addresses are. */
  kindOf(shape: Shape): number {
    const { type, labelSet, ports } = shape;
    if (type !== 'pod') return this.kinds.of(`${type} ${this.terms.nodeLabels(labelSet.labels)}`);
    const namespace = this.namespace(shape.namespace);
    const labels = this.labels(shape);
    return this.kinds.of(`${this.naming(namespace, labels)} ${this.ports(ports)}`);
  }

  /** A namespace has other labels. @returns whether that makes peers of other kinds */
  namespaceChanged(name: string): boolean {
    const before = this.namespaces.get(name);
    if (before === undefined) return false;
    this.namespaces.delete(name);
    return this.namespace(name) !== before;
  }

  private namespace(name: string): NamespaceKind {
    let kind = this.namespaces.get(name);
    if (kind === undefined) {
      kind = this.namespaceKind(name, this.namespaceObject(name));
      this.namespaces.set(name, kind);
    }
    return kind;
  }

  private namespaceKind(name: string, object: NamespaceObject | undefined): NamespaceKind {
    const labels = namespaceLabels(name, object?.meta.labels);
    const isHere = ({ namespace }: NamedPods): boolean =>
      typeof namespace === 'string' ? namespace === name : matches(namespace, labels);
    const named = this.terms.namedPods.flatMap((each, id) =>
      isHere(each) ? [{ id, selection: each.pods.index }] : [],
    );
    const text = object === undefined ? `?${JSON.stringify(name)}` : named.map(({ id }) => id).join(' ');
    let kind = this.namespaceKinds.get(text);
    if (kind === undefined) {
      kind = { id: this.namespaceKinds.size, named, unknown: object === undefined };
      this.namespaceKinds.set(text, kind);
    }
    return kind;
  }

  private labels({ labelSet }: Shape): LabelKind {
    const { terms } = this;
    let { projection } = labelSet;
    if (projection?.terms !== terms) {
      projection = { terms, text: terms.podLabels(labelSet.labels) };
      labelSet.projection = projection;
    }
    let kind = this.labelKinds.get(projection.text);
    if (kind === undefined) {
      const { podSelections } = terms;
      const selected = Uint8Array.from(podSelections, ({ selector }) => (matches(selector, labelSet.labels) ? 1 : 0));
      kind = { id: this.labelKinds.size, selected };
      this.labelKinds.set(projection.text, kind);
    }
    return kind;
  }

  /** Which of the named pods one is. */
  private naming(namespace: NamespaceKind, labels: LabelKind): number {
    const key = namespace.id * WIDTH * WIDTH + labels.id;
    let naming = this.namings.get(key);
    if (naming === undefined) {
      const { named, unknown } = namespace;
      const ids = named.filter(({ selection }) => labels.selected[selection] === 1).map(({ id }) => id);
      naming = this.namingTexts.of(unknown ? `?${namespace.id} ${labels.id}` : ids.join(' '));
      this.namings.set(key, naming);
    }
    return naming;
  }

  private ports(ports: readonly ContainerPort[]): number {
    let kind = this.portKinds.get(ports);
    if (kind === undefined) {
      kind = this.portTexts.of(this.terms.namedPorts(ports));
      this.portKinds.set(ports, kind);
    }
    return kind;
  }
}

/** Texts by number, in order of appearance. */
class Numbers {
  private readonly numbers = new Map<string, number>();

  of(text: string): number {
    let number = this.numbers.get(text);
    if (number === undefined) {
      number = this.numbers.size;
      this.numbers.set(text, number);
    }
    return number;
  }
}
