/**
 * Everybody's addresses, sorted by what the policies in view can tell apart: a class needs one answer for all of its
 * addresses, however many those are. Between the two stand groups: addresses of one shape in one part of the address
 * space, which need not be sorted again one by one when policies change.
 */
import { BugError } from '../base/assert.ts';
import type { NamespaceObject } from '../kube/objects.ts';
import { addressesOf, type AddressSlot, type Holder, type PeerClass, type PeerGroup } from './address-slot.ts';
import type { Shape } from './peer-shapes.ts';
import { PeerTerms } from './peer-terms.ts';
import type { IdentityId } from './plan.ts';
import { ShapeSorter } from './shape-sorter.ts';

export class PeerCensus {
  private terms = new PeerTerms([], []);
  private groups = new Map<Shape, Map<number | string, PeerGroup>>();
  private classes = new Map<string, PeerClass>();
  private sorter: ShapeSorter;
  private readonly namespaceObject: (name: string) => NamespaceObject | undefined;

  constructor(namespaceObject: (name: string) => NamespaceObject | undefined) {
    this.namespaceObject = namespaceObject;
    this.sorter = new ShapeSorter(this.terms, namespaceObject);
  }

  /** Counts an address for its owner, where it belongs now. */
  place(slot: AddressSlot, owner: Holder): PeerGroup {
    const group = this.groupOf(slot, owner);
    if (slot.group !== group) {
      this.remove(slot);
      group.slots.add(slot);
      slot.group = group;
    }
    return group;
  }

  remove(slot: AddressSlot): void {
    const { group } = slot;
    slot.group = undefined;
    if (group?.slots.delete(slot) !== true || group.slots.size > 0) return;
    const ofShape = this.groups.get(group.shape);
    ofShape?.delete(group.place);
    if (ofShape?.size === 0) this.groups.delete(group.shape);
    // The class stays: the next address of it is known already.
    group.peerClass.groups.delete(group);
  }

  /** Other policies are in view; classes that are not told apart as before have no identity yet. */
  view(terms: PeerTerms): void {
    const before = this.terms;
    this.terms = terms;
    const sameWords = before.tellsApartAs(terms);
    if (!sameWords) this.sorter = new ShapeSorter(terms, this.namespaceObject);
    if (!before.cutsAs(terms)) this.placeAll();
    else if (!sameWords) this.classifyAll();
    else for (const [key, { groups }] of this.classes) if (groups.size === 0) this.classes.delete(key);
  }

  /** A namespace has changed. @returns whether that makes peers of other classes */
  namespaceChanged(name: string): boolean {
    if (!this.sorter.namespaceChanged(name)) return false;
    this.classifyAll();
    return true;
  }

  /** One address of each class, in an order that depends on the history only. */
  *representatives(): Generator<{ readonly peerClass: PeerClass; readonly slot: AddressSlot }> {
    for (const peerClass of this.classes.values()) {
      for (const { slots } of peerClass.groups) {
        const [slot] = slots;
        if (slot === undefined) throw new BugError('a group without addresses');
        yield { peerClass, slot };
        break;
      }
    }
  }

  *allGroups(): Generator<PeerGroup> {
    for (const groups of this.groups.values()) yield* groups.values();
  }

  private groupOf(slot: AddressSlot, owner: Holder): PeerGroup {
    const { shape } = owner;
    let ofShape = this.groups.get(shape);
    if (ofShape === undefined) {
      ofShape = new Map();
      this.groups.set(shape, ofShape);
    }
    const place = this.terms.placeOf(slot.address, addressesOf(owner));
    let group = ofShape.get(place);
    if (group === undefined) {
      const peerClass = this.classOf(shape, place);
      group = { shape, place, slots: new Set(), peerClass, said: undefined, had: undefined };
      peerClass.groups.add(group);
      ofShape.set(place, group);
    }
    return group;
  }

  private classOf(shape: Shape, place: number | string): PeerClass {
    const key = `${this.sorter.kindOf(shape)} ${place}`;
    let known = this.classes.get(key);
    if (known === undefined) {
      known = { key, groups: new Set(), identity: undefined };
      this.classes.set(key, known);
    }
    return known;
  }

  private classifyAll(): void {
    this.classes = new Map();
    for (const group of this.allGroups()) {
      group.peerClass = this.classOf(group.shape, group.place);
      group.peerClass.groups.add(group);
    }
  }

  private placeAll(): void {
    const old = [...this.allGroups()];
    this.groups = new Map();
    this.classes = new Map();
    for (const { slots, said, had } of old) {
      for (const slot of slots) {
        if (slot.owner === undefined) throw new BugError('an address of nobody is counted');
        const group = this.groupOf(slot, slot.owner);
        if (group.slots.size === 0) group.said = said;
        else if (group.said?.identity !== said?.identity || group.said?.special !== said?.special) {
          forgetWhatWasSaid(group);
        }
        if (group.said === undefined) {
          group.had ??= new Map();
          if (said !== undefined) add(group.had, said.identity, 1);
          else for (const [id, count] of had ?? []) add(group.had, id, count / slots.size);
        }
        group.slots.add(slot);
        slot.group = group;
      }
    }
  }
}

function forgetWhatWasSaid(group: PeerGroup): void {
  if (group.said === undefined) return;
  group.had = new Map([[group.said.identity, group.slots.size]]);
  group.said = undefined;
}

function add(counts: Map<IdentityId, number>, id: IdentityId, count: number): void {
  counts.set(id, (counts.get(id) ?? 0) + count);
}
