import type { Session } from '../session.js'
export async function load(_session: Session, _n: number): Promise<void> {}
