/** So much a second, and a little saved up. */
export class Allowance {
  private readonly perSecond: number;
  private readonly most: number;
  private left: number;
  private filledMs: number | undefined;

  constructor(perSecond: number, most: number) {
    this.perSecond = perSecond;
    this.most = most;
    this.left = most;
  }

  /** What is left now; may be below zero when more was spent than there was. */
  at(nowMs: number): number {
    const elapsedMs = Math.max(0, nowMs - (this.filledMs ?? nowMs));
    this.filledMs = nowMs;
    this.left = Math.min(this.most, this.left + (elapsedMs * this.perSecond) / 1000);
    return this.left;
  }

  spend(amount: number): void {
    this.left -= amount;
  }

  /** Takes one if there is one. */
  take(nowMs: number): boolean {
    if (this.at(nowMs) < 1) return false;
    this.spend(1);
    return true;
  }
}
