/** The objects of one nftables table, as far as Sallyport makes any. Names and rules are words this floor made up. */

export interface NftSet {
  readonly name: string;
  readonly kind: 'set' | 'map';
  /** As nft writes it: `classid . inet_proto . inet_service`, `ipv4_addr : verdict`. */
  readonly type: string;
  /** Elements are ranges. Such a set is never changed: its name depends on its content. */
  readonly interval: boolean;
  /** Key to value; the value of a set's element is `''`. */
  readonly elements: ReadonlyMap<string, string>;
}

export interface NftChain {
  readonly name: string;
  /** Of a base chain: `type filter hook forward priority filter + 10; policy accept;`. */
  readonly hook: string | undefined;
  /** Shown by `nft list`; any text. */
  readonly comment: string;
  readonly rules: readonly string[];
}

/** An object of its own, so that it lives on when rules that count with it are written anew. */
export interface NftCounter {
  readonly name: string;
  /** Shown by `nft list`; any text. */
  readonly comment: string;
}

export interface Ruleset {
  readonly counters: ReadonlyMap<string, NftCounter>;
  readonly sets: ReadonlyMap<string, NftSet>;
  readonly chains: ReadonlyMap<string, NftChain>;
}

export class RulesetBuilder implements Ruleset {
  readonly counters = new Map<string, NftCounter>();
  readonly sets = new Map<string, NftSet>();
  readonly chains = new Map<string, NftChain>();

  /** A set with the name is there already when it has the same content. Gives `@name`. */
  set(set: NftSet): string {
    this.sets.set(set.name, set);
    return `@${set.name}`;
  }

  /** Everything of a part that was made before. */
  include({ counters, sets, chains }: Ruleset): void {
    for (const [name, counter] of counters) this.counters.set(name, counter);
    for (const [name, set] of sets) this.sets.set(name, set);
    for (const [name, chain] of chains) this.chains.set(name, chain);
  }

  counter(name: string, comment: string): void {
    this.counters.set(name, { name, comment });
  }

  chain(
    name: string,
    rules: readonly string[],
    more: { readonly hook?: string; readonly comment?: string } = {},
  ): void {
    this.chains.set(name, { name, hook: more.hook, comment: more.comment ?? '', rules });
  }
}
