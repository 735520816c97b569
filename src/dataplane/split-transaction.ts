/**
 * Transactions in parts, for kernels that take only so much at once (a message of a user without privileges in the
 * first user namespace is limited by net.core.wmem_max).
 *
 * Objects that no hook leads to are harmless, so they are made and filled first, a part at a time; the last part, which
 * is small, brings them into force.
 */
import type { Operation, Transaction } from './transaction.ts';

/** What one part may hold: an element counts one, a rule and an object some more, as their messages are larger. */
export const PART_WEIGHT = 1000;
const OBJECT_WEIGHT = 2;
const RULE_WEIGHT = 8;

/** Where a new table is built and in force while the old one of the name is replaced. */
export function stageTable(table: string): string {
  return `${table}_next`;
}

/**
 * A transaction that replaces the table. When one is in force already a second one is put beside it first, so that
 * there is no moment without one; between the two every packet must pass both, so what both allow goes on.
 */
export function splitInstall(transaction: Transaction, replacesOne: boolean): Transaction[] {
  const built = buildInParts(transaction);
  if (!replacesOne) return built;
  const stage = stageTable(transaction.table);
  const staged = built.map((part) => ({ ...part, table: stage }));
  return [...staged, ...built, { ...transaction, table: stage, operations: [{ type: 'delete-table' }] }];
}

/** A transaction that changes the table: what is new in it is made first. */
export function splitChange({ operations, ...rest }: Transaction): Transaction[] {
  const fresh = new Set<string>();
  const prepared: Operation[] = [];
  const wired: Operation[] = [];
  for (const operation of operations) {
    if (operation.type === 'add-set') fresh.add(operation.set.name);
    (isHarmless(operation, fresh) ? prepared : wired).push(operation);
  }
  return [...parts(prepared), wired].map((each) => ({ ...rest, operations: each }));
}

function isHarmless(operation: Operation, freshSets: ReadonlySet<string>): boolean {
  switch (operation.type) {
    case 'add-counter':
    case 'add-set':
      return true;
    case 'add-chain':
      return operation.chain.hook === undefined;
    case 'add-elements':
      // Verdicts may name chains that are not complete yet; nothing leads to the map, but the kernel checks it.
      return freshSets.has(operation.set);
    default:
      return false;
  }
}

function buildInParts({ operations, ...rest }: Transaction): Transaction[] {
  const hooked = new Set<string>();
  const last: Operation[] = [];
  const before: Operation[] = [];
  for (const operation of operations) {
    if (operation.type === 'add-chain' && operation.chain.hook !== undefined) hooked.add(operation.chain.name);
    const hooks =
      (operation.type === 'add-chain' && hooked.has(operation.chain.name)) ||
      (operation.type === 'set-rules' && hooked.has(operation.chain));
    (hooks ? last : before).push(operation);
  }
  return [...parts(before), last].map((each) => ({ ...rest, operations: each }));
}

/** In the same order, none heavier than {@link PART_WEIGHT}; what is heavier by itself is cut. */
function parts(operations: readonly Operation[]): Operation[][] {
  const found: Operation[][] = [];
  let part: Operation[] = [];
  let weight = 0;
  for (const operation of operations.flatMap(pieces)) {
    const more = weightOf(operation);
    if (weight + more > PART_WEIGHT && part.length > 0) {
      found.push(part);
      part = [];
      weight = 0;
    }
    part.push(operation);
    weight += more;
  }
  if (part.length > 0) found.push(part);
  return found;
}

function pieces(operation: Operation): Operation[] {
  if (operation.type !== 'add-elements' || operation.elements.size <= PART_WEIGHT) return [operation];
  const cut: Operation[] = [];
  let elements = new Map<string, string>();
  for (const [key, value] of operation.elements) {
    elements.set(key, value);
    if (elements.size < PART_WEIGHT) continue;
    cut.push({ ...operation, elements });
    elements = new Map();
  }
  if (elements.size > 0) cut.push({ ...operation, elements });
  return cut;
}

function weightOf(operation: Operation): number {
  switch (operation.type) {
    case 'add-elements':
      return OBJECT_WEIGHT + operation.elements.size;
    case 'delete-elements':
      return OBJECT_WEIGHT + operation.keys.length;
    case 'set-rules':
      return OBJECT_WEIGHT + RULE_WEIGHT * operation.rules.length;
    default:
      return OBJECT_WEIGHT;
  }
}
