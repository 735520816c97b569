/** Pods and nodes by what they look like to any policy: replicas share one shape. */
import type { ContainerPort, Labels } from '../kube/objects.ts';
import { compareText } from '../model/order.ts';
import { portWords, type PeerTerms } from './peer-terms.ts';

/** Equal labels of pods, or of nodes, as long as some shape has them. */
interface LabelSet {
  readonly id: number;
  readonly text: string;
  readonly labels: Labels;
  users: number;
  /** In the terms that asked last. */
  projection: { readonly terms: PeerTerms; readonly text: string } | undefined;
}

/** Peers of one shape differ in nothing but names and addresses. */
export interface Shape {
  readonly key: string;
  readonly type: 'pod' | 'own-node' | 'node';
  /** `''` for nodes. */
  readonly namespace: string;
  readonly labelSet: LabelSet;
  readonly ports: readonly ContainerPort[];
  /** Equal for equal named ports. */
  readonly portText: string;
  users: number;
}

const NO_PORTS: readonly ContainerPort[] = [];

/** Shapes in use. */
export class Shapes {
  private readonly shapes = new Map<string, Shape>();
  private readonly podLabels = new LabelSets();
  private readonly nodeLabels = new LabelSets();
  private readonly textOf = new WeakMap<readonly ContainerPort[], string>();

  /** Every one must be {@link release}d in the end. */
  acquire(type: Shape['type'], namespace: string, labels: Labels, ports = NO_PORTS): Shape {
    const labelSet = this.labelSets(type).of(labels);
    const portText = this.portText(ports);
    const key = `${type}\n${labelSet.id}\n${portText}\n${namespace}`;
    let shape = this.shapes.get(key);
    if (shape === undefined) {
      shape = { key, type, namespace, labelSet, ports, portText, users: 0 };
      this.shapes.set(key, shape);
      labelSet.users++;
    }
    shape.users++;
    return shape;
  }

  release(shape: Shape): void {
    if (--shape.users > 0) return;
    this.shapes.delete(shape.key);
    this.labelSets(shape.type).release(shape.labelSet);
  }

  private labelSets(type: Shape['type']): LabelSets {
    return type === 'pod' ? this.podLabels : this.nodeLabels;
  }

  private portText(ports: readonly ContainerPort[]): string {
    let text = this.textOf.get(ports);
    if (text === undefined) {
      text = JSON.stringify(portWords(ports.filter(({ name }) => name !== '')));
      this.textOf.set(ports, text);
    }
    return text;
  }
}

class LabelSets {
  private readonly sets = new Map<string, LabelSet>();
  private readonly ofLabels = new WeakMap<Labels, LabelSet>();
  private next = 0;

  of(labels: Labels): LabelSet {
    const known = this.ofLabels.get(labels);
    if (known !== undefined && known.users > 0) return known;
    const text = JSON.stringify([...labels].sort(([a], [b]) => compareText(a, b)));
    let set = this.sets.get(text);
    if (set === undefined) {
      set = { id: this.next++, text, labels, users: 0, projection: undefined };
      this.sets.set(text, set);
    }
    this.ofLabels.set(labels, set);
    return set;
  }

  release(set: LabelSet): void {
    if (--set.users === 0) this.sets.delete(set.text);
  }
}
