export async function runDemo(_options: object): Promise<void> {}
