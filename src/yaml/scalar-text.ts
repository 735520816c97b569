import { CHOMPING_MODE, EVENT_ID, SCALAR_STYLE, getScalarValue } from 'js-yaml';
import type { ScalarEvent } from 'js-yaml';

/** The decoded text of a scalar of `text`. */
export function scalarText(text: string, event: ScalarEvent): string {
  const value = getScalarValue(text, event);
  const isBlock = event.style === SCALAR_STYLE.LITERAL_BLOCK || event.style === SCALAR_STYLE.FOLDED_BLOCK;
  // libyaml keeps the line break of the last line, and a text that ends without one has none to keep.
  return isBlock &&
    event.valueEnd === text.length &&
    value.endsWith('\n') &&
    !/[\r\n]/.test(text.charAt(text.length - 1))
    ? value.slice(0, -1)
    : value;
}

/** {@link scalarText} of a quoted scalar, quotes excluded from the range. */
export function quotedText(text: string, start: number, end: number, isDouble: boolean): string {
  const style = isDouble ? SCALAR_STYLE.DOUBLE_QUOTED : SCALAR_STYLE.SINGLE_QUOTED;
  return getScalarValue(text, scalarEvent(start, end, style, CHOMPING_MODE.CLIP, -1));
}

export type Chomping = ScalarEvent['chomping'];

/** {@link scalarText} of a block scalar whose lines `text[start, end)` are indented by `indent`. */
export function blockText(
  text: string,
  start: number,
  end: number,
  isFolded: boolean,
  chomping: Chomping,
  indent: number,
): string {
  return scalarText(
    text,
    scalarEvent(start, end, isFolded ? SCALAR_STYLE.FOLDED_BLOCK : SCALAR_STYLE.LITERAL_BLOCK, chomping, indent),
  );
}

function scalarEvent(
  valueStart: number,
  valueEnd: number,
  style: ScalarEvent['style'],
  chomping: Chomping,
  indent: number,
): ScalarEvent {
  return {
    type: EVENT_ID.SCALAR,
    valueStart,
    valueEnd,
    anchorStart: -1,
    anchorEnd: -1,
    tagStart: -1,
    tagEnd: -1,
    style,
    chomping,
    indent,
    fast: false,
  };
}
