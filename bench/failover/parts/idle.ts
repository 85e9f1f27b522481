import type { Session } from '../session.js'
export async function idle(_session: Session, _n: number): Promise<void> {}
