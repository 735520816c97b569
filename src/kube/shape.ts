import type { Dialect } from './decoder.ts';

/** What the API server knows of a kind of mapping: the name of its Go type and the fields it has. */
export interface Shape {
  /** `v1.NetworkPolicyPort`. */
  readonly goType: string;
  readonly fields: ReadonlySet<string>;
  /** Wrong names that spelling alone does not explain: `to` in an ingress rule is meant to be `from`. */
  readonly hints: ReadonlyMap<string, string>;
  /** Object metadata is a Go struct also in custom resources; everything else speaks its parent's dialect. */
  readonly dialect: Dialect | undefined;
  /** Nothing is said about other fields: what the server itself writes (status) grows with every release. */
  readonly open: boolean;
}

/** `fields` are separated by spaces. */
export function shape(
  goType: string,
  fields: string,
  options: {
    readonly hints?: Readonly<Record<string, string>>;
    readonly dialect?: Dialect;
    readonly open?: boolean;
  } = {},
): Shape {
  const hints = new Map(Object.entries(options.hints ?? {}));
  return { goType, fields: new Set(fields.split(' ')), hints, dialect: options.dialect, open: options.open ?? false };
}
