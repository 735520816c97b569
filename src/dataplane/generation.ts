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

export const DEFAULT_FIELD: GenerationField = { shift: 16, bits: 16 };

/** 0 means never judged, so generations begin at 1; after the last one comes 1 again. */
export function nextGeneration(generation: number, { bits }: GenerationField): number {
  return generation + 1 >= 2 ** bits ? 1 : generation + 1;
}

export const GENERATION_CHECK = 'current';
export const GENERATION_STAMP = 'stamp';

/** Where packets end that are denied. */
export const GENERATION_REVOKE = 'revoke';

/** The chain that names the field but no generation. */
export function fieldRules(field: GenerationField): ReadonlyMap<string, readonly string[]> {
  // A denied flow keeps no number: its packets keep it alive, until long after the number came round again.
  const forget = `ct mark set ct mark & ${hex(0xffffffff - maskOf(field))} drop`;
  // Packets that conntrack does not track have no mark to load.
  return new Map([[GENERATION_REVOKE, [forget, 'drop']]]);
}

function maskOf({ shift, bits }: GenerationField): number {
  return (2 ** bits - 1) * 2 ** shift;
}

/** The two chains that name the generation. */
export function generationRules(generation: number, field: GenerationField): ReadonlyMap<string, readonly string[]> {
  const mask = maskOf(field);
  const value = hex(generation * 2 ** field.shift);
  return new Map([
    [GENERATION_CHECK, [`ct mark & ${hex(mask)} == ${value} accept`]],
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
