/** Where the proxy process of an ldirectord instance is found. */

export interface ProxyPlace {
  readonly instance: string
  readonly varRun: string
  readonly socketPath: string
  readonly pidPath: string
}

export function proxyPlace(varRun: string, instance: string): ProxyPlace {
  const stem = `${varRun}/ldirectord-proxy.${instance.replaceAll(/[/\0]/g, '_')}`
  return { instance, varRun, socketPath: `${stem}.sock`, pidPath: `${stem}.pid` }
}

/** The file of the worker threads' program, beside that of the process. */
export const workerProgramOf = (program: string): string => program.replace(/(\.\w+)$/, '-worker$1')
