/**
 * Labels and selectors as integers. Only what some selector names counts: other keys vanish, and a value that no
 * selector names is just "present, some other value".
 */
import { assertNever } from '../base/assert.ts';
import { MAYBE, NO, YES, type Tri } from '../base/tri.ts';
import type { Labels, LabelSelector, Requirement } from '../kube/objects.ts';
import { isContradictory } from '../kube/selectors.ts';

export type SelectorId = number;
/** Label sets that no selector of the space tells apart have one signature. */
export type SignatureId = number;

export interface CompiledRequirement {
  readonly key: number;
  readonly operator: Requirement['operator'];
  /** Codes of the named values; empty for `Exists` and `DoesNotExist`. */
  readonly codes: readonly number[];
  /** The same for look-ups, when there are many. */
  readonly codeSet: ReadonlySet<number> | undefined;
}

export interface CompiledSelector {
  readonly requirements: readonly CompiledRequirement[];
  /** Nothing can satisfy it, or it is invalid (D11): selects nothing. */
  readonly impossible: boolean;
  readonly source: LabelSelector;
}

interface Key {
  readonly text: string;
  readonly values: Map<string, number>;
  /** Present with a value that nobody names. */
  readonly other: number;
  /** Neither presence nor value is known (D14). */
  readonly unknown: number;
}

const MANY = 8;

/** Selectors first, label sets after: a signature is only right for the selectors that were interned before it. */
export class LabelSpace {
  readonly selectors: CompiledSelector[] = [];
  readonly keyOfCode: number[] = [];
  private readonly keys: Key[] = [];
  private readonly keyIds = new Map<string, number>();
  private readonly selectorIds = new Map<string, SelectorId>();
  private readonly ofObject = new WeakMap<LabelSelector, SelectorId>();
  private readonly signatures: { readonly codes: Int32Array; readonly complete: boolean }[] = [];
  private readonly signatureIds = new Map<string, SignatureId>();
  private readonly known = new Map<Labels, SignatureId>();

  /** Whether existing signatures tell everything apart that the selector does. */
  knows(selector: LabelSelector): boolean {
    return selector.requirements.every(({ key, values }) => {
      const known = this.keys[this.keyIds.get(key) ?? -1];
      return known !== undefined && values.every((value) => known.values.has(value));
    });
  }

  intern(selector: LabelSelector): SelectorId {
    // The same object comes twice or more: when selectors are collected, and when rules are compiled.
    const known = this.ofObject.get(selector);
    if (known !== undefined) return known;
    const text = selectorText(selector);
    const id = this.selectorIds.get(text) ?? this.add(selector, text);
    this.ofObject.set(selector, id);
    return id;
  }

  private add(selector: LabelSelector, text: string): SelectorId {
    const id = this.selectors.length;
    this.selectors.push({
      requirements: selector.requirements.map((requirement) => this.compile(requirement)),
      impossible: isContradictory(selector),
      source: selector,
    });
    this.selectorIds.set(text, id);
    return id;
  }

  selector(id: SelectorId): CompiledSelector {
    const selector = this.selectors[id];
    if (selector === undefined) throw new RangeError(`selector ${id}`);
    return selector;
  }

  /** The code in signatures for a key of unknown presence and value. */
  unknownCode(key: number): number {
    return this.keys[key]?.unknown ?? -1;
  }

  isUnknownCode(code: number): boolean {
    return this.keys[this.keyOfCode[code] ?? -1]?.unknown === code;
  }

  /** `complete: false` = besides the given labels there may be any others (an undeclared namespace, D14). */
  signature(labels: Labels, unknownKeys: ReadonlySet<string>, complete = true): SignatureId {
    const plain = complete && unknownKeys.size === 0;
    if (plain) {
      const known = this.known.get(labels);
      if (known !== undefined) return known;
    }
    const codes: number[] = [];
    for (const [text, value] of labels) {
      const id = this.keyIds.get(text);
      if (id === undefined) continue;
      const key = this.keys[id];
      if (key !== undefined) codes.push(key.values.get(value) ?? key.other);
    }
    for (const text of unknownKeys) {
      const key = this.keys[this.keyIds.get(text) ?? -1];
      if (key !== undefined && !labels.has(text)) codes.push(key.unknown);
    }
    codes.sort((a, b) => a - b);
    const id = this.internSignature(codes, complete);
    if (plain) this.known.set(labels, id);
    return id;
  }

