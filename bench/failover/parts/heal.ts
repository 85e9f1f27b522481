import type { Session } from '../session.js'
export async function heal(_session: Session, _n: number): Promise<void> {}
