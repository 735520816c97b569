/** Times as kubectl prints them: short, and coarser the longer ago. */

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

/** `45s`, `3m20s`, `5h`, `2d3h`, `400d`, `3y12d`. */
export function humanDuration(ms: number): string {
  const seconds = Math.trunc(ms / SECOND);
  if (seconds < -1) return '<invalid>';
  if (seconds < 0) return '0s';
  if (seconds < 120) return `${seconds}s`;
  const minutes = Math.trunc(ms / MINUTE);
  if (minutes < 10) return twoUnits(minutes, 'm', seconds % 60, 's');
  if (minutes < 180) return `${minutes}m`;
  const hours = Math.trunc(ms / HOUR);
  if (hours < 8) return twoUnits(hours, 'h', minutes % 60, 'm');
  if (hours < 48) return `${hours}h`;
  const days = Math.trunc(hours / 24);
  if (days < 8) return twoUnits(days, 'd', hours % 24, 'h');
  if (days < 730) return `${days}d`;
  const years = Math.trunc(days / 365);
  return years < 8 ? twoUnits(years, 'y', days % 365, 'd') : `${years}y`;
}

function twoUnits(large: number, largeUnit: string, small: number, smallUnit: string): string {
  return small === 0 ? `${large}${largeUnit}` : `${large}${largeUnit}${small}${smallUnit}`;
}

/** How long ago a timestamp is; `<unknown>` for none. */
export function ageOf(timestamp: string, nowMs: number): string {
  const at = timeOf(timestamp);
  return at === undefined ? '<unknown>' : humanDuration(nowMs - at);
}

/** Milliseconds since 1970 of an RFC 3339 timestamp. */
export function timeOf(timestamp: string): number | undefined {
  const at = timestamp.length > 40 ? Number.NaN : Date.parse(timestamp);
  return Number.isNaN(at) ? undefined : at;
}