  /** Sorted codes of the relevant labels. */
  codes(signature: SignatureId): Int32Array {
    return this.signatures[signature]?.codes ?? new Int32Array(0);
  }

  isComplete(signature: SignatureId): boolean {
    return this.signatures[signature]?.complete ?? true;
  }

  matches(selector: CompiledSelector, signature: SignatureId): Tri {
    if (selector.impossible) return NO;
    const labels = this.signatures[signature];
    if (labels === undefined) return NO;
    let result: Tri = YES;
    for (const requirement of selector.requirements) {
      const match = this.requirementMatches(requirement, labels.codes, labels.complete);
      if (match === NO) return NO;
      if (match === MAYBE) result = MAYBE;
    }
    return result;
  }

  private requirementMatches(requirement: CompiledRequirement, codes: Int32Array, complete: boolean): Tri {
    let code = -1;
    for (let i = 0; i < codes.length; i++) {
      const at = codes[i] ?? -1;
      if (this.keyOfCode[at] === requirement.key) {
        code = at;
        break;
      }
    }
    if (code < 0) {
      if (!complete) return MAYBE;
      return requirement.operator === 'NotIn' || requirement.operator === 'DoesNotExist' ? YES : NO;
    }
    if (this.isUnknownCode(code)) return MAYBE;
    switch (requirement.operator) {
      case 'Exists':
        return YES;
      case 'DoesNotExist':
        return NO;
      case 'In':
        return lists(requirement, code) ? YES : NO;
      case 'NotIn':
        return lists(requirement, code) ? NO : YES;
      default:
        return assertNever(requirement.operator);
    }
  }

  private compile(requirement: Requirement): CompiledRequirement {
    let id = this.keyIds.get(requirement.key);
    if (id === undefined) {
      id = this.keys.length;
      this.keyIds.set(requirement.key, id);
      this.keys.push({
        text: requirement.key,
        values: new Map(),
        other: this.newCode(id),
        unknown: this.newCode(id),
      });
    }
    const key = this.keys[id];
    const codes: number[] = [];
    for (const value of requirement.values) {
      let code = key?.values.get(value);
      if (code === undefined) {
        code = this.newCode(id);
        key?.values.set(value, code);
      }
      codes.push(code);
    }
    const codeSet = codes.length > MANY ? new Set(codes) : undefined;
    return { key: id, operator: requirement.operator, codes, codeSet };
  }

  private newCode(key: number): number {
    return this.keyOfCode.push(key) - 1;
  }

  private internSignature(codes: readonly number[], complete: boolean): SignatureId {
    const text = `${complete ? '' : '?'}${codes.join(' ')}`;
    let id = this.signatureIds.get(text);
    if (id === undefined) {
      id = this.signatures.push({ codes: Int32Array.from(codes), complete }) - 1;
      this.signatureIds.set(text, id);
    }
    return id;
  }
}

function lists(requirement: CompiledRequirement, code: number): boolean {
  return requirement.codeSet === undefined ? requirement.codes.includes(code) : requirement.codeSet.has(code);
}

/** Equal for selectors that differ only in the order of requirements and values. */
function selectorText(selector: LabelSelector): string {
  if (selector.invalid) return '!';
  const parts = selector.requirements.map(({ key, operator, values }) => {
    const list = values.length > 1 ? [...new Set(values)].sort() : values;
    return `${key}\u0001${operator}\u0001${list.join('\u0001')}`;
  });
  return parts.length > 1 ? [...new Set(parts)].sort().join('\u0002') : (parts[0] ?? '');
}
