import type { VerifyReport } from '../intents/report.ts';
import type { Format } from './formats.ts';
import { renderVerifyTap } from './tap.ts';
import { renderVerifyGithub } from './verify-github.ts';
import { renderVerifyJson } from './verify-json.ts';
import { renderVerifyJunit } from './verify-junit.ts';
import { renderVerifyText, type VerifyTextOptions } from './verify-text.ts';

export type VerifyFormatName = 'text' | 'json' | 'junit' | 'tap' | 'github';

/** What `verify -o` knows, the default first. */
export const verifyFormats: readonly Format<VerifyFormatName, VerifyReport, VerifyTextOptions>[] = [
  { name: 'text', extension: 'txt', render: renderVerifyText },
  { name: 'json', extension: 'json', render: renderVerifyJson },
  { name: 'junit', extension: 'xml', render: renderVerifyJunit },
  { name: 'tap', extension: 'tap', render: renderVerifyTap },
  { name: 'github', extension: 'txt', render: renderVerifyGithub },
];
