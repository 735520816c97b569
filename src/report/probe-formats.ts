import type { ProbeReport } from '../probe/judge-probes.ts';
import type { Format } from './formats.ts';
import { renderProbeJson } from './probe-json.ts';
import { type ProbeTextOptions, renderProbeText } from './probe-text.ts';

export type ProbeFormatName = 'text' | 'json';

/** What `probe -o` knows, the default first. */
export const probeFormats: readonly Format<ProbeFormatName, ProbeReport, ProbeTextOptions>[] = [
  { name: 'text', extension: 'txt', render: renderProbeText },
  { name: 'json', extension: 'json', render: renderProbeJson },
];
