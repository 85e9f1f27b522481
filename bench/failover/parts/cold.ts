import type { Session } from '../session.js'
export async function cold(_session: Session, _n: number): Promise<void> {}
