import type { ContainerExit } from '../runtime/runtime.ts';

/** Brings the exits that a runtime tells to those who wait for them. */
export class ExitBoard {
  private readonly waiting = new Map<string, (exit: ContainerExit) => void>();

  /** To be called before the container is started: it may end at once. */
  expect(container: string): Promise<ContainerExit> {
    return new Promise((resolve) => this.waiting.set(container, resolve));
  }

  /** Says nothing to nobody when it is told already. */
  tell(container: string, exit: ContainerExit): void {
    const resolve = this.waiting.get(container);
    this.waiting.delete(container);
    resolve?.(exit);
  }

  forget(container: string): void {
    this.waiting.delete(container);
  }

  get expected(): number {
    return this.waiting.size;
  }
}
