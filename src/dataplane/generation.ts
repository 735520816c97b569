/**
 * Which flows were judged by the rules that are in force: accepted connections carry a generation in a field of the
 * conntrack mark. A connection of an older generation is judged again on its next packet, in either direction (D7).
 */

export interface GenerationField {
  /** Lowest bit of the field in the conntrack mark. */
  readonly shift: number;
  /** Width. */
  readonly bits: number;
}

/** Programs that are known to keep something of theirs in the conntrack mark. */
const OTHER_USERS: readonly { readonly program: string; readonly mask: number }[] = [
  { program: 'the Amazon VPC CNI plugin', mask: 0x80 },
];

/** Whose bits of the conntrack mark the field would take, as far as is known. */
export function otherUserOf(field: GenerationField): { readonly program: string; readonly mask: number } | undefined {
  return OTHER_USERS.find(({ mask }) => (fieldMask(field) & mask) !== 0);
}

export const DEFAULT_FIELD: GenerationField = { shift: 16, bits: 16 };

/**
 * The last number of a field is in no mark: in its place every packet is judged, and marks are cleared. 0 in a mark
 * means never judged.
 */
export function judgesAll(generation: number, field: GenerationField): boolean {
  return generation === everyPacket(field);
}

/** The generation in which every packet is judged. */
export function everyPacket({ bits }: GenerationField): number {
  return 2 ** bits - 1;
}

/**
 * Numbers are not used twice, since an idle connection may carry any of the old ones for days. When they are used up
 * every packet is judged, which is always right and only slower, until {@link restartGenerations}.
 */
export function nextGeneration(generation: number, field: GenerationField): number {
  return Math.min(generation + 1, everyPacket(field));
}

export const GENERATION_CHECK = 'current';
export const GENERATION_STAMP = 'stamp';

/** Where packets end that are denied. */
export const GENERATION_REVOKE = 'revoke';

/** The chain that names the field but no generation. */
export function fieldRules(field: GenerationField): ReadonlyMap<string, readonly string[]> {
  // A denied flow keeps no number: its packets keep it alive, until long after the number came round again.
  const forget = `ct mark set ct mark & ${hex(0xffffffff - fieldMask(field))} drop`;
  // Packets that conntrack does not track have no mark to load.
  return new Map([[GENERATION_REVOKE, [forget, 'drop']]]);
}

/** The bits of the mark that are the field. */
export function fieldMask({ shift, bits }: GenerationField): number {
  return (2 ** bits - 1) * 2 ** shift;
}

/** The two chains that name the generation. */
export function generationRules(generation: number, field: GenerationField): ReadonlyMap<string, readonly string[]> {
  const mask = fieldMask(field);
  const all = judgesAll(generation, field);
  const value = hex(all ? 0 : generation * 2 ** field.shift);
  return new Map([
    [GENERATION_CHECK, all ? [] : [`ct mark & ${hex(mask)} == ${value} accept`]],
    [
      GENERATION_STAMP,
      [
        'meta priority set none',
        `ct mark set ct mark & ${hex(0xffffffff - mask)} | ${value} accept`,
        // Packets that conntrack does not track have no mark to load.
        'accept',
      ],
    ],
  ]);
}

function hex(value: number): string {
  return `0x${value.toString(16).padStart(8, '0')}`;
}
