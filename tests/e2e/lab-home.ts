/** A folder for labs of one test alone, to see what is left of them. */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export class LabHome {
  readonly path = mkdtempSync(join(tmpdir(), 'sallyport-test-'));

  get env(): Readonly<Record<string, string>> {
    return { XDG_RUNTIME_DIR: this.path, HOME: this.path };
  }

  /** Names of labs that have not cleaned up after themselves. */
  leftovers(): readonly string[] {
    try {
      return readdirSync(join(this.path, 'sallyport'));
    } catch {
      return [];
    }
  }

  remove(): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}
