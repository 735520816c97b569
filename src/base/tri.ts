/**
 * Three-valued logic in two bits: bit 0 "possibly", bit 1 "certainly" (D14).
 *
 * `&` and `|` of the numbers are the logical operations.
 */
export type Tri = 0 | 1 | 3;

export const NO: Tri = 0;
export const MAYBE: Tri = 1;
export const YES: Tri = 3;
