/** Why a container cannot be started now, as its waiting state says it. It may be possible later. */
export class StartRefusal extends Error {
  override readonly name = 'StartRefusal';
  /** `CreateContainerConfigError`, `CreateContainerError`. */
  readonly reason: string;

  constructor(reason: string, message: string) {
    super(message);
    this.reason = reason;
  }
}
