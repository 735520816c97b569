/** What the kernel tells about itself under /proc and /sys. */
import { readdir, readFile } from 'node:fs/promises';

export interface HostFiles {
  /** `undefined` when it is not there or may not be read. */
  readText(path: string): Promise<string | undefined>;
  /** Names in a folder; `undefined` likewise. */
  list(path: string): Promise<readonly string[] | undefined>;
}

export const systemFiles: HostFiles = {
  readText: async (path) => {
    try {
      return await readFile(path, 'utf8');
    } catch {
      return undefined;
    }
  },
  list: async (path) => {
    try {
      return await readdir(path);
    } catch {
      return undefined;
    }
  },
};
